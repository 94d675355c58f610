/** What the tests of the driver share: ports whose answers the test gives, and time that the test moves. */

import { vi } from 'vitest';
import {
  type AttemptRequest,
  type Cart,
  type Checkout,
  type CheckoutOptions,
  type Clock,
  createCheckout,
  type DiscardRequest,
  type HttpReply,
  type Journal,
  type Merchant,
  type Outcome,
  type RequiredAction,
  type SettleAnswer,
  type SettleRequest,
} from '../src/index.js';
import { type MockWallet, mockWallet } from '../src/wallets/mock.js';

export const CART: Cart = {
  currency: 'USD',
  lines: [{ id: 'mug', quantity: 2, unitAmount: 1250, name: 'Mug' }],
  adjustments: [{ kind: 'shipping', amount: 500 }],
  total: 3000,
};

export const OTHER_CART: Cart = { ...CART, lines: [{ id: 'mug', quantity: 3, unitAmount: 1250 }], total: 4250 };

/** Lets everything run that waits for nothing but promises. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A request that waits for the test's answer. */
export class Call<Request, Answer> {
  readonly request: Request;
  readonly signal: AbortSignal;
  readonly promise: Promise<Answer>;
  resolve!: (answer: Answer) => void;
  reject!: (error: unknown) => void;

  constructor(request: Request, signal: AbortSignal) {
    this.request = request;
    this.signal = signal;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/** A merchant that never answers by itself. It ignores abort signals: the driver must do without. */
export class TestMerchant implements Merchant {
  readonly profile: Merchant['profile'];
  readonly sends: Call<AttemptRequest, HttpReply | Outcome>[] = [];
  readonly settles: Call<SettleRequest, HttpReply | SettleAnswer>[] = [];
  readonly discards: Call<DiscardRequest, void>[] = [];
  readonly actions: Call<RequiredAction, boolean>[] = [];

  constructor(profile: Merchant['profile'] = 'ietf') {
    this.profile = profile;
  }

  send(request: AttemptRequest, signal: AbortSignal): Promise<HttpReply | Outcome> {
    return add(this.sends, request, signal);
  }

  settle(request: SettleRequest, signal: AbortSignal): Promise<HttpReply | SettleAnswer> {
    return add(this.settles, request, signal);
  }

  discard(request: DiscardRequest, signal: AbortSignal): Promise<void> {
    return add(this.discards, request, signal);
  }

  performAction(request: RequiredAction, signal: AbortSignal): Promise<boolean> {
    return add(this.actions, request, signal);
  }
}

function add<Q, A>(calls: Call<Q, A>[], request: Q, signal: AbortSignal): Promise<A> {
  const call = new Call<Q, A>(request, signal);
  calls.push(call);
  return call.promise;
}

/** The last of `items`, which must not be empty. */
export function last<T>(items: readonly T[]): T {
  const item = items.at(-1);
  if (item === undefined) throw new Error('there is none');
  return item;
}

/** Time that stands still until the test moves it. */
export class TestClock implements Clock {
  time = 1_750_000_000_000;
  readonly timers = new Map<number, { at: number; callback: () => void; delay: number }>();
  #last = 0;

  now(): number {
    return this.time;
  }

  setTimeout(callback: () => void, delay: number): number {
    this.#last += 1;
    this.timers.set(this.#last, { at: this.time + delay, callback, delay });
    return this.#last;
  }

  clearTimeout(handle: unknown): void {
    this.timers.delete(handle as number);
  }

  /** Moves on by `ms`, firing what is due on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settled();
      const [next] = [...this.timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (!next) break;
      const [handle, { at, callback }] = next;
      this.timers.delete(handle);
      this.time = at;
      callback();
    }
    this.time = end;
    await settled();
  }
}

/** A journal that keeps every record it was given. */
export function recordingJournal(): Journal & { readonly records: string[] } {
  const records: string[] = [];
  return {
    durable: true,
    records,
    read: () => Promise.resolve(records.at(-1) ?? null),
    async update(change) {
      records.push(change(records.at(-1) ?? null));
    },
  };
}

export interface Bench {
  readonly checkout: Checkout;
  readonly merchant: TestMerchant;
  readonly wallet: MockWallet;
  readonly clock: TestClock;
  /** Reports to the page's error handling. */
  readonly reported: unknown[];
}

const open: Checkout[] = [];

/** A checkout with ports in the test's hand. */
export async function bench(options: Partial<CheckoutOptions> = {}): Promise<Bench> {
  const reported: unknown[] = [];
  vi.stubGlobal('reportError', (error: unknown) => void reported.push(error));
  // Any other merchant or wallet is in the test's own hands.
  const merchant = (options.merchant ?? new TestMerchant()) as TestMerchant;
  const wallet = (options.wallet ?? mockWallet()) as MockWallet;
  const clock = new TestClock();
  const checkout = await createCheckout({ clock, ...options, merchant, wallet });
  open.push(checkout);
  await settled();
  return { checkout, merchant, wallet, clock, reported };
}

/** A bench whose shopper has just approved: the first send is out. */
export async function paying(options: Parameters<typeof bench>[0] = {}, token = 'tok_first'): Promise<Bench> {
  const made = await bench(options);
  made.checkout.setCart(CART);
  made.checkout.openSheet();
  made.wallet.approve(token);
  await settled();
  return made;
}

/** Lets go of every checkout that the test made: the page's lock must be free for the next one. */
export async function disposeAll(): Promise<void> {
  for (const checkout of open.splice(0)) checkout.dispose();
  await settled();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
}

/** What the log says the machine's state is. */
export function loggedState(checkout: Checkout): string {
  const { entries } = JSON.parse(checkout.exportLog()) as { entries: { to: string }[] };
  return last(entries).to;
}
