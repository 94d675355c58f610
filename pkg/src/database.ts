/**
 * The IndexedDB database that the journal and, where there are no Web Locks, the lock are kept in.
 *
 * A connection is made with the first transaction and kept. Where the browser takes it away (the shopper deleted the
 * site's data, a newer page needs another layout) the next transaction makes a new one.
 */

import { JournalError } from './errors.js';

/** In the order of the versions that brought them: version n of the database has the first n. */
const STORES = ['records', 'aside', 'claims'] as const;

/** ms to wait for the database. What takes longer is stuck: behind another page's upgrade, or in the browser. */
const PATIENCE = 5000;

/** What a transaction ends with when its connection was taken away; Safari's says `UnknownError`. */
const LOST: readonly string[] = ['AbortError', 'InvalidStateError', 'UnknownError'];

/** Calls `next` with a request's result. What it throws ends the transaction, and nothing of it is stored. */
type Then = <R>(request: IDBRequest<R>, next: (result: R) => void) => void;

export interface Database {
  /**
   * Runs a transaction of its own over `store`, and resolves with what `work` handed to `answer` once everything is
   * stored. `work` may run twice, where the connection was lost the first time.
   */
  readonly transact: <T>(
    store: (typeof STORES)[number],
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore, then: Then, answer: (value: T) => void) => void,
  ) => Promise<T>;
  /** Closes the connection. The next transaction makes a new one. */
  readonly close: () => void;
}

/** The database `name` of this origin. Everything that goes wrong with it is a JournalError. */
export function database(name: string): Database {
  let connecting: Promise<IDBDatabase> | undefined;

  function connect(): Promise<IDBDatabase> {
    if (connecting) return connecting;
    const connection = open(name);
    connecting = connection;
    const lost = (): void => {
      if (connecting === connection) connecting = undefined;
    };
    connection.then((db) => {
      db.onclose = lost;
      db.onversionchange = () => {
        lost();
        db.close();
      };
    }, lost);
    return connection;
  }

  return {
    async transact(store, mode, work) {
      for (let again = true; ; again = false) {
        const connection = connect();
        const db = await connection;
        try {
          return await run(db, store, mode, work);
        } catch (error) {
          if (!again || !(error instanceof JournalError) || !LOST.includes(nameOf(error.cause))) throw error;
          if (connecting === connection) connecting = undefined;
          db.close();
        }
      }
    },
    close() {
      connecting?.then(
        (db) => db.close(),
        () => {},
      );
      connecting = undefined;
    },
  };
}

function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    let blocked = false;
    let late = false;
    let request: IDBOpenDBRequest;
    try {
      request = globalThis.indexedDB.open(name, STORES.length);
    } catch (cause) {
      reject(failure(cause)); // no IndexedDB here, or not for this page
      return;
    }
    const timer = setTimeout(() => {
      late = true;
      reject(new JournalError(blocked ? 'journal_blocked' : 'journal_timeout'));
    }, PATIENCE);
    request.onblocked = () => {
      blocked = true; // by a page that does not let go; it may yet
    };
    request.onupgradeneeded = ({ oldVersion }) => {
      for (const store of STORES.slice(oldVersion)) {
        request.result.createObjectStore(store, { autoIncrement: store === 'aside' });
      }
    };
    request.onsuccess = () => {
      clearTimeout(timer);
      if (late) request.result.close();
      else resolve(request.result);
    };
    request.onerror = () => {
      clearTimeout(timer);
      reject(failure(request.error));
    };
  });
}

function run<T>(
  db: IDBDatabase,
  name: string,
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore, then: Then, answer: (value: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    // Not resolved before it is on the disk: a killed browser loses what is only on its way there.
    let transaction: IDBTransaction;
    try {
      transaction = db.transaction(name, mode, { durability: 'strict' });
    } catch (cause) {
      reject(failure(cause));
      return;
    }
    let answer: T;
    let fault: Error | undefined;
    const fail = (error: unknown): void => {
      fault ??= error instanceof Error ? error : failure(error);
      try {
        transaction.abort();
      } catch {
        // It is being committed, or over.
      }
    };
    const timer = setTimeout(() => {
      const error = new JournalError('journal_timeout');
      fail(error);
      reject(error);
    }, PATIENCE);
    transaction.oncomplete = () => {
      clearTimeout(timer);
      resolve(answer);
    };
    transaction.onabort = () => {
      clearTimeout(timer);
      reject(fault ?? failure(transaction.error));
    };
    const guarded = (step: () => void): void => {
      try {
        step();
      } catch (error) {
        fail(error);
      }
    };
    const then: Then = (request, next) => {
      request.onsuccess = () => guarded(() => next(request.result));
    };
    guarded(() => work(transaction.objectStore(name), then, (value) => void (answer = value)));
  });
}

/** In place of what IndexedDB says: a code to rely on. */
function failure(cause: unknown): JournalError {
  const code =
    { QuotaExceededError: 'journal_full', VersionError: 'journal_newer' }[nameOf(cause)] ?? 'journal_unavailable';
  return new JournalError(code, null, '', { cause });
}

function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : '';
}
