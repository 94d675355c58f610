/** The journal as the driver uses it: one write at a time, no read in between, and what cannot be read set aside. */

import { flaw, merge, salvage } from './core.js';
import { JournalError, type Report } from './errors.js';
import { inTime, toRecord } from './journal-port.js';
import type { Clock, Journal } from './types.js';

export interface Records {
  /**
   * What the journal holds once all writes so far are done. Rejects with JournalError where nobody may pay past what
   * it holds, or where it cannot be read although that is `required`.
   */
  read(): Promise<string | undefined>;
  /**
   * Replaces the record, behind all writes so far. Rejects where that cannot be done. `holdsLock` is asked when it is
   * this write's turn.
   */
  write(record: string, holdsLock: () => boolean): Promise<void>;
  /**
   * What a core that starts in the place of another one has to know: what the journal holds, and the last words of the
   * one before it where they could not be stored.
   */
  recover(): Promise<string | undefined>;
  /** Resolves when all writes so far are done. */
  idle(): Promise<unknown>;
}

export function records(journal: Journal, clock: Clock, required: boolean, report: Report): Records {
  /** What this checkout read first or wrote last: its own words, without what other tabs had to say. */
  let base: string | undefined;
  let begun = false;
  /** A record that cannot be read, and what may be taken up of it. It stays in the journal until the next write. */
  let damaged: { text: string; rest: string | undefined } | undefined;
  /** One write at a time, or an older record could end up over a newer one. */
  let writes: Promise<unknown> = Promise.resolve();
  /** What could not be stored. Then it is known here alone. */
  let unstored: string | undefined;
  /** What the journal was given to store last. It may be stored although nobody heard of it. */
  let given: { readonly text: string; readonly record: string } | undefined;

  /** What may be taken up of what the journal holds. */
  async function usable(stored: string | null): Promise<string | undefined> {
    if (stored === null) return undefined;
    if (stored === damaged?.text) return damaged.rest;
    const error = flaw(stored);
    if (!error) return stored;
    const rest = salvage(stored);
    report(error);
    try {
      await inTime(clock, report, () => journal.setAside?.(stored, error.code));
    } catch (fault) {
      report(fault);
    }
    damaged = { text: stored, rest };
    return rest;
  }

  async function stored(): Promise<string | null> {
    try {
      return toRecord(await inTime(clock, report, () => journal.read()), 'journal.read');
    } catch (cause) {
      // A newer deployment keeps its records where this one cannot read them.
      if (cause instanceof JournalError && cause.code === 'journal_newer') throw cause;
      const error = new JournalError('journal_unreadable', null, '', { cause });
      if (required) throw error;
      report(error);
      return null;
    }
  }

  async function read(): Promise<string | undefined> {
    for (;;) {
      const before = writes;
      await before;
      const record = await usable(await stored());
      if (writes !== before) continue;
      if (!begun) base = record;
      begun = true;
      return record;
    }
  }

  return {
    read,

    async recover() {
      begun = false;
      const known = base;
      const record = await read();
      if (unstored === undefined) return record;
      try {
        return merge(unstored, known, record, true);
      } catch {
        return unstored; // what is stored is found again with the lock
      }
    },

    write(record, holdsLock) {
      let late = false;
      const change = (stored: string | null): string => {
        if (late) throw new JournalError('journal_timeout'); // nobody counts on it any more
        const found = toRecord(stored, 'journal.update');
        const theirs = found !== null && found === damaged?.text ? damaged.rest : found;
        const known = found !== null && found === given?.text ? given.record : base;
        const text = merge(record, known, theirs ?? undefined, holdsLock());
        given = { text, record };
        return text;
      };
      const write = writes
        .then(() => inTime(clock, report, () => journal.update(change)))
        .then(
          () => {
            late = true;
            base = record;
            unstored = undefined;
          },
          (cause: unknown) => {
            late = true;
            const error =
              cause instanceof JournalError ? cause : new JournalError('journal_unwritable', null, '', { cause });
            if (unstored === undefined) report(error); // the first of a row
            unstored = record;
            throw error;
          },
        );
      writes = write.catch(() => {});
      return write;
    },

    idle: () => writes,
  };
}
