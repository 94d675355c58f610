/**
 * Rule E3: a panic never loses an attempt. Here the module's memory is overwritten, so that whatever the core does next
 * ends in a trap or worse, and nothing that lives in that instance can be of any use again.
 */

import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type CartError,
  cartHash,
  init,
  InternalError,
  type Journal,
  memoryJournal,
  type Sheet,
} from '../src/index.js';
import { mockWallet } from '../src/wallets/mock.js';
import load from '../wasm/payonce.js';
import { bench, CART, disposeAll, last, OTHER_CART, paying, settled } from './harness.js';

beforeAll(() => init());
afterEach(disposeAll);

/** Of the instance that is in use: it is loaded, so the source is not looked at. */
async function memory(): Promise<Uint8Array> {
  return new Uint8Array((await load('')).memory.buffer);
}

async function poison(): Promise<Uint8Array> {
  const bytes = await memory();
  bytes.fill(0xff);
  return bytes;
}

function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('no error was thrown');
}

async function calm(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await settled();
}

describe('E3: after a panic', () => {
  it('the open attempt is settled under its key, in a fresh instance, by the same checkout', async () => {
    const { checkout, merchant, wallet, clock } = await paying({ journal: memoryJournal() });
    const [send] = merchant.sends;
    const states: string[] = [];
    checkout.subscribe(() => states.push(checkout.getSnapshot().state));
    const poisoned = await poison();

    expect(thrown(() => checkout.openSheet())).toBeInstanceOf(InternalError);
    expect(checkout.getSnapshot()).toMatchObject({ canPay: false, canCheck: false });
    expect(Object.isFrozen(checkout.getSnapshot())).toBe(true);
    expect(send?.signal.aborted).toBe(true);
    expect(wallet.isOpen).toBe(false);
    expect(clock.timers.size).toBe(0);

    await calm();
    expect((await memory()).buffer).not.toBe(poisoned.buffer);
    expect(checkout.getSnapshot().state).toBe('settling');
    expect(last(merchant.settles).request.key).toBe(send?.request.key);
    last(merchant.settles).resolve({ outcome: 'approved' });
    await calm();
    expect(checkout.getSnapshot()).toMatchObject({ state: 'succeeded', receipt: { key: send?.request.key } });
    expect(merchant.sends).toHaveLength(1);
    expect(states.at(-1)).toBe('succeeded');
    expect(checkout.acknowledge()).toBe(true);
    expect(checkout.exportLog()).toContain('"entries"');
  });

  it('what nobody called for is reported', async () => {
    const { checkout, merchant, reported } = await paying({ journal: memoryJournal() });
    await poison();
    last(merchant.sends).resolve({ outcome: 'approved' });
    await calm();
    expect(reported).toContainEqual(expect.any(InternalError));
    expect(checkout.getSnapshot().state).toBe('settling');
  });

  it('an attempt that could not be written down is settled all the same', async () => {
    const journal: Journal = { ...memoryJournal(), update: () => Promise.reject(new Error('full')) };
    const { checkout, merchant } = await paying({ journal });
    const { key } = last(merchant.sends).request;
    await poison();
    expect(thrown(() => checkout.checkAgain())).toBeInstanceOf(InternalError);
    await calm();
    expect(checkout.getSnapshot().state).toBe('settling');
    expect(last(merchant.settles).request.key).toBe(key);
  });

  it('the page has its cart, and the shopper can pay', async () => {
    const { checkout, merchant, wallet } = await bench();
    checkout.setCart(CART, { providerRef: 'pi_1' });
    checkout.openSheet();
    await poison();
    expect(thrown(() => wallet.approve('tok_lost'))).toBeInstanceOf(InternalError);
    expect(wallet.isOpen).toBe(false);
    await calm();
    expect(checkout.getSnapshot()).toMatchObject({
      state: 'ready',
      canPay: true,
      summary: { total: 3000, lines: [{ id: 'mug' }] },
      session: { providerRef: 'pi_1' },
    });
    checkout.openSheet();
    wallet.approve('tok_2');
    await calm();
    last(merchant.sends).resolve({ outcome: 'approved' });
    await calm();
    expect(checkout.getSnapshot().state).toBe('succeeded');
    expect(merchant.sends).toHaveLength(1);
  });

  it('answers to the dead one reach nobody', async () => {
    const sheets: Sheet[] = [];
    const wallet = mockWallet();
    const open = wallet.open.bind(wallet);
    vi.spyOn(wallet, 'open').mockImplementation((sheet, summary) => {
      sheets.push(sheet);
      open(sheet, summary);
    });
    const { checkout, merchant } = await bench({ wallet });
    checkout.setCart(CART);
    checkout.openSheet();
    await poison();
    thrown(() => checkout.openSheet());
    await calm();
    for (let n = 0; n < 6; n += 1) {
      checkout.openSheet(); // one of them has the number that the dead core's sheet had
      const before = checkout.getSnapshot();
      expect(before.state).toBe('sheet_open');
      sheets[0]?.cancelled();
      sheets[0]?.cartChanged(OTHER_CART);
      sheets[0]?.tokenReceived({ token: 'tok_dead' });
      await calm();
      expect(checkout.getSnapshot()).toBe(before);
      wallet.cancel();
    }
    expect(merchant.sends).toEqual([]);
  });

  it('answers of a journal that is slower than that reach nobody', async () => {
    const kept = memoryJournal();
    let store = (): void => {};
    let slow = true;
    const journal: Journal = {
      ...kept,
      async update(change) {
        if (slow) await new Promise<void>((resolve) => (store = resolve));
        await kept.update(change);
      },
    };
    const { checkout, reported } = await bench({ journal });
    checkout.setCart(CART);
    await poison();
    thrown(() => checkout.openSheet());
    slow = false;
    store();
    await calm();
    expect(checkout.getSnapshot()).toMatchObject({ state: 'ready', canPay: true });
    expect(reported).toEqual([]);
  });

  describe('and before the journal is read', () => {
    let found: () => void;
    let journal: Journal;
    beforeEach(() => {
      const kept = memoryJournal();
      let first = true;
      found = () => {};
      journal = {
        ...kept,
        async read() {
          if (!first) await new Promise<void>((resolve) => (found = resolve));
          first = false;
          return kept.read();
        },
      };
    });

    it('nothing can be paid, and carts are taken note of', async () => {
      const { checkout, reported } = await bench({ journal });
      checkout.setCart(CART);
      await poison();
      thrown(() => checkout.openSheet());
      await settled();
      expect(checkout.openSheet()).toBe(false);
      expect(checkout.acknowledge()).toBe(false);
      expect(thrown(() => checkout.exportLog())).toBeInstanceOf(InternalError);
      expect(thrown(() => checkout.setCart({ ...CART, total: -1 }))).toMatchObject({
        name: 'CartError',
        path: 'total',
      } satisfies Partial<CartError>);
      checkout.setCart(OTHER_CART);
      found();
      await calm();
      expect(checkout.getSnapshot()).toMatchObject({ state: 'ready', summary: { total: 4250 } });
      expect(reported).toEqual([]);
    });

    it('it can be disposed', async () => {
      const { checkout, reported } = await bench({ journal });
      checkout.setCart(CART);
      await poison();
      thrown(() => checkout.openSheet());
      await settled();
      checkout.dispose();
      found();
      await calm();
      expect(reported).toEqual([]);
      expect(thrown(() => checkout.openSheet())).toMatchObject({ code: 'disposed' });
    });
  });

  it('of one checkout, the others of the page start anew as well', async () => {
    const journal = memoryJournal();
    const idle = await bench();
    idle.checkout.setCart(OTHER_CART);
    const payer = await paying({ journal });
    const { key } = last(payer.merchant.sends).request;
    await poison();
    expect(thrown(() => idle.checkout.openSheet())).toBeInstanceOf(InternalError);
    await calm();
    expect(idle.checkout.getSnapshot()).toMatchObject({ state: 'ready', canPay: true });
    expect(payer.checkout.getSnapshot().state).toBe('settling');
    expect(last(payer.merchant.settles).request.key).toBe(key);
    expect(payer.reported).toEqual([]);
  });

  it('in a function that needs no checkout, they do, too', async () => {
    const { checkout } = await bench();
    checkout.setCart(CART);
    await poison();
    expect(thrown(() => cartHash(CART))).toBeInstanceOf(InternalError);
    await calm();
    expect(checkout.getSnapshot()).toMatchObject({ state: 'ready', canPay: true });
    expect(cartHash(CART)).toBe(checkout.getSnapshot().summary?.cartHash);
  });

  it('that comes back each time, it gives up', async () => {
    const { checkout, merchant, clock, reported } = await paying({ journal: memoryJournal() });
    let error: unknown;
    for (let n = 0; n < 4; n += 1) {
      await poison();
      error = thrown(() => checkout.openSheet());
      await calm();
    }
    expect(error).toBeInstanceOf(InternalError);
    expect(thrown(() => checkout.openSheet())).toBe(error);
    expect(thrown(() => checkout.exportLog())).toBe(error);
    expect(clock.timers.size).toBe(0);
    expect(checkout.getSnapshot().canPay).toBe(false);
    expect(merchant.sends).toHaveLength(1);
    checkout.dispose();
    expect(reported).toEqual([]);
  });

  it('is nothing that a checkout which was let go of can do harm with', async () => {
    const { checkout } = await bench();
    checkout.setCart(CART);
    const gone = await bench();
    await poison();
    thrown(() => checkout.openSheet());
    gone.checkout.dispose(); // must not free what is not in the fresh instance
    await calm();
    expect(checkout.getSnapshot()).toMatchObject({ state: 'ready', canPay: true });
  });
});

describe('a clock that fails for once', () => {
  it.each<[string, () => number]>([
    [
      'throws',
      () => {
        throw new Error('no time');
      },
    ],
    ['says NaN', () => Number.NaN],
  ])('and %s costs no answer', async (_, now) => {
    const { checkout, merchant, clock, reported } = await paying({ journal: memoryJournal() });
    vi.spyOn(clock, 'now').mockImplementationOnce(now);
    last(merchant.sends).resolve({ outcome: 'approved' });
    await calm();
    expect(checkout.getSnapshot().state).toBe('succeeded');
    expect(checkout.getSnapshot().receipt?.at).toBe(clock.time);
    expect(reported).toHaveLength(1);
  });
});
