/** What may be expected of a journal, whoever wrote it: that it answers in time, and with a text or nothing. */

import { JournalError, PortError, type Report } from './errors.js';
import type { Clock } from './types.js';

/** How long a journal may take to answer, in ms: longer than a database takes to open, or to say that it does not. */
const PATIENCE = 10_000;

/**
 * What the journal answers to `ask`. Rejects with `journal_timeout` where it does not answer in time: one that never
 * does must keep nobody waiting for ever, neither on this page nor behind the lock of this page.
 */
export function inTime<T>(clock: Clock, report: Report, ask: () => T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(new JournalError('journal_timeout')), PATIENCE);
    (async () => ask())()
      .then(resolve, reject)
      .finally(() => clock.clearTimeout(timer))
      .catch(report);
  });
}

/** What a journal says that it holds: a text, or nothing. */
export function toRecord(found: unknown, path: string): string | null {
  if (found === null || found === undefined) return null;
  if (typeof found !== 'string') throw new PortError('not_a_string', path);
  return found;
}
