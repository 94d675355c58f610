/** The attempts of the log on a time line: each send, each wait before the next, each question for the truth. */

import { h } from './dom';
import { duration, idChip, words } from './format';
import { answerText, type LogEntry, outcomeText } from './log';

type Kind = 'send' | 'wait' | 'settle' | 'action';

interface Step {
  readonly kind: Kind;
  readonly label: string;
  readonly effect: number | undefined;
  readonly start: number;
  end?: number;
  result?: string;
}

interface Attempt {
  readonly key: string;
  readonly cartHash: string;
  readonly steps: Step[];
}

/** How many attempts are shown, the latest first. */
const SHOWN = 3;

/** The attempts that the log tells of, oldest first. */
export function attemptsOf(entries: readonly LogEntry[]): readonly Attempt[] {
  const attempts = new Map<string, Attempt>();
  let current: Attempt | undefined;

  /** The attempt of `key`; the log may begin in the middle of it. */
  const find = (key: string, cartHash = ''): Attempt => {
    const attempt = attempts.get(key) ?? { key, cartHash, steps: [] };
    attempts.set(key, attempt);
    return attempt;
  };
  const finish = (at: number, result: string, which: (step: Step) => boolean): void => {
    const step = current?.steps.find((candidate) => candidate.end === undefined && which(candidate));
    if (step !== undefined) Object.assign(step, { end: at, result });
  };

  for (const { at, event, from, to, effects } of entries) {
    if (event.effect !== undefined && (event.outcome !== undefined || event.answer !== undefined)) {
      const result = event.outcome ? outcomeText(event.outcome) : event.answer ? answerText(event.answer) : '';
      finish(at, result, ({ effect }) => effect === event.effect);
    }
    if (from !== to) {
      finish(at, '', ({ kind }) => kind === 'wait');
      finish(at, '', ({ kind }) => kind === 'action');
    }
    for (const effect of effects) {
      const { type, effect: id } = effect;
      if (type === 'send_attempt' && effect.request) {
        const { key, cartHash, send } = effect.request;
        current = find(key, cartHash);
        current.steps.push({ kind: 'send', label: `Send ${send}`, effect: id, start: at });
      } else if (type === 'settle_attempt' && effect.key) {
        current = find(effect.key);
        current.steps.push({ kind: 'settle', label: 'Ask', effect: id, start: at });
      } else if (type === 'perform_action') {
        current?.steps.push({ kind: 'action', label: 'Bank asks', effect: id, start: at });
      } else if (type === 'start_timer' && to === 'waiting') {
        current?.steps.push({ kind: 'wait', label: `Wait ${duration(effect.delay ?? 0)}`, effect: id, start: at });
      } else if (type === 'abort_request') {
        finish(at, 'broken off', (step) => step.effect === id);
      }
    }
  }
  return [...attempts.values()];
}

/** Draws the latest attempts; what is still open reaches to `now`. */
export function renderTimeline(element: HTMLElement, entries: readonly LogEntry[], now: number): void {
  const attempts = attemptsOf(entries).slice(-SHOWN).reverse();
  element.replaceChildren(
    ...(attempts.length === 0
      ? [
          h(
            'p',
            { class: 'fine' },
            'None yet. An attempt is one try to charge: one token, one key, as many sends as it takes.',
          ),
        ]
      : attempts.map((attempt) => drawn(attempt, now))),
  );
}

function drawn({ key, cartHash, steps }: Attempt, now: number): HTMLElement {
  const start = steps[0]?.start ?? now;
  const end = Math.max(...steps.map((step) => step.end ?? now), start);
  // A quick answer fills a part of the track, not all of it.
  const span = Math.max(end - start, 800);
  return h(
    'article',
    { class: 'attempt', 'data-testid': 'attempt' },
    h(
      'p',
      { class: 'fine' },
      'Key ',
      idChip(key),
      cartHash !== '' && h('span', {}, ' for cart ', idChip(cartHash)),
      ' ',
      h('span', { class: 'unbroken' }, `· ${duration(end - start)}`),
    ),
    h('ol', {}, ...steps.map((step) => row(step, start, span, now))),
  );
}

function row({ kind, label, start, end, result }: Step, origin: number, span: number, now: number): HTMLElement {
  const bar = h('span', { class: `bar ${kind}${end === undefined ? ' open' : ''}` });
  bar.style.setProperty('--from', `${((start - origin) / span) * 100}%`);
  bar.style.setProperty('--width', `${(((end ?? now) - start) / span) * 100}%`);
  const text = end === undefined ? '…' : words(result ?? '');
  return h(
    'li',
    {},
    h('span', { class: 'what' }, label),
    h('span', { class: 'track', 'aria-hidden': 'true' }, bar),
    h('span', { class: 'result' }, text, h('span', { class: 'visually-hidden' }, ` after ${duration(start - origin)}`)),
  );
}
