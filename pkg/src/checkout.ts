/**
 * The driver. It runs effects and decides nothing; every rule is in the core.
 *
 *     event -> core -> effects -> port -> event
 *
 * One event is handled like this: the core is called and takes note of effects; then, with the core at rest, the
 * effects run in order; then, if the snapshot is another one, the listeners are told. A port or a listener may call
 * back at any point of that: its event goes into the core at once, its effects queue behind those that wait already,
 * and the listeners are told once, when the queue is empty.
 */

import type { WasmCheckout } from '../wasm/payonce.js';
import { deepFreeze, toJson, toObject, toOptionalNumber, toOptionalText, toText } from './convert.js';
import { cartHash } from './cart.js';
import {
  ACKNOWLEDGED,
  ACTION_COMPLETED,
  ACTION_GIVEN_UP,
  CAME_ONLINE,
  CART_CLEARED,
  CHECK_REQUESTED,
  DISCARDED,
  type Host,
  JOURNAL_CHANGED,
  JOURNAL_FAILED,
  JOURNAL_WRITTEN,
  JOURNAL_WRITTEN_DURABLE,
  LOCK_FAILED,
  LOCK_FREED,
  LOCK_GRANTED,
  LOCK_REFUSED,
  makeCore,
  NOT_DISCARDED,
  PAGE_RESTORED,
  PAGE_RESTORED_CART_FOLLOWS,
  SEND_LOST,
  SETTLE_LOST,
  SHEET_BUSY,
  SHEET_CANCELLED,
  SHEET_FAILED,
  SHEET_REQUESTED,
  SHEET_REQUESTED_RETRYING,
  TIMER_FIRED,
  WENT_OFFLINE,
} from './core.js';
import {
  CartError,
  DisposedError,
  type ErrorKind,
  InputError,
  InternalError,
  JournalError,
  PayonceError,
  PortError,
} from './errors.js';
import { init } from './init.js';
import type { Core } from './instance.js';
import { readOptions, requireWallet, type Settings } from './options.js';
import { type Records, records as recordsOf } from './records.js';
import { runner } from './runner.js';
import type {
  AttemptView,
  Cart,
  Checkout,
  CheckoutOptions,
  HashedCart,
  HttpReply,
  OpenSheetOptions,
  Outcome,
  SetCartOptions,
  SettleAnswer,
  Sheet,
  Snapshot,
  State,
  Summary,
  Wallet,
  WalletToken,
} from './types.js';

/** Hands one event to the core; tells whether it was accepted. */
type Event = (core: WasmCheckout, now: number) => boolean;

/** Those parts of a snapshot that are objects. */
type Parts = {
  -readonly [Part in 'summary' | 'session' | 'attempt' | 'receipt' | 'notices' | 'spent']: Snapshot[Part];
};

/** The lock, and the effect that asked for it. */
interface Hold {
  readonly effect: number;
  granted: boolean;
  /** Whether it was taken away since. What was sent goes on, but what other tabs wrote counts. */
  lost: boolean;
}

/** What a page has and a server has not. */
const page: Partial<Pick<Window, 'addEventListener' | 'removeEventListener' | 'navigator'>> = globalThis;

/** How many cores a checkout may use up. A defect that comes back each time is not cured by another one. */
const LIVES = 4;

/** ms between two tries to learn whether the lock is free, where the first failed. */
const PAUSE = 1000;

/** In the order of the core's states. */
const STATES: readonly State[] = [
  'empty',
  'ready',
  'sheet_open',
  'sending',
  'waiting',
  'action_required',
  'settling',
  'unresolved',
  'succeeded',
  'blocked',
  'failed',
];

/**
 * Starts a checkout: loads the WebAssembly module and reads the journal. An attempt that was open there is settled
 * first.
 *
 * Rejects with ConfigError (a wrong option), InitError (the module cannot be loaded) or JournalError:
 * `journal_newer` (a newer deployment wrote the record: load the page again), `journal_open_attempt_unreadable` (the
 * record is damaged and may name a payment whose end is not known) or, with `durability: 'required'`,
 * `journal_unreadable`. Any other damaged record is set aside and reported, and the journal counts as empty.
 */
export async function createCheckout(options: CheckoutOptions): Promise<Checkout> {
  const settings = readOptions(options);
  const { ports, config, report } = settings;
  await init();
  const records = recordsOf(ports.journal, ports.clock, config.durabilityRequired, report);
  try {
    return drive(settings, records, await records.read());
  } catch (error) {
    ports.journal.close?.();
    throw error;
  }
}

function drive(
  { ports, config, report, recheckCart }: Settings,
  records: Records,
  record: string | undefined,
): Checkout {
  const { merchant, journal, lock, clock } = ports;
  const { call, push, time, request, abort, ...around } = runner(clock, report);
  let core: Core<WasmCheckout> | undefined;
  /** Which core this is, counted from 1. Answers to another one's effects are nobody's. */
  let lives = 1;
  let snapshot!: Snapshot;
  /** Why nothing can be done any more. */
  let over: (() => PayonceError) | undefined;
  /** The wallet of the click that is being handled. */
  let chosen = ports.wallet;
  /** The sheet that is showing, and whose it is. */
  let showing: { readonly sheet: number; readonly wallet: Wallet } | undefined;
  /** The lock, while it is asked for or held. */
  let hold: Hold | undefined;
  /** The wait for another tab to let go of the lock. */
  let watching: AbortController | undefined;
  let unlisten: (() => void) | undefined;
  /** Says again what the page said last of its cart. */
  let shown: (() => unknown) | undefined;

  // ------------------------------------------------------------------------------------------------ into the core

  /** Hands over an event, with all that follows from it. Between two lives it is dropped. */
  function handle(event: Event, Kind: ErrorKind = InputError): boolean {
    if (over) throw over();
    if (!core) return false;
    const now = time();
    const accepted = core.ask((core) => event(core, now), Kind);
    around.run();
    around.tell(snapshot);
    return accepted;
  }

  /** Hands over an event that nobody waits for: after the end it is dropped, and what goes wrong is reported. */
  function answer(event: Event): boolean {
    if (over) return false;
    try {
      return handle(event);
    } catch (error) {
      report(error);
      return false;
    }
  }

  // ------------------------------------------------------------------------------------------------ out of the core

  function sheetFor(id: number): Sheet {
    const born = lives;
    const gone = (event: Event): void => {
      if (lives !== born) return;
      if (showing?.sheet === id) showing = undefined;
      answer(event);
    };
    return Object.freeze({
      tokenReceived(token: WalletToken) {
        if (over || lives !== born) return;
        const given = toObject(token, InputError) as Partial<WalletToken>;
        const secret = given.token; // once: a getter could give another one the second time
        const text = typeof secret === 'string' ? secret : tokenText(secret);
        const expiresAt = toOptionalNumber(given.expiresAt, 'expiresAt');
        const hash = toOptionalText(given.cartHash, 'cartHash');
        const details = given.details === undefined ? undefined : toJson(given.details, InputError, 'details');
        handle((core, now) => core.tokenReceived(id, text, expiresAt, hash, details, now));
      },
      cartChanged(cart: Cart | HashedCart) {
        if (over || lives !== born) return;
        const json = toJson(cart, CartError);
        handle((core, now) => core.cartShown(id, json, undefined, now), CartError);
      },
      cancelled: () => gone(happened(SHEET_CANCELLED, id)),
      failed: () => gone(happened(SHEET_FAILED, id)),
      busy: () => gone(happened(SHEET_BUSY, id)),
    });
  }

  /** What the core said last of the parts of a snapshot. */
  const parts: Parts = { summary: null, session: null, attempt: null, receipt: null, notices: [], spent: [] };

  /** The core calls this while it is borrowed: take note, do nothing (see `Host`). */
  const host: Host = {
    summary(_id, _number, _words, json) {
      parts.summary = json === undefined ? null : parse(json);
    },
    session(_id, createdAt, words) {
      parts.session = null;
      if (!words) return;
      const [id, cartHash, ref] = words;
      parts.session = Object.freeze({ id, cartHash, providerRef: ref || null, createdAt });
    },
    attempt(_id, _number, words) {
      parts.attempt = null;
      if (!words) return;
      const [key, cartHash, fingerprint] = words;
      parts.attempt = { key, cartHash, fingerprint, sends: 0, firstSendAt: null };
    },
    sends(sends, at) {
      parts.attempt = Object.freeze({ ...(parts.attempt as AttemptView), sends, firstSendAt: at < 0 ? null : at });
    },
    receipt(_id, at, words, json) {
      parts.receipt = null;
      if (!words) return;
      const [key, session, ref] = words;
      parts.receipt = Object.freeze({ key, session, reference: ref || null, paid: parse<Summary>(json), at });
    },
    notices(_id, _number, _words, json) {
      parts.notices = parse(json);
    },
    spent(_id, _number, _words, json) {
      parts.spent = parse(json);
    },
    snapshot(state, flags) {
      snapshot = Object.freeze<Snapshot>({
        state: STATES[state] as State,
        canPay: (flags & 1) !== 0,
        canCheck: (flags & 2) !== 0,
        durable: (flags & 4) !== 0,
        online: (flags & 8) !== 0,
        cartWaiting: (flags & 16) !== 0,
        ...parts,
      });
    },

    openSheet: (sheet) => {
      const wallet = chosen;
      push(() => {
        showing = { sheet, wallet };
        toSheet(sheet, 'open', (wallet) => wallet.open(sheetFor(sheet), toPay()));
      });
    },
    retrySheet: (sheet, _number, _words, why) =>
      push(() => toSheet(sheet, 'retry', (wallet) => wallet.retry(parse(why), toPay()))),
    // A sheet that shows another total than the one to be paid is a broken sheet.
    updateSheet: (sheet) => push(() => toSheet(sheet, 'update', (wallet) => wallet.update(toPay()))),
    completeSheet: (sheet, success) =>
      push(() => {
        if (showing?.sheet !== sheet) return;
        const { wallet } = showing;
        showing = undefined;
        call('wallet.complete', () => wallet.complete(success ? 'success' : 'failure'));
      }),
    closeSheet: () => push(close),

    acquireLock: (effect) =>
      push(() => {
        const mine: Hold = (hold = { effect, granted: false, lost: false });
        // Behind a release that still waits for its writes.
        void records.idle().then(() => acquire(mine));
      }),
    releaseLock: () => push(release),

    writeJournal: (effect, holdsLock, _words, text) =>
      push(() => {
        const mine = hold;
        const born = lives;
        const written = (what: number): void => {
          if (lives === born) answer(happened(what, effect));
        };
        records
          .write(text, () => holdsLock > 0 && mine?.lost === false)
          .then(() => journal.durable === true)
          .then(
            (durable) => written(durable ? JOURNAL_WRITTEN_DURABLE : JOURNAL_WRITTEN),
            async (error: unknown) => {
              if (!(error instanceof JournalError)) report(error);
              // Another tab's attempt is in the way: the core is to know of it before it goes on without a record.
              else if (error.code === 'journal_conflict') await reread();
              written(JOURNAL_FAILED);
            },
          );
      }),

    sendAttempt: (effect, send, [key, session, cartHash, ref, headerName, headerValue], body) =>
      push(() => {
        const headers = headerName ? { [headerName]: headerValue } : {};
        const attempt = { key, session, cartHash, providerRef: ref || null, headers, body, send };
        request<HttpReply | Outcome>(
          effect,
          (signal) => merchant.send(attempt, signal),
          (reply) => handle(replied(effect, 'send', reply)),
          () => answer(happened(SEND_LOST, effect)),
        );
      }),
    settleAttempt: (effect, _number, [key, session, ref]) =>
      push(() =>
        request<HttpReply | SettleAnswer>(
          effect,
          (signal) => merchant.settle({ key, session, providerRef: ref || null }, signal),
          (reply) => handle(replied(effect, 'settle', reply)),
          () => answer(happened(SETTLE_LOST, effect)),
        ),
      ),
    abortRequest: (effect) => push(() => abort(effect)),
    discardSession: (effect, _number, [session, ref]) =>
      push(() =>
        request(
          effect,
          (signal) => merchant.discard({ session, providerRef: ref || null }, signal),
          () => handle(happened(DISCARDED, effect)),
          () => answer(happened(NOT_DISCARDED, effect)),
        ),
      ),
    performAction: (effect, _number, [key, kind], payload) =>
      push(() =>
        request(
          effect,
          async (signal) => {
            const action: unknown = payload === undefined ? undefined : JSON.parse(payload);
            return merchant.performAction?.({ key, kind, action }, signal);
          },
          (completed) => handle(happened(completed === true ? ACTION_COMPLETED : ACTION_GIVEN_UP, effect)),
          () => answer(happened(ACTION_GIVEN_UP, effect)),
        ),
      ),

    startTimer: (effect, delay) =>
      push(() => around.startTimer(effect, delay, () => answer(happened(TIMER_FIRED, effect)))),
    cancelTimer: (effect) => push(() => around.cancelTimer(effect)),
  };

  function toPay(): Summary {
    return snapshot.summary as Summary; // a sheet is open for a cart only
  }

  /** Calls the wallet of the sheet that is showing. Where it throws, the sheet is broken. */
  function toSheet(sheet: number, method: 'open' | 'retry' | 'update', run: (wallet: Wallet) => void): void {
    if (showing?.sheet !== sheet) return; // over by now
    const { wallet } = showing;
    call(
      `wallet.${method}`,
      () => run(wallet),
      () => broken(sheet),
    );
  }

  function close(): void {
    if (!showing) return;
    const { wallet } = showing;
    showing = undefined;
    call('wallet.close', () => wallet.close());
  }

  function broken(sheet: number): void {
    if (showing?.sheet !== sheet) return;
    showing = undefined;
    answer(happened(SHEET_FAILED, sheet));
  }

  /** Asks for the lock. The journal is read once it is held: another tab may have written since. */
  async function acquire(mine: Hold): Promise<void> {
    const { effect } = mine;
    try {
      const granted = await lock.acquire(() => {
        mine.lost = true;
      });
      if (typeof granted !== 'boolean') throw new PortError('not_a_boolean', 'lock.acquire');
      if (hold !== mine) {
        if (granted) lock.release(); // nobody wants it any more
        return;
      }
      mine.granted = granted;
      const record = granted ? await records.read() : undefined;
      if (hold !== mine) return; // let go of meanwhile
      handle(happened(granted ? LOCK_GRANTED : LOCK_REFUSED, effect, record));
      if (!granted) await watch();
    } catch (error) {
      if (over) return;
      report(error);
      release();
      answer(happened(LOCK_FAILED, effect));
    }
  }

  /** Waits for whoever holds the lock, and tells the core what the journal holds then. */
  async function watch(): Promise<void> {
    watching?.abort();
    const { signal } = (watching = new AbortController());
    while (!signal.aborted) {
      try {
        await lock.whenFree(signal);
        const record = await records.read();
        if (signal.aborted) return;
        watching = undefined;
        answer(happened(LOCK_FREED, 0, record));
        return;
      } catch (error) {
        if (signal.aborted) return;
        report(error);
        await new Promise<void>((resolve) => void clock.setTimeout(resolve, PAUSE));
      }
    }
  }

  /** Lets go of the lock once what was written under it is stored: whoever gets it next reads the journal. */
  function release(): void {
    const held = hold;
    hold = undefined;
    if (held?.granted) void records.idle().then(() => held.lost || call('lock.release', () => lock.release()));
  }

  /** Lets go of all that belongs to this life of the core. Its ids mean nothing to the next one. */
  function letGo(): void {
    around.letGo();
    watching?.abort();
    watching = undefined;
    close();
    release();
  }

  /** The end. */
  function end(why: () => PayonceError): void {
    if (over) return;
    over = why;
    around.end();
    page.removeEventListener?.('online', online);
    page.removeEventListener?.('offline', offline);
    page.removeEventListener?.('pagehide', left);
    page.removeEventListener?.('pageshow', pageshow);
    deafen();
    letGo();
    core?.free();
    void records.idle().then(() => call('journal.close', () => journal.close?.()));
  }

  // ------------------------------------------------------------------------------------------- the life of the core

  function start(record: string | undefined): void {
    core = makeCore(host, config, record, time(), restart);
    around.run();
  }

  /**
   * The core is no more: a panic (rule E3). What it knew is in the journal, and a fresh one takes it up there, so an open
   * attempt is settled. The page keeps its checkout, its listeners and its cart.
   */
  function restart(error: InternalError): void {
    if (over) return;
    core = undefined;
    lives += 1;
    if (lives > LIVES) {
      end(() => error);
      return;
    }
    letGo();
    snapshot = Object.freeze({ ...snapshot, canPay: false, canCheck: false });
    around.tell(snapshot);
    void revive();
  }

  async function revive(): Promise<void> {
    try {
      const record = await records.recover();
      if (over) return;
      start(record);
    } catch (error) {
      if (over) return;
      report(error);
      end(() => (error instanceof PayonceError ? error : new InternalError(error)));
      return;
    }
    try {
      shown?.();
    } catch (error) {
      report(error);
    }
    around.tell(snapshot);
  }

  // ------------------------------------------------------------------------------------------- the life of the page
  //
  // A page that is hidden, frozen or asleep needs nothing: its timers fire late, the core goes by the time that each
  // event brings, and whether a key may still be sent is asked before every send. A page in the back/forward cache is
  // another matter: its requests are dead, and the world has moved on without it.

  function listen(): void {
    deafen();
    call('journal.changed', () => {
      unlisten = journal.changed?.(() => void reread());
    });
  }

  function deafen(): void {
    const stop = unlisten;
    unlisten = undefined;
    if (stop) call('journal.changed', stop);
  }

  /** Another tab wrote the journal. */
  async function reread(): Promise<void> {
    try {
      const record = await records.read();
      answer(happened(JOURNAL_CHANGED, 0, record));
    } catch (error) {
      if (!over) report(error);
    }
  }

  /** The page goes away, perhaps for good. It must hold nothing that keeps it out of the cache, or others from paying. */
  function left(): void {
    deafen();
    watching?.abort(); // `watching` stays: it is waited for when the page comes back
    release();
  }

  async function restored({ persisted }: PageTransitionEvent): Promise<void> {
    if (!persisted || over) return;
    listen();
    // At once: what happens here while the journal is read, happens to a page that is back already.
    answer(happened(recheckCart ? PAGE_RESTORED_CART_FOLLOWS : PAGE_RESTORED));
    if (page.navigator?.onLine !== false) online(); // a page in the cache hears nothing
    if (watching) void watch();
    await reread(); // where it cannot be read nobody pays past it: it is read again with the lock
    if (recheckCart) await recheck(recheckCart);
  }

  /** Asks the storefront what is in the cart by now. Where it does not know, the page's last word stands. */
  async function recheck(ask: NonNullable<CheckoutOptions['recheckCart']>): Promise<void> {
    const before = shown;
    try {
      const cart = await ask();
      if (!over && shown === before) setCart(cart);
    } catch (error) {
      if (over) return;
      report(error);
      if (shown === before) before?.();
    }
  }

  const pageshow = (event: PageTransitionEvent): void => void restored(event);
  // What `navigator.onLine` says when a page is loaded is not believed: browsers say "offline" where there is a network,
  // and then no event ever says otherwise.
  const online = (): unknown => answer(happened(CAME_ONLINE));
  const offline = (): unknown => answer(happened(WENT_OFFLINE));

  // ------------------------------------------------------------------------------------------------ the checkout

  function setCart(cart: Cart | HashedCart | null, options: SetCartOptions = {}): void {
    if (over) throw over();
    const { providerRef: given, ...unknown } = toObject(options, InputError, 'options');
    for (const name of Object.keys(unknown)) throw new InputError('unknown_option', `options.${name}`);
    const providerRef = toOptionalText(given, 'providerRef');
    let event = happened(CART_CLEARED);
    if (cart !== null) {
      const json = toJson(cart, CartError);
      event = (core, now) => core.cartShown(0, json, providerRef, now);
    }
    if (cart !== null && !core) cartHash(cart); // between two lives: throws what the core would
    handle(event, CartError);
    shown = () => handle(event, CartError);
  }

  start(record);
  around.tell(snapshot); // nobody listens yet
  page.addEventListener?.('online', online);
  page.addEventListener?.('offline', offline);
  page.addEventListener?.('pagehide', left);
  page.addEventListener?.('pageshow', pageshow);
  listen();

  return Object.freeze<Checkout>({
    getSnapshot: () => snapshot,
    subscribe(listener) {
      if (over) throw over();
      return around.subscribe(listener);
    },
    setCart,
    openSheet(options = {}) {
      const { wallet = ports.wallet } = toObject(options, InputError, 'options') as OpenSheetOptions;
      chosen = requireWallet(wallet);
      const { retriesInPlace } = wallet; // not within the core: a getter that throws is no panic
      return handle(happened(retriesInPlace ? SHEET_REQUESTED_RETRYING : SHEET_REQUESTED));
    },
    checkAgain: () => handle(happened(CHECK_REQUESTED)),
    acknowledge: () => handle(happened(ACKNOWLEDGED)),
    reportOutcome(key, outcome) {
      const text = toText(key, 'key');
      const json = toJson(outcome, InputError, 'outcome');
      return handle((core, now) => core.outcomeReported(text, json, now));
    },
    exportLog() {
      if (over) throw over();
      if (!core) throw new InternalError(); // between two lives there is none
      return core.ask((core) => core.exportLog(), InputError);
    },
    dispose: () => end(() => new DisposedError()),
  });
}

/** One of the events that `core.ts` names. `effect` is the effect or the sheet that it answers. */
function happened(what: number, effect = 0, record?: string): Event {
  return (core, now) => core.happened(what, effect, record, now);
}

/** What the core said as JSON text. */
function parse<T>(json: string): T {
  return deepFreeze(JSON.parse(json) as T);
}

/**
 * A token that is an object is known by its content: wallets hand out the same object with another one in it. The order
 * of its members is not content, so it is always the same.
 */
function tokenText(token: unknown): string {
  const content = toJson(toObject(token, InputError, 'token'), InputError, 'token');
  try {
    return JSON.stringify(JSON.parse(content), (_, value: unknown) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
    });
  } catch {
    throw new InputError('not_json', 'token'); // nested deeper than this engine can follow
  }
}

/** What a merchant port answered, as an event. Throws InputError where it is no answer. */
function replied(effect: number, kind: 'send' | 'settle', answer: HttpReply | Outcome | SettleAnswer): Event {
  const path = `merchant.${kind}`;
  const given = toObject(answer, InputError, path);
  // An outcome is what the body of a reply would say.
  const { status, body } = 'status' in given ? given : { status: 200, body: toJson(given, InputError, path) };
  if (!Number.isInteger(status) || (status as number) < 0 || (status as number) > 999) {
    throw new InputError('not_a_status', `${path}.status`);
  }
  const text = toText(body, `${path}.body`);
  const delay = toOptionalNumber(given['retryAfter'], `${path}.retryAfter`);
  const retry = typeof given['shouldRetry'] === 'boolean' ? given['shouldRetry'] : undefined;
  return (core, now) => core.replied(effect, kind === 'settle', status as number, delay, retry, text, now);
}
