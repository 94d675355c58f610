/**
 * The driver of one-time codes. Like that of a checkout it runs effects and decides nothing: an event goes into the core,
 * its effects queue until the core is at rest, then the listeners are told.
 */

import load, { checkFlows, reinitialize, reinitialized, WasmOneTimeCode } from '../../wasm/one_time_code.js';
import { text } from '../body.js';
import { deepFreeze, toObject } from '../convert.js';
import { DisposedError, InputError, InternalError, JournalError, PayonceError, PortError } from '../errors.js';
import { type Core, instance } from '../instance.js';
import { inTime, toRecord } from '../journal-port.js';
import { loader } from '../loader.js';
import { runner } from '../runner.js';
import { answerIn, forgetAnswer, type Visit, visit } from './address.js';
import { readOptions } from './options.js';
import type {
  FailureReason,
  OneTimeCode,
  OneTimeCodeOptions,
  OneTimeCodeSnapshot,
  OneTimeCodeState,
  ReturnOptions,
} from './types.js';

/** The module of one-time codes. */
export const { moduleFrom, init } = loader(load);
const { guarded, alive } = instance({ reinitialize, reinitialized });

/** Hands one event to the core; tells whether it was accepted. */
type Event = (core: WasmOneTimeCode, now: number) => boolean;

/** In the order of the core's states and reasons. */
const STATES: readonly OneTimeCodeState[] = [
  'idle',
  'beginning',
  'away',
  'looking',
  'claiming',
  'exchanging',
  'asking',
  'unresolved',
  'connected',
  'failed',
];
const REASONS: readonly FailureReason[] = [
  'denied',
  'provider_error',
  'state_unknown',
  'issuer_mismatch',
  'malformed',
  'expired',
  'refused',
  'not_connected',
  'record_unavailable',
];
/** In these it is being found out what became of a flow. */
const BUSY: readonly OneTimeCodeState[] = ['looking', 'claiming', 'exchanging', 'asking'];

const IDLE = deepFreeze<OneTimeCodeSnapshot>({ state: 'idle', reason: null, canBegin: true, canCheck: false });
/** What is shown while the module is loaded on a page that somebody came back to. */
const LOOKING = deepFreeze<OneTimeCodeSnapshot>({ ...IDLE, state: 'looking', canBegin: false });

/** How many cores may be used up. A defect that comes back each time is not cured by another one. */
const LIVES = 4;

/** What a page has and a server has not. */
const page: Partial<Pick<Window, 'addEventListener' | 'removeEventListener'>> = globalThis;

/**
 * Makes a page's part in its flows. Nothing is loaded or read before `handleReturn()` or `begin()`, and nothing needs a
 * browser before that. Throws ConfigError where an option is wrong; values that only the core can check (`lifetime`,
 * `retry`) are refused by `begin()` and `handleReturn()`.
 */
export function createOneTimeCode(options: OneTimeCodeOptions): OneTimeCode {
  const settings = readOptions(options);
  const { journal, clock, report, key, tag } = settings;
  const { call, push, time, request, abort, ...around } = runner(clock, report, IDLE);
  const resting = new Set<() => void>();
  let core: Core<WasmOneTimeCode> | undefined;
  let starting: Promise<Core<WasmOneTimeCode>> | undefined;
  /** Which core this is, counted from 1. Answers to another one's effects are nobody's. */
  let lives = 1;
  let packed = -1;
  let snapshot = IDLE;
  /** Why nothing can be done any more. */
  let over: PayonceError | undefined;
  /** The flow that this page is about. */
  let about: string | undefined;
  let leaving: { readonly resolve: (url: string) => void; readonly reject: (error: unknown) => void } | undefined;
  let leave: Promise<string> | undefined;
  /** Why the flow that begins could not be written down. */
  let fault: unknown;
  let unlisten: (() => void) | undefined;

  // ------------------------------------------------------------------------------------------------ into the core

  function handle(event: Event): boolean {
    if (over) throw over;
    if (!core) return false;
    const now = time();
    const accepted = core.ask((core) => {
      const taken = event(core, now);
      show(core.snapshot());
      return taken;
    }, InputError);
    around.run();
    tell();
    return accepted;
  }

  /** Hands over an event that nobody waits for. */
  function answer(event: Event): boolean {
    if (over) return false;
    try {
      return handle(event);
    } catch (error) {
      report(error);
      return false;
    }
  }

  function show(next: number): void {
    if (next === packed) return;
    packed = next;
    const shown = deepFreeze<OneTimeCodeSnapshot>({
      state: STATES[next & 0xff] as OneTimeCodeState,
      reason: REASONS[(next >> 16) - 1] ?? null,
      canBegin: (next & 0x100) !== 0,
      canCheck: (next & 0x200) !== 0,
    });
    // What was shown while the module was loaded may be what it says first.
    const keys = Object.keys(shown) as (keyof OneTimeCodeSnapshot)[];
    if (keys.some((key) => shown[key] !== snapshot[key])) snapshot = shown;
  }

  // ------------------------------------------------------------------------------------------------ out of the core

  function tell(): void {
    if (around.tell(snapshot) && !BUSY.includes(snapshot.state)) rest();
  }

  function rest(): void {
    for (const resolve of resting) resolve();
    resting.clear();
  }

  async function changeRecord(effect: number): Promise<void> {
    const born = lives;
    const current = (): Core<WasmOneTimeCode> => {
      if (over || lives !== born || !core) throw over ?? new InternalError(); // and nothing is stored
      return core;
    };
    let damaged: { readonly text: string; readonly error: PayonceError } | undefined;
    let failure: unknown;
    let late = false;
    const change = (given: string | null): string => {
      if (late) throw new JournalError('journal_timeout'); // nobody counts on it any more
      const stored = toRecord(given, 'journal.update');
      const error = stored === null ? undefined : flaw(stored);
      damaged = stored !== null && error ? { text: stored, error } : undefined;
      return current().ask((core) => core.change(effect, stored ?? undefined, time()), JournalError);
    };
    try {
      await inTime(clock, report, () => journal.update(change));
      if (damaged) await setAside(damaged.text, damaged.error);
    } catch (cause) {
      late = true;
      if (over || lives !== born) return;
      failure = cause instanceof JournalError ? cause : new JournalError('journal_unwritable', null, '', { cause });
      if (leaving) fault = failure;
      else report(failure);
    }
    if (lives !== born) return;
    answer((core, now) => core.changed(effect, failure === undefined, now));
  }

  /** A record that cannot be read is kept for whoever looks into it. */
  async function setAside(damaged: string, error: PayonceError): Promise<void> {
    report(error);
    try {
      await inTime(clock, report, () => journal.setAside?.(damaged, error.code));
    } catch (fault) {
      report(fault);
    }
  }

  async function readRecord(): Promise<void> {
    try {
      const stored = toRecord(await inTime(clock, report, () => journal.read()), 'journal.read');
      answer((core, now) => core.recordRead(stored ?? undefined, now));
    } catch (error) {
      if (over) return;
      report(error);
      answer((core, now) => core.recordUnreadable(now));
    }
  }

  /** The core calls this while it is borrowed: take note, do nothing. */
  const host = {
    changeRecord: (effect: number) => push(() => void changeRecord(effect)),
    readRecord: () => push(() => void readRecord()),
    leave: (state: string, challenge: string | undefined) =>
      push(() => {
        about = state;
        const waiting = leaving;
        leaving = undefined;
        settings
          .address({ state: state + tag, codeChallenge: challenge ?? null })
          .then(waiting?.resolve, waiting?.reject ?? report);
      }),
    exchange: (effect: number, state: string, code: string, verifier: string | undefined) =>
      push(() =>
        request(
          effect,
          async (signal) => {
            const { redirectUri } = settings;
            const codeVerifier = verifier ?? null;
            const answer = await settings.exchange({ code, state: state + tag, codeVerifier, redirectUri }, signal);
            if (typeof answer === 'string') return answer;
            const { status } = toObject(answer, InputError, 'exchange');
            if (!Number.isInteger(status)) throw new InputError('not_a_status', 'exchange.status');
            return { status: status as number, body: await text(answer) };
          },
          (given) =>
            handle((core, now) =>
              typeof given === 'string'
                ? core.exchangeAnswered(effect, given, now)
                : core.exchangeReplied(effect, given.status, given.body, now),
            ),
          () => answer((core, now) => core.exchangeLost(effect, now)),
        ),
      ),
    askStatus: (effect: number, state: string) =>
      push(() =>
        request<unknown>(
          effect,
          (signal) => settings.connected({ state: state + tag }, signal),
          (given) => {
            if (typeof given !== 'boolean') throw new PortError('not_a_boolean', 'connected');
            handle((core, now) => core.statusAnswered(effect, given, now));
          },
          () => answer((core, now) => core.statusAnswered(effect, undefined, now)),
        ),
      ),
    abortRequest: (effect: number) => push(() => abort(effect)),
    startTimer: (effect: number, delay: number) =>
      push(() => around.startTimer(effect, delay, () => answer((core, now) => core.timerFired(effect, now)))),
    cancelTimer: (effect: number) => push(() => around.cancelTimer(effect)),
  };

  // ------------------------------------------------------------------------------------------------ its life

  /** Loads the module, once. */
  function start(): Promise<Core<WasmOneTimeCode>> {
    if (over) return Promise.reject(over);
    starting ??= (async () => {
      try {
        await init();
        if (over) throw over as PayonceError;
        listen();
        page.addEventListener?.('pagehide', deafen);
        page.addEventListener?.('pageshow', pageshow);
        page.addEventListener?.('online', online);
        return make();
      } catch (error) {
        starting = undefined; // the network may have been gone
        throw error;
      }
    })();
    return starting;
  }

  function make(): Core<WasmOneTimeCode> {
    const { pkce, issuer, lifetime, maxAway, retry } = settings;
    const made = alive(() => new WasmOneTimeCode(host, retry, pkce, issuer, lifetime, maxAway), died);
    core = made;
    return made;
  }

  /** A panic (rule E3). What had been claimed is in the record, and a fresh core asks what became of it. */
  function died(error: InternalError): void {
    if (over) return;
    core = undefined;
    lives += 1;
    around.letGo();
    leaving?.reject(error);
    leaving = undefined;
    if (lives > LIVES) {
      end(error);
      return;
    }
    packed = -1;
    queueMicrotask(() => {
      try {
        if (over) return;
        make();
        handle((core, now) => core.resumed(about, now));
      } catch (fault) {
        report(fault);
      }
    });
  }

  function end(why: PayonceError): void {
    if (over) return;
    over = why;
    around.end();
    deafen();
    page.removeEventListener?.('pagehide', deafen);
    page.removeEventListener?.('pageshow', pageshow);
    page.removeEventListener?.('online', online);
    around.letGo();
    leaving?.reject(why);
    leaving = undefined;
    core?.free();
    rest();
    call('journal.close', () => journal.close?.());
  }

  function listen(): void {
    deafen();
    call('journal.changed', () => {
      unlisten = journal.changed?.(() => void readRecord());
    });
  }

  /** A page that listens does not get into the back/forward cache. */
  function deafen(): void {
    const stop = unlisten;
    unlisten = undefined;
    if (stop) call('journal.changed', stop);
  }

  const pageshow = ({ persisted }: PageTransitionEvent): void => {
    if (!persisted || over) return;
    listen();
    answer((core, now) => core.pageRestored(now));
  };
  const online = (): unknown => answer((core, now) => core.cameOnline(now));

  // ------------------------------------------------------------------------------------------------ there and back

  async function begin(): Promise<string> {
    await start();
    if (leave && leaving) return leave; // a second click
    const going = new Promise<string>((resolve, reject) => {
      leaving = { resolve, reject };
    });
    leave = going;
    fault = undefined;
    const waiting = leaving;
    const settle = (): void => {
      if (leaving !== waiting || snapshot.state === 'beginning') return;
      leaving = undefined;
      waiting?.reject(fault ?? new InputError('flow_under_way'));
    };
    const stop = subscribe(settle);
    try {
      if (!handle((core, now) => core.begin(now))) settle();
      return await going;
    } finally {
      stop();
    }
  }

  async function handleReturn(url?: string | URL, options: ReturnOptions = {}): Promise<OneTimeCodeSnapshot> {
    if (over) throw over;
    const found = read(url, options); // before anything is awaited
    if (!found) return snapshot;
    if (found.state !== undefined) about = found.state;
    if (snapshot === IDLE) {
      snapshot = LOOKING;
      tell();
    }
    try {
      await start();
    } catch (error) {
      if (over) return snapshot;
      if (snapshot === LOOKING) snapshot = IDLE;
      tell();
      throw error;
    }
    const { parameters } = found;
    const taken = handle((core, now) => {
      if (!parameters) return core.resumed(found.state, now);
      const { state, code, error, iss, repeated } = parameters;
      return core.returned(state, code, error, iss, repeated, found.receivedAt ?? 0, now);
    });
    if (parameters && url === undefined && taken) await claimed();
    if (BUSY.includes(snapshot.state)) await new Promise<void>((resolve) => resting.add(resolve));
    return snapshot;
  }

  /** Whether this page may send the code is decided: the history entry need not keep it any longer. */
  async function claimed(): Promise<void> {
    if (snapshot.state === 'claiming') {
      await new Promise<void>((resolve) => {
        const stop = subscribe(() => {
          if (snapshot.state === 'claiming') return;
          stop();
          resolve();
        });
        resting.add(resolve); // disposed
      });
    }
    if (!over) forgetAnswer(key);
  }

  /** What the address says; undefined where there is none. */
  function read(url: string | URL | undefined, options: ReturnOptions): Visit | undefined {
    const { receivedAt, ...unknown } = toObject(options, InputError, 'options') as ReturnOptions;
    for (const name of Object.keys(unknown)) throw new InputError('unknown_option', `options.${name}`);
    if (receivedAt !== undefined && !(receivedAt >= 0)) throw new InputError('number_invalid', 'options.receivedAt');
    const known = receivedAt === undefined ? {} : { receivedAt };
    if (url === undefined) {
      return typeof location === 'undefined' ? undefined : { ...visit(settings), ...known };
    }
    let parsed: URL;
    try {
      parsed = new URL(url);
    } catch {
      throw new InputError('not_a_url', 'url');
    }
    const parameters = answerIn(parsed, settings);
    return parameters ? { state: parameters.state, parameters, receivedAt: time(), ...known } : { state: undefined };
  }

  function subscribe(listener: () => void): () => void {
    if (over) throw over;
    return around.subscribe(listener);
  }

  return Object.freeze<OneTimeCode>({
    getSnapshot: () => snapshot,
    subscribe,
    begin,
    handleReturn,
    checkAgain: () => handle((core, now) => core.checkAgain(now)),
    exportLog() {
      if (over) throw over;
      return core ? core.ask((core) => core.exportLog(), InputError) : '{"dropped":0,"entries":[]}';
    },
    dispose: () => end(new DisposedError()),
  });
}

/** What is wrong with a record; undefined where it can be read. */
function flaw(record: string): PayonceError | undefined {
  try {
    guarded(() => checkFlows(record), JournalError);
    return undefined;
  } catch (error) {
    if (error instanceof JournalError) return error;
    throw error;
  }
}
