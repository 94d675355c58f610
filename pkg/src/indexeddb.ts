import { database } from './database.js';
import type { Journal, StorageOptions } from './types.js';

/** How many records that could not be read are kept, for whoever looks into it. */
const KEPT_ASIDE = 10;

/**
 * The journal that outlives the page, the browser and the battery, in IndexedDB: one record per scope, replaced in one
 * transaction with `durability: 'strict'`.
 *
 * Everything that goes wrong is a JournalError: `journal_unavailable` (no IndexedDB: private mode, blocked by the
 * shopper), `journal_full` (quota), `journal_blocked` and `journal_timeout` (no answer in 5 s), `journal_newer` (a newer
 * deployment changed the database).
 */
export function indexedDbJournal({ name = 'payonce', scope = 'default' }: StorageOptions = {}): Journal {
  const db = database(name);
  const channelName = `payonce:${name}:${scope}`;
  const listeners = new Set<() => void>();
  let channel: BroadcastChannel | undefined;

  function listen(listener: () => void): () => void {
    const entry = (): void => listener(); // the same function may listen twice
    listeners.add(entry);
    if (!channel && typeof BroadcastChannel === 'function') {
      channel = new BroadcastChannel(channelName);
      channel.onmessage = () => listeners.forEach((told) => told());
      // Node only: it must not keep a process alive.
      (channel as { unref?(): unknown }).unref?.();
    }
    return () => {
      listeners.delete(entry);
      if (listeners.size === 0) deafen();
    };
  }

  function deafen(): void {
    channel?.close();
    channel = undefined;
  }

  /** Nothing but that there is something to read: whoever listens reads it from the journal. */
  function tellOthers(): void {
    if (channel) {
      channel.postMessage(null);
    } else if (typeof BroadcastChannel === 'function') {
      const brief = new BroadcastChannel(channelName);
      brief.postMessage(null);
      brief.close();
    }
  }

  return {
    durable: true,

    read: () =>
      db.transact<string | null>('records', 'readonly', (records, then, answer) =>
        then(records.get(scope), (stored) => answer(toText(stored))),
      ),

    async update(change) {
      await db.transact<void>('records', 'readwrite', (records, then) =>
        then(records.get(scope), (stored) => records.put(change(toText(stored)), scope)),
      );
      tellOthers();
    },

    setAside: (record, code) =>
      db.transact<void>('aside', 'readwrite', (aside, then) => {
        aside.add({ scope, at: Date.now(), code, record });
        then(aside.getAllKeys(), (keys) => {
          for (const key of keys.slice(0, -KEPT_ASIDE)) aside.delete(key);
        });
      }),

    changed: listen,

    close() {
      listeners.clear();
      deafen();
      db.close();
    },
  };
}

/** What is no text was not put there by us: as a text it is a record that cannot be read. */
function toText(stored: unknown): string | null {
  if (stored === undefined || typeof stored === 'string') return stored ?? null;
  return String(JSON.stringify(stored));
}
