/** The redacted log that payonce exports: its form, its table, its download. */

import type { Outcome, State } from 'payonce';
import { byId, h, setText } from './dom';
import { duration, timeOfDay } from './format';

/** One entry of `exportLog()`: an event, and what payonce did about it. */
export interface LogEntry {
  readonly n: number;
  readonly at: number;
  readonly event: LoggedEvent;
  readonly from: State;
  readonly to: State;
  readonly effects: readonly LoggedEffect[];
  readonly rejected: string | null;
  /** How often the same event was rejected for the same reason right after this one. */
  readonly repeated: number;
}

/** The members that this page reads. */
export interface LoggedEvent {
  readonly type: string;
  readonly effect?: number;
  readonly outcome?: Outcome & { readonly cause?: string };
  readonly answer?: LoggedAnswer;
}

export type LoggedAnswer = 'voided' | { readonly pending: unknown } | { readonly outcome: Outcome };

export interface LoggedEffect {
  readonly type: string;
  readonly effect?: number;
  readonly key?: string;
  readonly delay?: number;
  readonly request?: { readonly key: string; readonly cartHash: string; readonly send: number };
}

/** The entries of an exported log. */
export function parseLog(json: string): readonly LogEntry[] {
  const { entries } = JSON.parse(json) as { entries: readonly LogEntry[] };
  return entries;
}

/** How many entries are shown; the download has all. */
const SHOWN = 60;

/** Shows the log; `exportLog` gives the text for the download. */
export function logTable(exportLog: () => string): { render(entries: readonly LogEntry[]): void } {
  byId('export-log').addEventListener('click', () => {
    const url = URL.createObjectURL(new Blob([exportLog()], { type: 'application/json' }));
    h('a', { href: url, download: 'payonce-log.json' }).click();
    // The download reads the blob after this task is over.
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  });

  const body = byId('log');
  let shown = '';
  return {
    render(entries) {
      const last = entries.at(-1);
      const version = `${last?.n} ${last?.repeated}`;
      if (version === shown) return;
      shown = version;
      body.replaceChildren(...entries.slice(-SHOWN).reverse().map(row));
      setText(byId('log-count'), entries.length > SHOWN ? `The latest ${SHOWN} of ${entries.length} entries.` : '');
    },
  };
}

function row({ n, at, event, from, to, effects, rejected, repeated }: LogEntry): HTMLElement {
  return h(
    'tr',
    { class: rejected === null ? '' : 'rejected' },
    h('td', {}, String(n)),
    h('td', {}, timeOfDay(at)),
    h('td', {}, h('code', {}, event.type), ` ${detail(event)}`),
    h('td', {}, from === to ? h('span', { class: 'quiet' }, to) : h('span', {}, `${from} → `, h('b', {}, to))),
    h(
      'td',
      {},
      rejected === null
        ? effects.map(effectText).join(', ')
        : `rejected: ${rejected}${repeated > 0 ? ` (${repeated + 1} times)` : ''}`,
    ),
  );
}

function detail({ outcome, answer }: LoggedEvent): string {
  if (outcome !== undefined) return outcomeText(outcome);
  return answer === undefined ? '' : answerText(answer);
}

function effectText({ type, key, delay, request }: LoggedEffect): string {
  if (request !== undefined) return `${type} ${request.send} ${request.key.slice(0, 8)}`;
  if (delay !== undefined) return `${type} ${duration(delay)}`;
  return key === undefined ? type : `${type} ${key.slice(0, 8)}`;
}

/** An outcome in a few words. */
export function outcomeText(outcome: LoggedEvent['outcome'] & object): string {
  switch (outcome.outcome) {
    case 'declined':
    case 'rejected':
      return `${outcome.outcome}: ${outcome.code}`;
    case 'ambiguous':
      return `ambiguous: ${outcome.cause ?? 'unknown'}`;
    default:
      return outcome.outcome;
  }
}

/** The merchant's answer to the question for the truth, in a few words. */
export function answerText(answer: LoggedAnswer): string {
  if (answer === 'voided') return 'voided';
  return 'outcome' in answer ? outcomeText(answer.outcome) : 'pending';
}
