import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type Cart,
  CartError,
  ConfigError,
  createCheckout,
  DisposedError,
  httpMerchant,
  InputError,
  init,
  type Journal,
  JournalError,
  type Lock,
  memoryJournal,
  PayonceError,
  PortError,
  type Sheet,
  type Wallet,
} from '../src/index.js';
import { mockWallet } from '../src/wallets/mock.js';
import { WasmCheckout } from '../wasm/payonce.js';
import {
  bench,
  CART,
  disposeAll,
  last,
  loggedState,
  OTHER_CART,
  paying,
  recordingJournal,
  settled,
  TestClock,
  TestMerchant,
} from './harness.js';

beforeAll(() => init());
afterEach(disposeAll);

/** What `call` threw. */
function thrown(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('no error was thrown');
}

describe('the snapshot', () => {
  it('is the same object until something changed, and frozen to the core', async () => {
    const { checkout } = await bench();
    const empty = checkout.getSnapshot();
    expect(checkout.getSnapshot()).toBe(empty);
    expect(checkout.openSheet()).toBe(false); // nothing to pay
    expect(checkout.getSnapshot()).toBe(empty);

    checkout.setCart(CART);
    const ready = checkout.getSnapshot();
    expect(ready).not.toBe(empty);
    checkout.setCart({ ...CART, lines: [...CART.lines] });
    expect(checkout.getSnapshot()).toBe(ready);
    expect(ready).toMatchObject({
      state: 'ready',
      canPay: true,
      canCheck: false,
      online: true,
      cartWaiting: false,
      summary: { ...CART, cartHash: ready.session?.cartHash, decimals: 2 },
      attempt: null,
      receipt: null,
      notices: [],
      spent: [],
    });

    const parts: unknown[] = [ready];
    for (const part of parts) {
      if (typeof part !== 'object' || part === null) continue;
      expect(Object.isFrozen(part)).toBe(true);
      parts.push(...(Object.values(part) as unknown[]));
    }
    expect(parts.length).toBeGreaterThan(20);
  });

  it('keeps the parts that did not change', async () => {
    const { checkout } = await bench();
    checkout.setCart(CART);
    const ready = checkout.getSnapshot();
    checkout.openSheet();
    const open = checkout.getSnapshot();
    expect(open).not.toBe(ready);
    expect(open.summary).toBe(ready.summary);
    expect(open.session).toBe(ready.session);
  });

  it('names every state as the core does', async () => {
    const seen = new Set<string>();
    const watch = (checkout: Awaited<ReturnType<typeof bench>>['checkout']): void => {
      const look = (): void => {
        const { state } = checkout.getSnapshot();
        expect(loggedState(checkout)).toBe(state);
        seen.add(state);
      };
      look();
      checkout.subscribe(look);
    };

    const paid = await bench();
    watch(paid.checkout);
    paid.checkout.setCart(CART);
    paid.checkout.openSheet();
    paid.wallet.approve();
    await settled();
    last(paid.merchant.sends).resolve({ outcome: 'ambiguous' }); // no cause to resend: settle
    await settled();
    last(paid.merchant.settles).resolve({ outcome: 'approved' });
    await settled();
    paid.checkout.dispose();

    const resent = await paying();
    watch(resent.checkout);
    last(resent.merchant.sends).reject(new TypeError('fetch failed'));
    await settled();
    resent.checkout.dispose();

    const challenged = await paying();
    watch(challenged.checkout);
    last(challenged.merchant.sends).resolve({ outcome: 'action_required', action: { kind: 'challenge' } });
    await settled();
    challenged.checkout.dispose();

    const refused = await paying();
    watch(refused.checkout);
    last(refused.merchant.sends).resolve({ outcome: 'rejected', code: 'session_discarded', mayRetry: false });
    await settled();
    refused.checkout.dispose();

    const unresolved = await paying({ retry: { maxSettles: 1 } });
    watch(unresolved.checkout);
    last(unresolved.merchant.sends).resolve({ status: 200, body: '<html>' });
    await settled();
    last(unresolved.merchant.settles).resolve({ outcome: 'pending' });
    await settled();
    unresolved.checkout.dispose();

    const blocked = await bench({
      lock: { acquire: () => Promise.resolve(false), whenFree: () => new Promise(() => {}), release: () => {} },
    });
    watch(blocked.checkout);
    blocked.checkout.setCart(CART);
    blocked.checkout.openSheet();
    blocked.wallet.approve();
    await settled();

    expect([...seen].toSorted()).toEqual(
      [
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
      ].toSorted(),
    );
  });
});

describe('a payment', () => {
  it('goes from the cart to the receipt', async () => {
    const { checkout, merchant, wallet } = await bench();
    checkout.setCart(CART, { providerRef: 'pi_1' });
    expect(checkout.openSheet()).toBe(true);
    expect(wallet.summary).toBe(checkout.getSnapshot().summary);
    wallet.approve('tok_1');
    await settled();
    expect(checkout.getSnapshot()).toMatchObject({ state: 'sending', attempt: { sends: 1 } });

    const { request } = last(merchant.sends);
    const snapshot = checkout.getSnapshot();
    expect(request).toMatchObject({
      key: snapshot.attempt?.key,
      session: snapshot.session?.id,
      cartHash: snapshot.session?.cartHash,
      providerRef: 'pi_1',
      headers: { 'Idempotency-Key': `"${snapshot.attempt?.key}"` },
      send: 1,
    });
    expect(JSON.parse(request.body)).toMatchObject({
      cart: { currency: 'USD', total: 3000 },
      cartHash: request.cartHash,
      token: 'tok_1',
      providerRef: 'pi_1',
    });
    last(merchant.sends).resolve({ status: 200, body: '{"outcome":"approved","reference":"ch_1"}' });
    await settled();
    expect(checkout.getSnapshot()).toMatchObject({
      state: 'succeeded',
      receipt: { key: request.key, session: request.session, reference: 'ch_1', paid: { total: 3000 } },
      notices: [{ code: 'payment_received', severity: 'success' }],
    });
    expect(wallet).toMatchObject({ isOpen: false, result: 'success' });
    expect(checkout.acknowledge()).toBe(true);
    expect(checkout.getSnapshot().state).toBe('empty');
  });

  it('asks the open sheet for another token after a decline, and takes the next attempt under another key', async () => {
    const { merchant, wallet, checkout } = await paying();
    last(merchant.sends).resolve({ outcome: 'declined', code: 'insufficient_funds' });
    await settled();
    expect(checkout.getSnapshot()).toMatchObject({
      state: 'sheet_open',
      notices: [{ code: 'payment_declined', params: { reason: 'insufficient_funds', advice: 'try_again_later' } }],
    });
    expect(wallet.retryReason).toEqual(checkout.getSnapshot().notices[0]);
    expect(Object.isFrozen(wallet.retryReason)).toBe(true);
    wallet.approve('tok_first'); // the spent one
    await settled();
    expect(merchant.sends).toHaveLength(1);
    wallet.approve('tok_second');
    await settled();
    expect(merchant.sends).toHaveLength(2);
    expect(last(merchant.sends).request.key).not.toBe(merchant.sends[0]?.request.key);
  });

  it('closes a sheet that cannot ask again', async () => {
    const { merchant, wallet, checkout } = await paying({ wallet: mockWallet({ retriesInPlace: false }) });
    last(merchant.sends).resolve({ outcome: 'declined', code: 'expired_card' });
    await settled();
    expect(wallet.isOpen).toBe(false);
    expect(checkout.getSnapshot().state).toBe('ready');
  });

  it('resends with the same bytes when the time has come, and not before', async () => {
    const { merchant, clock, checkout } = await paying({ retry: { jitter: 'additive', base: 1000 } });
    last(merchant.sends).reject(new TypeError('fetch failed'));
    await settled();
    expect(checkout.getSnapshot().state).toBe('waiting');
    await clock.advance(999);
    expect(merchant.sends).toHaveLength(1);
    await clock.advance(1001);
    expect(merchant.sends).toHaveLength(2);
    const [first, second] = merchant.sends.map(({ request }) => request);
    expect(second).toEqual({ ...first, send: 2 });
  });

  it('ends a send that never settles, and does not listen to it any more', async () => {
    const { merchant, clock, checkout } = await paying({ retry: { sendTimeout: 3000, maxRetries: 0 } });
    await clock.advance(3000);
    const [send] = merchant.sends;
    expect(send?.signal.aborted).toBe(true);
    expect(checkout.getSnapshot().state).toBe('settling');
    const log = checkout.exportLog();
    send?.resolve({ outcome: 'declined', code: 'expired_card' });
    await settled();
    expect(checkout.exportLog()).toBe(log);
  });

  it('lets the merchant port perform what the provider asks for', async () => {
    const { merchant, checkout } = await paying();
    const body = '{"outcome":"action_required","action":{"kind":"challenge","url":"/challenges/1"}}';
    last(merchant.sends).resolve({ status: 200, body });
    await settled();
    expect(last(merchant.actions).request).toEqual({
      key: last(merchant.sends).request.key,
      kind: 'challenge',
      action: { kind: 'challenge', url: '/challenges/1' },
    });
    last(merchant.actions).resolve(true);
    await settled();
    expect(checkout.getSnapshot().state).toBe('settling'); // only the merchant knows
    last(merchant.settles).resolve({ outcome: 'approved' });
    await settled();
    expect(checkout.getSnapshot().state).toBe('succeeded');
  });

  it('tells the merchant of a session that is over', async () => {
    const { merchant, checkout, clock } = await bench();
    checkout.setCart(CART, { providerRef: 'pi_1' });
    const session = checkout.getSnapshot().session?.id;
    checkout.setCart(OTHER_CART);
    await settled();
    expect(last(merchant.discards).request).toEqual({ session, providerRef: 'pi_1' });
    last(merchant.discards).reject(new Error('HTTP 503'));
    await clock.advance(10_000);
    expect(merchant.discards).toHaveLength(2);
    last(merchant.discards).resolve();
    await clock.advance(100_000);
    expect(merchant.discards).toHaveLength(2);
  });

  it('shows a cart that changed inside the sheet', async () => {
    const { wallet, checkout } = await bench();
    checkout.setCart(CART);
    checkout.openSheet();
    wallet.changeCart(OTHER_CART);
    expect(wallet.summary).toMatchObject({ total: 4250 });
    expect(wallet.summary).toBe(checkout.getSnapshot().summary);
    const error = thrown(() => wallet.changeCart({ ...CART, total: -1 }));
    expect(error).toBeInstanceOf(CartError);
    expect(error).toMatchObject({ path: 'total' });
    expect(wallet.summary?.total).toBe(4250);
  });

  it('takes an outcome from outside', async () => {
    const { checkout, merchant } = await paying();
    const { key } = last(merchant.sends).request;
    expect(checkout.reportOutcome(crypto.randomUUID(), { outcome: 'approved' })).toBe(false);
    expect(checkout.reportOutcome(key, { outcome: 'approved', reference: 'ch_9' })).toBe(true);
    expect(checkout.getSnapshot()).toMatchObject({ state: 'succeeded', receipt: { reference: 'ch_9' } });
    expect(last(merchant.sends).signal.aborted).toBe(true);
  });
});

describe('S1: the sheet', () => {
  it('is opened within the click', async () => {
    const { checkout, wallet } = await bench();
    checkout.setCart(CART);
    expect(wallet.opened).toBe(0);
    checkout.openSheet();
    expect(wallet.opened).toBe(1);
    expect(checkout.openSheet()).toBe(false);
    expect(wallet.opened).toBe(1);
  });

  it('is opened within the click of a listener, too', async () => {
    const { checkout, wallet } = await bench();
    const openings: number[] = [];
    checkout.subscribe(() => {
      if (checkout.getSnapshot().state !== 'ready') return;
      checkout.openSheet();
      openings.push(wallet.opened);
    });
    checkout.setCart(CART);
    expect(openings).toEqual([1]);
    expect(checkout.getSnapshot().state).toBe('sheet_open');
  });

  it.each<[string, () => void]>([
    [
      'throws',
      () => {
        throw new TypeError('tok_secret');
      },
    ],
    ['rejects', () => Promise.reject(new TypeError('tok_secret'))],
  ])('counts as failed where opening it %s', async (_, open) => {
    const wallet = mockWallet();
    vi.spyOn(wallet, 'open').mockImplementation(open);
    const { checkout, reported } = await bench({ wallet });
    checkout.setCart(CART);
    expect(checkout.openSheet()).toBe(true);
    await settled();
    expect(checkout.getSnapshot()).toMatchObject({ state: 'ready', notices: [{ code: 'sheet_unavailable' }] });
    expect(reported).toEqual([expect.objectContaining({ code: 'port_failed', path: 'wallet.open' })]);
    expect(reported[0]).toBeInstanceOf(PortError);
    expect(String(reported[0])).toContain('TypeError');
    expect(String(reported[0])).not.toContain('tok_secret');
  });

  it.each(['update', 'retry'] as const)('counts as failed where it breaks in %s', async (method) => {
    const wallet = mockWallet();
    vi.spyOn(wallet, method).mockImplementation(() => {
      throw new Error('broken');
    });
    const { checkout, merchant } = await bench({ wallet });
    checkout.setCart(CART);
    checkout.openSheet();
    if (method === 'update') {
      wallet.changeCart(OTHER_CART);
    } else {
      wallet.approve();
      await settled();
      last(merchant.sends).resolve({ outcome: 'declined', code: 'expired_card' });
      await settled();
    }
    expect(checkout.getSnapshot()).toMatchObject({ state: 'ready', notices: [{ code: 'sheet_unavailable' }] });
  });

  it('may report that it is busy, and reports of a sheet that is over are harmless', async () => {
    const sheets: Sheet[] = [];
    const wallet: Wallet = { ...quietWallet(), open: (sheet) => void sheets.push(sheet) };
    const { checkout } = await bench({ wallet });
    checkout.setCart(CART);
    checkout.openSheet();
    sheets[0]?.busy();
    expect(checkout.getSnapshot()).toMatchObject({ state: 'ready', notices: [{ code: 'another_sheet_open' }] });
    checkout.openSheet();
    const open = checkout.getSnapshot();
    for (const report of ['busy', 'failed', 'cancelled'] as const) sheets[0]?.[report]();
    sheets[0]?.tokenReceived({ token: 'tok_late' });
    sheets[0]?.cartChanged(OTHER_CART);
    expect(checkout.getSnapshot()).toBe(open);
    expect(open.state).toBe('sheet_open');
  });
});

function quietWallet(): Wallet {
  return { retriesInPlace: true, open() {}, retry() {}, update() {}, complete() {}, close() {} };
}

describe('E4: callbacks', () => {
  it('are told once an event, when all effects are run, and only of a change', async () => {
    const { checkout, wallet } = await bench();
    const calls: string[] = [];
    checkout.subscribe(() => calls.push(`${checkout.getSnapshot().state} ${wallet.isOpen}`));
    checkout.setCart(CART);
    checkout.setCart(CART);
    checkout.openSheet();
    checkout.openSheet();
    wallet.cancel();
    expect(calls).toEqual(['ready false', 'sheet_open true', 'ready false']);
  });

  it('may call back while effects run: one notification in the end', async () => {
    const order: string[] = [];
    const wallet: Wallet = {
      ...quietWallet(),
      open(sheet) {
        order.push('open');
        expect(checkout.getSnapshot().state).toBe('sheet_open');
        sheet.cartChanged(OTHER_CART);
        expect(checkout.getSnapshot().summary?.total).toBe(4250);
        sheet.tokenReceived({ token: 'tok_at_once' });
        expect(checkout.getSnapshot().state).toBe('sending');
        order.push('opened');
      },
      update: (summary) => void order.push(`update ${summary.total}`),
    };
    const { checkout, merchant } = await bench({ wallet });
    checkout.setCart(CART);
    checkout.subscribe(() => order.push(`told ${checkout.getSnapshot().state}`));
    expect(checkout.openSheet()).toBe(true);
    expect(order).toEqual(['open', 'opened', 'update 4250', 'told sending']);
    await settled();
    expect(JSON.parse(last(merchant.sends).request.body)).toMatchObject({ cart: { total: 4250 } });
  });

  it('may change things while they are told: the rest is told of the last state alone', async () => {
    const { checkout } = await bench();
    const first: unknown[] = [];
    const second: unknown[] = [];
    checkout.subscribe(() => {
      first.push(checkout.getSnapshot().summary?.total);
      if (checkout.getSnapshot().summary?.total === 3000) checkout.setCart(OTHER_CART);
    });
    checkout.subscribe(() => second.push(checkout.getSnapshot().summary?.total));
    checkout.setCart(CART);
    expect(first).toEqual([3000, 4250]);
    expect(second).toEqual([4250]);
  });

  it('that throw stop nobody', async () => {
    const { checkout, wallet, reported } = await bench();
    const faults = [new Error('first'), new Error('second')];
    const told = vi.fn();
    for (const fault of faults) {
      checkout.subscribe(() => {
        throw fault;
      });
    }
    checkout.subscribe(told);
    checkout.setCart(CART);
    expect(told).toHaveBeenCalledTimes(1);
    expect(reported).toEqual(faults);
    expect(checkout.openSheet()).toBe(true);
    expect(wallet.isOpen).toBe(true);
    expect(told).toHaveBeenCalledTimes(2);
  });

  it('survive an error handler that throws', async () => {
    const { checkout, wallet } = await bench();
    vi.stubGlobal('reportError', () => {
      throw new Error('not my day');
    });
    checkout.subscribe(() => {
      throw new Error('nor mine');
    });
    checkout.setCart(CART);
    checkout.openSheet();
    expect(wallet.isOpen).toBe(true);
  });

  it('are reported to the console where the page has no error handling', async () => {
    const { checkout } = await bench();
    vi.stubGlobal('reportError', undefined);
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const fault = new Error('once');
    checkout.subscribe(() => {
      throw fault;
    });
    checkout.setCart(CART);
    expect(error).toHaveBeenCalledExactlyOnceWith(fault);
  });

  it('may unsubscribe each other, subscribe twice, and stop twice', async () => {
    const { checkout } = await bench();
    const listener = vi.fn();
    const stopped = vi.fn();
    checkout.subscribe(() => stop());
    const stop = checkout.subscribe(stopped);
    const stopFirst = checkout.subscribe(listener);
    checkout.subscribe(listener);
    checkout.setCart(CART);
    expect(stopped).not.toHaveBeenCalled();
    expect(listener).toHaveBeenCalledTimes(2);
    stopFirst();
    stopFirst();
    checkout.setCart(OTHER_CART);
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it('get functions that need no checkout around them', async () => {
    const { checkout } = await bench();
    const { getSnapshot, subscribe, setCart, openSheet, dispose } = checkout;
    const listener = vi.fn();
    subscribe(listener);
    setCart(CART);
    expect(openSheet()).toBe(true);
    expect(getSnapshot().state).toBe('sheet_open');
    expect(listener).toHaveBeenCalledTimes(2);
    dispose();
  });
});

describe('dispose', () => {
  it('lets go of everything, once', async () => {
    const free = vi.spyOn(WasmCheckout.prototype, 'free');
    const target = new EventTarget();
    const remove = vi.fn(target.removeEventListener.bind(target));
    vi.stubGlobal('addEventListener', target.addEventListener.bind(target));
    vi.stubGlobal('removeEventListener', remove);
    const { checkout, merchant, wallet, clock, reported } = await paying();
    const listener = vi.fn();
    const stop = checkout.subscribe(listener);
    const before = checkout.getSnapshot();
    expect(clock.timers.size).toBeGreaterThan(0);
    checkout.dispose();
    checkout.dispose();
    expect(free).toHaveBeenCalledTimes(1);
    expect(clock.timers.size).toBe(0);
    expect(wallet).toMatchObject({ isOpen: false, result: null });
    expect(last(merchant.sends).signal.aborted).toBe(true);
    expect(remove.mock.calls.map(([name]) => name).toSorted()).toEqual(['offline', 'online', 'pagehide', 'pageshow']);

    // Whatever comes now is dropped.
    target.dispatchEvent(new Event('offline'));
    last(merchant.sends).resolve({ outcome: 'approved' });
    await settled();
    stop();
    expect(checkout.getSnapshot()).toBe(before);
    expect(listener).not.toHaveBeenCalled();
    expect(reported).toEqual([]);
  });

  it('leaves nothing but the last snapshot', async () => {
    const { checkout } = await bench();
    checkout.setCart(CART);
    checkout.dispose();
    expect(checkout.getSnapshot().state).toBe('ready');
    const calls: (() => unknown)[] = [
      () => checkout.setCart(CART),
      () => checkout.setCart(null),
      () => checkout.openSheet(),
      () => checkout.checkAgain(),
      () => checkout.acknowledge(),
      () => checkout.reportOutcome('key', { outcome: 'approved' }),
      () => checkout.exportLog(),
      () => checkout.subscribe(() => {}),
    ];
    for (const call of calls) {
      const error = thrown(call);
      expect(error).toBeInstanceOf(DisposedError);
      expect(error).toMatchObject({ code: 'disposed', path: null });
    }
  });

  it('takes what a sheet reports while it is closed, and after', async () => {
    const sheets: Sheet[] = [];
    const close = vi.fn(() => sheets[0]?.cancelled());
    const wallet: Wallet = { ...quietWallet(), open: (sheet) => void sheets.push(sheet), close };
    const { checkout, reported } = await bench({ wallet });
    checkout.setCart(CART);
    checkout.openSheet();
    checkout.dispose();
    expect(close).toHaveBeenCalledTimes(1);
    sheets[0]?.tokenReceived({ token: 'tok_late' });
    sheets[0]?.cartChanged(OTHER_CART);
    sheets[0]?.failed();
    expect(reported).toEqual([]);
  });

  it('closes no sheet that is closed already', async () => {
    const { checkout, wallet } = await bench();
    const close = vi.spyOn(wallet, 'close');
    checkout.setCart(CART);
    checkout.openSheet();
    wallet.cancel();
    checkout.dispose();
    expect(close).not.toHaveBeenCalled();
  });

  it.each(['listener', 'port'])('may be called from a %s', async (from) => {
    const wallet = mockWallet();
    const { checkout, reported } = await bench({ wallet });
    const later = vi.fn();
    checkout.setCart(CART);
    if (from === 'port') vi.spyOn(wallet, 'open').mockImplementation(() => checkout.dispose());
    else checkout.subscribe(() => checkout.dispose());
    checkout.subscribe(later);
    expect(checkout.openSheet()).toBe(true);
    await settled();
    expect(later).not.toHaveBeenCalled();
    expect(thrown(() => checkout.openSheet())).toBeInstanceOf(DisposedError);
    expect(reported).toEqual([]);
  });

  it('leaves the open attempt to the next checkout, which settles it under the same key', async () => {
    const journal = memoryJournal();
    const before = await paying({ journal });
    const { key } = last(before.merchant.sends).request;
    before.checkout.dispose();
    await settled();
    const after = await bench({ journal });
    expect(after.checkout.getSnapshot().state).toBe('settling');
    expect(last(after.merchant.settles).request.key).toBe(key);
    expect(after.merchant.sends).toEqual([]);
    last(after.merchant.settles).resolve({ outcome: 'approved' });
    await settled();
    expect(after.checkout.getSnapshot()).toMatchObject({ state: 'succeeded', receipt: { key } });
  });
});

describe('E1: malformed input', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const secret = 'tok_4242424242424242';

  it.each<[string, unknown, string, string | null]>([
    ['a cycle', cyclic, 'not_json', null],
    ['a BigInt', { ...CART, total: 3000n }, 'not_json', null],
    ['a function', () => CART, 'not_json', null],
    ['nothing', undefined, 'not_json', null],
    ['a text', 'cart', 'wrong_type', null],
    ['an array', [CART], 'wrong_type', null],
    ['a fraction', { ...CART, total: 30.5 }, 'not_an_integer', 'total'],
    ['NaN', { ...CART, total: Number.NaN }, 'wrong_type', 'total'],
    ['a hole', { ...CART, total: undefined }, 'missing_field', 'total'],
    ['a misspelt field', { ...CART, totl: 3000 }, 'unknown_field', 'totl'],
    ['no such currency', { ...CART, currency: secret }, 'unknown_currency', 'currency'],
    [
      'a bad line',
      { ...CART, lines: [CART.lines[0], { id: 'x', quantity: 0, unitAmount: 1 }] },
      'out_of_range',
      'lines[1].quantity',
    ],
  ])('%s is no cart', async (_, cart, code, path) => {
    const { checkout } = await bench();
    checkout.setCart(OTHER_CART);
    const before = checkout.getSnapshot();
    const error = thrown(() => checkout.setCart(cart as Cart));
    expect(error).toBeInstanceOf(CartError);
    expect(error).toBeInstanceOf(PayonceError);
    expect(error).toMatchObject({ name: 'CartError', code, path });
    expect(`${error} ${error.stack} ${JSON.stringify(error)}`).not.toContain(secret);
    expect(checkout.getSnapshot()).toBe(before);
  });

  it.each<[string, unknown, string, string | null]>([
    ['nothing', undefined, 'not_an_object', null],
    ['a plain text', secret, 'not_an_object', null],
    ['an empty one', { token: '' }, 'token_blank', 'token'],
    ['no token', {}, 'not_an_object', 'token'],
    ['a number', { token: 4242 }, 'not_an_object', 'token'],
    ['a cycle', { token: cyclic }, 'not_json', 'token'],
    ['no moment', { token: secret, expiresAt: 'soon' }, 'not_a_number', 'expiresAt'],
    ['NaN', { token: secret, expiresAt: Number.NaN }, 'not_a_number', 'expiresAt'],
    ['no hash', { token: secret, cartHash: 7 }, 'not_a_string', 'cartHash'],
    ['details that are no JSON', { token: secret, details: () => secret }, 'not_json', 'details'],
  ])('%s is no token', async (_, token, code, path) => {
    let sheet: Sheet | undefined;
    const wallet: Wallet = { ...quietWallet(), open: (opened) => void (sheet = opened) };
    const { checkout } = await bench({ wallet });
    checkout.setCart(CART);
    checkout.openSheet();
    const before = checkout.getSnapshot();
    const error = thrown(() => sheet?.tokenReceived(token as never));
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ code, path });
    expect(`${error} ${error.stack}`).not.toContain(secret);
    expect(checkout.getSnapshot()).toBe(before);
  });

  it.each<[string, unknown]>([
    ['a text', 'approved'],
    ['nothing', undefined],
    ['a reply without a body', { status: 200 }],
    ['a status that is none', { status: 'ok', body: '' }],
    ['a status that would wrap around to 200', { status: 65_736, body: '{"outcome":"approved"}' }],
  ])('%s is no answer: the outcome stays unknown', async (_, reply) => {
    const { checkout, merchant, reported } = await paying();
    last(merchant.sends).resolve(reply as never);
    await settled();
    expect(checkout.getSnapshot().state).toMatch(/^(waiting|settling)$/);
    expect(reported).toEqual([expect.any(InputError)]);
  });

  it.each([{}, { outcome: 'maybe' }, { outcome: 'ambiguous', retryAfter: 5000 }])(
    'an outcome that says nothing leaves it unknown: %j',
    async (outcome) => {
      const { checkout, merchant, reported } = await paying();
      last(merchant.sends).resolve(outcome as never);
      await settled();
      expect(checkout.getSnapshot().state).toBe('settling');
      expect(reported).toEqual([]);
    },
  );

  it('says what is wrong with the options of a cart and with a listener', async () => {
    const { checkout } = await bench();
    checkout.setCart(CART);
    const before = checkout.getSnapshot();
    for (const [options, code, path] of [
      [5, 'not_an_object', 'options'],
      [null, 'not_an_object', 'options'],
      [{ providerref: 'pi_1' }, 'unknown_option', 'options.providerref'],
      [{ providerRef: 5 }, 'not_a_string', 'providerRef'],
    ] as const) {
      const error = thrown(() => checkout.setCart(OTHER_CART, options as never));
      expect(error).toBeInstanceOf(InputError);
      expect(error).toMatchObject({ code, path });
    }
    expect(thrown(() => checkout.subscribe(undefined as never))).toMatchObject({
      code: 'not_a_function',
      path: 'listener',
    });
    expect(checkout.getSnapshot()).toBe(before);
  });

  it.each([42, {}, true, Symbol('record')])('a journal that holds %s cannot be read', async (found) => {
    const journal = { ...memoryJournal(), read: () => Promise.resolve(found as never) };
    const { checkout, reported } = await bench({ journal });
    expect(checkout.getSnapshot().state).toBe('empty');
    expect(reported).toMatchObject([{ code: 'journal_unreadable', cause: { path: 'journal.read' } }]);
  });

  it('says what is wrong with an outcome from outside', async () => {
    const { checkout, merchant } = await paying();
    const { key } = last(merchant.sends).request;
    const before = checkout.getSnapshot();
    expect(thrown(() => checkout.reportOutcome(7 as never, { outcome: 'approved' }))).toMatchObject({
      code: 'not_a_string',
      path: 'key',
    });
    expect(thrown(() => checkout.reportOutcome('7', { outcome: 'approved' }))).toMatchObject({
      code: 'key_invalid',
      path: 'key',
    });
    expect(thrown(() => checkout.reportOutcome(key, { outcome: 'paid' } as never))).toMatchObject({
      code: 'outcome_unknown',
      path: 'outcome',
    });
    expect(thrown(() => checkout.reportOutcome(key, undefined as never))).toBeInstanceOf(InputError);
    expect(checkout.getSnapshot()).toBe(before);
  });

  const ports = { merchant: new TestMerchant(), wallet: mockWallet() };
  it.each<[string, unknown, string, string | null]>([
    ['no options', undefined, 'not_an_object', null],
    ['no merchant', { wallet: mockWallet() }, 'not_an_object', 'merchant'],
    ['half a wallet', { ...ports, wallet: { retriesInPlace: true, open() {} } }, 'not_a_function', 'wallet.retry'],
    [
      'a wallet that does not say',
      { ...ports, wallet: { ...quietWallet(), retriesInPlace: 1 } },
      'not_a_boolean',
      'wallet.retriesInPlace',
    ],
    ['half a journal', { ...ports, journal: { read() {} } }, 'not_a_function', 'journal.update'],
    ['a misspelt option', { ...ports, durabilty: 'required' }, 'unknown_option', 'durabilty'],
    ['a misspelt retry option', { ...ports, retry: { maxRetry: 1 } }, 'unknown_option', 'retry.maxRetry'],
    ['an unknown durability', { ...ports, durability: 'strict' }, 'invalid_option', 'durability'],
    ['an unknown jitter', { ...ports, retry: { jitter: 'some' } }, 'jitter_unknown', 'retry.jitter'],
    ['a fraction of a try', { ...ports, retry: { maxRetries: 1.5 } }, 'number_invalid', 'retry.maxRetries'],
    ['a text for a count', { ...ports, retry: { maxRetries: '' } }, 'not_a_number', 'retry.maxRetries'],
    ['a BigInt for a time', { ...ports, retry: { base: 10n } }, 'not_a_number', 'retry.base'],
    ['a number for a name', { ...ports, retry: { jitter: 5 } }, 'not_a_string', 'retry.jitter'],
    ['a scope that is none', { ...ports, scope: 7 }, 'not_a_string', 'scope'],
    ['a callback that is none', { ...ports, recheckCart: CART }, 'not_a_function', 'recheckCart'],
    ['a negative count', { ...ports, retry: { maxRetries: -1 } }, 'number_invalid', 'retry.maxRetries'],
    [
      'an unknown profile',
      { ...ports, merchant: httpMerchant({ url: '/', profile: 'strip' as never }) },
      'profile_unknown',
      'merchant.profile',
    ],
  ])('%s makes no checkout', async (_, options, code, path) => {
    const error = await createCheckout(options as never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code, path });
  });

  it('takes retry options that are left out one way or the other', async () => {
    const { checkout } = await bench({ retry: { maxRetries: undefined as never, base: 100 } });
    expect(checkout.getSnapshot().state).toBe('empty');
  });
});

describe('T6: secrets', () => {
  it('are in the body of the send and nowhere else', async () => {
    const secrets = ['tok_S3CRET', '4242424242424242', 'ada@example.org'];
    const [token, card, email] = secrets as [string, string, string];
    const journal = recordingJournal();
    const wallet = mockWallet();
    vi.spyOn(wallet, 'complete').mockImplementation(() => {
      throw new Error(`cannot complete ${token}`);
    });
    const { checkout, clock, merchant, reported } = await bench({ journal, wallet });
    const public_: string[] = [];
    const look = (): void => void public_.push(JSON.stringify(checkout.getSnapshot()), checkout.exportLog());
    checkout.subscribe(look);
    checkout.setCart(CART);
    checkout.openSheet();
    wallet.approve({ token, details: { email, card } });
    await settled();
    for (const secret of secrets) expect(last(merchant.sends).request.body).toContain(secret);
    last(merchant.sends).reject(new Error(`could not send ${token} ${card} ${email}`));
    await settled();
    await clock.advance(10_000);
    last(merchant.sends).resolve({ outcome: 'approved', reference: token }); // a backend that echoes what it was sent
    await settled();
    look();
    expect(checkout.getSnapshot().state).toBe('succeeded');
    expect(public_.length).toBeGreaterThan(8);
    expect(journal.records.length).toBeGreaterThan(1);
    expect(reported.length).toBeGreaterThan(0);
    const everything = [...public_, ...journal.records, ...reported.map((error) => (error as Error).stack)].join('\n');
    for (const secret of secrets) {
      const at = everything.indexOf(secret);
      expect(at < 0 ? '' : everything.slice(Math.max(0, at - 80), at)).toBe('');
    }
  });

  it('T5: a token that is an object is known by its content', async () => {
    const { checkout, merchant, wallet } = await bench();
    checkout.setCart(CART);
    checkout.openSheet();
    const response = { details: { nonce: 'n1' } };
    wallet.approve({ token: response });
    await settled();
    last(merchant.sends).resolve({ outcome: 'declined', code: 'expired_card' });
    await settled();
    wallet.approve({ token: { details: { nonce: 'n1' } } }); // another object, the same token
    await settled();
    expect(merchant.sends).toHaveLength(1);
    response.details.nonce = 'n2'; // the same object, another token
    wallet.approve({ token: response });
    await settled();
    expect(merchant.sends).toHaveLength(2);
  });
});

describe('the journal', () => {
  it('is written before the first send, one record at a time', async () => {
    const events: string[] = [];
    const journal: Journal = {
      durable: true,
      read: () => Promise.resolve(null),
      async update() {
        events.push('write');
        await settled();
        events.push('written');
      },
    };
    const { checkout, merchant, wallet } = await bench({ journal });
    vi.spyOn(merchant, 'send').mockImplementation(() => {
      events.push('send');
      return Promise.resolve({ outcome: 'approved' });
    });
    checkout.setCart(CART);
    checkout.openSheet();
    wallet.approve();
    await vi.waitFor(() => expect(checkout.getSnapshot().state).toBe('succeeded'));
    for (let i = 0; i < 5; i += 1) await settled();
    expect(events.join(' ')).toMatch(/^(write written )+send( write written)+$/);
    expect(checkout.getSnapshot().durable).toBe(true);
  });

  it('that cannot be written stops a payment where it is required, and does not otherwise', async () => {
    const journal: Journal = {
      durable: true,
      read: () => Promise.resolve(null),
      update: () => Promise.reject(new Error('full')),
    };
    const required = await paying({ journal, durability: 'required' });
    expect(required.merchant.sends).toEqual([]);
    expect(required.checkout.getSnapshot().notices).toEqual([expect.objectContaining({ code: 'record_unavailable' })]);
    required.checkout.dispose();
    await settled();
    const preferred = await paying({ journal });
    expect(preferred.merchant.sends).toHaveLength(1);
    expect(preferred.checkout.getSnapshot().durable).toBe(false);
  });

  it('that throws is a journal that cannot be written', async () => {
    const journal: Journal = {
      durable: true,
      read: () => Promise.resolve(null),
      update() {
        throw new Error('no storage');
      },
    };
    const { merchant, checkout } = await paying({ journal });
    expect(merchant.sends).toHaveLength(1);
    expect(checkout.getSnapshot().durable).toBe(false);
  });

  it("D6: keeps what another tab wrote: a tab that does not pay wipes out nobody's open attempt", async () => {
    const journal = memoryJournal();
    const idle = await bench({ journal });
    idle.checkout.setCart(CART, { providerRef: 'pi_idle' });
    const payer = await paying({ journal });
    const { key } = last(payer.merchant.sends).request;
    idle.checkout.setCart(OTHER_CART); // a record without an open attempt, and with a session to discard
    await settled();
    const stored = JSON.parse((await journal.read()) ?? '') as { open: unknown; discards: unknown };
    expect(stored).toMatchObject({ open: { key }, discards: [{ providerRef: 'pi_idle' }] });

    last(payer.merchant.sends).resolve({ outcome: 'approved' });
    await settled();
    const after = JSON.parse((await journal.read()) ?? '') as { open: unknown; paid: unknown };
    // The payer came to the end of its attempt, and does not know of the other tab's discard.
    expect(after).toMatchObject({ open: null, paid: { key }, discards: [{ providerRef: 'pi_idle' }] });

    last(idle.merchant.discards).resolve();
    await settled();
    // The merchant knows; and the receipt is not the other tab's to forget.
    expect(JSON.parse((await journal.read()) ?? '')).toMatchObject({ open: null, paid: { key }, discards: [] });
  });

  it.each(['{"version":999}', '{"version":1'])('D5: never writes over what it cannot read: %s', async (foreign) => {
    const journal = memoryJournal();
    const { checkout, reported } = await bench({ journal });
    await journal.update(() => foreign);
    checkout.setCart(CART);
    await settled();
    expect(await journal.read()).toBe(foreign);
    expect(checkout.getSnapshot()).toMatchObject({ state: 'ready', durable: false });
    expect(reported).toEqual([expect.any(JournalError)]);
    checkout.setCart(OTHER_CART);
    await settled();
    expect(reported).toHaveLength(1); // the first of a row
  });

  it('that cannot be read makes no checkout where it is required', async () => {
    const journal: Journal = { ...memoryJournal(), read: () => Promise.reject(new Error('locked')) };
    const options = { merchant: new TestMerchant(), wallet: mockWallet(), journal };
    await expect(createCheckout({ ...options, durability: 'required' })).rejects.toBeInstanceOf(JournalError);
    const { checkout, reported } = await bench({ journal });
    expect(checkout.getSnapshot().state).toBe('empty');
    expect(reported).toEqual([expect.objectContaining({ code: 'journal_unreadable' })]);
  });

  it.each([
    ['journal_newer', '{"version":999}'],
    ['journal_open_attempt_unreadable', '{"version":1'],
    ['journal_open_attempt_unreadable', '{"version":1,"open":{"key":"0188c5d1-7a3f-4b6e-9c2d-5e8f1a2b3c4d"}}'],
  ])('D5: makes no checkout where nobody may pay past its record: %s', async (code, record) => {
    const journal = memoryJournal();
    await journal.update(() => record);
    const error = await bench({ journal }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(JournalError);
    expect(error).toMatchObject({ code });
    expect(await journal.read()).toBe(record);
  });
});

describe('the lock', () => {
  function recordingLock(answer: boolean | Promise<boolean> = true): Lock & { readonly calls: string[] } {
    const calls: string[] = [];
    return {
      calls,
      acquire() {
        calls.push('acquire');
        return Promise.resolve(answer);
      },
      whenFree: () => new Promise(() => {}),
      release: () => void calls.push('release'),
    };
  }

  it('is held while an attempt is open, and let go of once its end is stored', async () => {
    const lock = recordingLock();
    const journal = recordingJournal();
    let store = (): void => {};
    const { merchant } = await paying({ lock, journal });
    expect(lock.calls).toEqual(['acquire']);
    vi.spyOn(journal, 'update').mockImplementation(() => new Promise((resolve) => void (store = resolve)));
    last(merchant.sends).resolve({ outcome: 'approved' });
    await settled();
    expect(lock.calls).toEqual(['acquire']);
    store();
    await settled();
    expect(lock.calls).toEqual(['acquire', 'release']);
  });

  it('is asked for again only once it was let go of', async () => {
    const lock = recordingLock();
    const journal = recordingJournal();
    let store = (): void => {};
    const { checkout, merchant, wallet } = await paying({ lock, journal });
    const slow = vi.spyOn(journal, 'update').mockImplementation((change) => {
      journal.records.push(change(last(journal.records)));
      return new Promise((resolve) => void (store = resolve));
    });
    last(merchant.sends).resolve({ outcome: 'declined', code: 'expired_card' });
    await settled();
    wallet.approve('tok_second');
    await settled();
    expect(checkout.getSnapshot().state).toBe('sending');
    expect(lock.calls).toEqual(['acquire']);
    slow.mockRestore();
    store();
    await vi.waitFor(() => expect(merchant.sends).toHaveLength(2));
    expect(lock.calls).toEqual(['acquire', 'release', 'acquire']);
  });

  it('is let go of by dispose, but not before what was written is stored', async () => {
    const lock = recordingLock();
    let store = (): void => {};
    const journal: Journal = {
      durable: true,
      read: () => Promise.resolve(null),
      update: () => new Promise((resolve) => void (store = resolve)),
    };
    const { checkout, merchant, wallet } = await bench({ lock, journal });
    checkout.setCart(CART);
    checkout.openSheet();
    wallet.approve();
    for (let i = 0; i < 10 && merchant.sends.length === 0; i += 1) {
      store();
      await settled();
    }
    last(merchant.sends).resolve({ outcome: 'approved' });
    await settled();
    checkout.dispose();
    await settled();
    expect(lock.calls).toEqual(['acquire']);
    for (let i = 0; i < 3; i += 1) {
      store();
      await settled();
    }
    expect(lock.calls).toEqual(['acquire', 'release']);
  });

  it('that comes too late is given back', async () => {
    let grant: (granted: boolean) => void = () => {};
    const lock = recordingLock(new Promise((resolve) => void (grant = resolve)));
    const { checkout, merchant } = await paying({ lock });
    checkout.dispose();
    await settled();
    expect(lock.calls).toEqual(['acquire']);
    grant(true);
    await settled();
    expect(lock.calls).toEqual(['acquire', 'release']);
    expect(merchant.sends).toEqual([]);
  });

  it('that is broken lets nobody pay', async () => {
    const release = vi.fn();
    const lock: Lock = { acquire: () => Promise.reject(new Error('no locks')), whenFree: vi.fn(), release };
    const { checkout, merchant } = await paying({ lock });
    expect(merchant.sends).toEqual([]);
    expect(checkout.getSnapshot().notices).toMatchObject([{ code: 'record_unavailable' }]);
    checkout.dispose();
    await settled();
    expect(release).not.toHaveBeenCalled();
  });

  it('of the page lets one checkout pay at a time', async () => {
    const first = await paying();
    const second = await paying({}, 'tok_second');
    expect(second.checkout.getSnapshot().state).toBe('blocked');
    expect(second.merchant.sends).toEqual([]);
    last(first.merchant.sends).resolve({ outcome: 'approved' });
    await settled();
    expect(first.checkout.getSnapshot().state).toBe('succeeded');
    // Each has a journal of its own here, so the second learns only that it may go on.
    expect(second.checkout.getSnapshot().state).toBe('ready');
  });

  it('shows the result of the other checkout to the one that was blocked', async () => {
    const journal = memoryJournal();
    const first = await paying({ journal });
    const second = await bench({ journal: { ...memoryJournal(), read: once(null, () => journal.read()) } });
    second.checkout.setCart(CART);
    second.checkout.openSheet();
    second.wallet.approve('tok_second');
    await settled();
    expect(second.checkout.getSnapshot()).toMatchObject({ state: 'blocked', notices: [{ code: 'another_tab_pays' }] });
    expect(second.wallet.isOpen).toBe(false);
    last(first.merchant.sends).resolve({ outcome: 'approved', reference: 'ch_1' });
    await settled();
    expect(second.checkout.getSnapshot()).toMatchObject({
      state: 'succeeded',
      receipt: { key: last(first.merchant.sends).request.key, reference: 'ch_1' },
    });
    expect(second.merchant.sends).toEqual([]);
  });

  it('T3: a token that another tab spent meanwhile is found in the journal once the lock is held', async () => {
    const journal = memoryJournal();
    const first = await paying({ journal });
    last(first.merchant.sends).resolve({ outcome: 'declined', code: 'expired_card' });
    await settled();
    const second = await bench({ journal: { ...memoryJournal(), read: once(null, () => journal.read()) } });
    second.checkout.setCart(CART);
    second.checkout.openSheet();
    second.wallet.approve('tok_first');
    await settled();
    expect(second.merchant.sends).toEqual([]);
    expect(second.checkout.getSnapshot().notices).toEqual([expect.objectContaining({ code: 'fresh_token_needed' })]);
  });

  it.each<[string, () => Promise<string>]>([
    ['journal_newer', () => Promise.resolve('{"version":999}')],
    ['journal_unreadable', () => Promise.reject(new Error('no storage'))],
  ])('is let go of where the journal that it guards cannot be read: %s', async (code, read) => {
    const lock = recordingLock();
    const journal = { ...recordingJournal(), read: once(null, read) };
    const { checkout, merchant, reported } = await paying({ lock, journal, durability: 'required' });
    expect(merchant.sends).toEqual([]);
    expect(checkout.getSnapshot().notices).toMatchObject([{ code: 'record_unavailable' }]);
    expect(reported).toEqual([expect.objectContaining({ code })]);
    expect(lock.calls).toEqual(['acquire', 'release']);
  });

  it('is let go of once where it is disposed while the journal is read', async () => {
    const lock = recordingLock();
    let found: (record: string | null) => void = () => {};
    const journal = { ...recordingJournal(), read: once(null, () => new Promise((resolve) => void (found = resolve))) };
    const { checkout, merchant, reported } = await paying({ lock, journal });
    checkout.dispose();
    found(null);
    await settled();
    expect(lock.calls).toEqual(['acquire', 'release']);
    expect(merchant.sends).toEqual([]);
    expect(reported).toEqual([]);
  });
});

/** A function that returns `first` the first time it is called, and then what `then` returns. */
function once(first: string | null, then: () => Promise<string | null>): () => Promise<string | null> {
  let called = false;
  return () => {
    if (called) return then();
    called = true;
    return Promise.resolve(first);
  };
}

describe('time and network', () => {
  it('waits for the network, and goes on when it is back', async () => {
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    const { checkout, merchant, wallet, clock } = await bench();
    page.dispatchEvent(new Event('offline'));
    checkout.setCart(CART);
    checkout.openSheet();
    wallet.approve();
    await settled();
    expect(checkout.getSnapshot()).toMatchObject({ state: 'waiting', online: false });
    expect(merchant.sends).toEqual([]);
    page.dispatchEvent(new Event('online'));
    await clock.advance(5000);
    expect(checkout.getSnapshot().online).toBe(true);
    expect(merchant.sends).toHaveLength(1);
  });

  it('starts without a page around it', async () => {
    vi.stubGlobal('addEventListener', undefined);
    vi.stubGlobal('navigator', undefined);
    const { checkout } = await bench({ clock: new TestClock() });
    expect(checkout.getSnapshot().online).toBe(true);
    checkout.dispose();
  });
});
