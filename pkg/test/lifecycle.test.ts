/** Rules D4, D6, D8: pages that go away and come back, tabs that hear of each other, clocks that jump. */

import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type Cart,
  indexedDbJournal,
  init,
  type Journal,
  JournalError,
  type Lock,
  memoryJournal,
} from '../src/index.js';
import { bench, CART, disposeAll, last, OTHER_CART, paying, settled } from './harness.js';
import { FakeLocks } from './web-locks.js';

const NAME = 'payonce:payonce:default';
let page: EventTarget;
let locks: FakeLocks;

beforeAll(() => init());
beforeEach(() => {
  page = new EventTarget();
  locks = new FakeLocks();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  vi.stubGlobal('navigator', { locks, onLine: true });
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(disposeAll);

/** The page goes into the back/forward cache, or comes out of it. */
async function transit(type: 'pagehide' | 'pageshow', persisted = true): Promise<void> {
  page.dispatchEvent(Object.assign(new Event(type), { persisted }));
  for (let i = 0; i < 10; i += 1) await settled();
}

async function sending(...options: Parameters<typeof paying>): ReturnType<typeof paying> {
  const made = await paying(...options);
  await vi.waitFor(() => expect(made.merchant.sends).toHaveLength(1));
  return made;
}

describe('D4: the back/forward cache', () => {
  it('gets a page that holds no lock and waits for none', async () => {
    const payer = await sending();
    const second = await bench();
    await vi.waitFor(() => expect(second.checkout.getSnapshot().state).toBe('blocked'));
    expect(locks.count(NAME)).toEqual({ held: 1, pending: 1 });
    await transit('pagehide');
    expect(locks.count(NAME)).toEqual({ held: 0, pending: 0 });
    payer.checkout.dispose();
  });

  it('gives back a page that asks for the truth before anything else', async () => {
    const { checkout, merchant } = await sending();
    const [send] = merchant.sends;
    await transit('pagehide');
    await transit('pageshow');
    expect(checkout.getSnapshot()).toMatchObject({ state: 'settling', canPay: false });
    expect(send?.signal.aborted).toBe(true);
    expect(last(merchant.settles).request.key).toBe(send?.request.key);
    expect(locks.count(NAME).held).toBe(1);
    last(merchant.settles).resolve({ outcome: 'approved' });
    await vi.waitFor(() => expect(checkout.getSnapshot().state).toBe('succeeded'));
    expect(merchant.sends).toHaveLength(1);
  });

  it('gives back a page that shows what another tab paid meanwhile', async () => {
    const { checkout } = await bench();
    checkout.setCart(CART);
    await vi.waitFor(() => expect(checkout.getSnapshot().durable).toBe(true));
    await transit('pagehide');
    vi.stubGlobal('addEventListener', undefined); // the other tab has a page of its own
    const other = await sending();
    const { key } = last(other.merchant.sends).request;
    last(other.merchant.sends).resolve({ outcome: 'approved' });
    await vi.waitFor(() => expect(other.checkout.getSnapshot().state).toBe('succeeded'));
    await settled();
    await transit('pageshow');
    expect(checkout.getSnapshot()).toMatchObject({ state: 'succeeded', receipt: { key } });
  });

  it('gives back a page that goes on waiting for the tab that pays', async () => {
    vi.stubGlobal('addEventListener', undefined);
    const payer = await sending();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    const second = await bench();
    await vi.waitFor(() => expect(second.checkout.getSnapshot().state).toBe('blocked'));
    await transit('pagehide');
    await transit('pageshow');
    expect(second.checkout.getSnapshot().state).toBe('blocked');
    last(payer.merchant.sends).resolve({ outcome: 'approved' });
    await vi.waitFor(() => expect(second.checkout.getSnapshot().state).toBe('succeeded'));
  });

  describe('gives back a page that reads its journal for a while', () => {
    /** A journal whose reads wait from now on, and how to let them go on. */
    function slow(journal: Journal): () => void {
      let go: () => void = () => {};
      const gate = new Promise<void>((resolve) => (go = resolve));
      const read = journal.read.bind(journal);
      vi.spyOn(journal, 'read').mockImplementation(() => gate.then(read));
      return go;
    }

    it('shopware#3883: what its sheet hands over meanwhile makes no attempt, and no lock stays behind', async () => {
      const journal = memoryJournal();
      const { checkout, merchant, wallet } = await bench({ journal });
      const opened = vi.spyOn(wallet, 'open');
      checkout.setCart(CART);
      checkout.openSheet();
      await transit('pagehide');
      const go = slow(journal);
      await transit('pageshow');
      last(opened.mock.calls)[0].tokenReceived({ token: 'tok_before' });
      await transit('pageshow', false);
      go();
      await transit('pageshow', false);
      expect(checkout.getSnapshot()).toMatchObject({ state: 'ready', canPay: true });
      expect(wallet.isOpen).toBe(false);
      expect(merchant.sends).toEqual([]);
      expect(locks.count(NAME)).toEqual({ held: 0, pending: 0 });
    });

    it('woocommerce-gateway-payfast#3: what it sent before broke off, and is not sent again without the lock', async () => {
      const journal = memoryJournal();
      const { merchant, clock } = await sending({ journal });
      await transit('pagehide');
      slow(journal);
      await transit('pageshow');
      last(merchant.sends).reject(new TypeError('Failed to fetch'));
      await clock.advance(9000);
      expect(merchant.sends).toHaveLength(1);
      expect(merchant.settles).toEqual([]);
    });

    it('chameleon-system#296: back, forth and back again, it does not wait for itself', async () => {
      const journal = memoryJournal();
      const { checkout, merchant } = await sending({ journal });
      await transit('pagehide');
      const go = slow(journal);
      for (const type of ['pageshow', 'pagehide', 'pageshow'] as const) await transit(type);
      go();
      await vi.waitFor(() => expect(merchant.settles).toHaveLength(1));
      last(merchant.settles).resolve({ outcome: 'approved' });
      await vi.waitFor(() => expect(checkout.getSnapshot().state).toBe('succeeded'));
      await vi.waitFor(() => expect(locks.count(NAME)).toEqual({ held: 0, pending: 0 }));
    });

    it('what the shopper pays meanwhile is sent once the journal was read under the lock', async () => {
      const journal = memoryJournal();
      const { checkout, merchant, wallet } = await bench({ journal });
      checkout.setCart(CART);
      await settled();
      await transit('pagehide');
      const go = slow(journal);
      await transit('pageshow');
      checkout.openSheet();
      wallet.approve();
      for (let i = 0; i < 10; i += 1) await settled();
      expect(merchant.sends).toEqual([]);
      go();
      await vi.waitFor(() => expect(merchant.sends).toHaveLength(1));
      last(merchant.sends).resolve({ outcome: 'approved' });
      await vi.waitFor(() => expect(locks.count(NAME)).toEqual({ held: 0, pending: 0 }));
      expect(checkout.getSnapshot().state).toBe('succeeded');
    });

    it('odoo#69725: and whose cart is asked for, shows what another tab paid meanwhile', async () => {
      const recheckCart = vi.fn(() => CART);
      const { checkout } = await bench({ recheckCart });
      checkout.setCart(CART);
      await vi.waitFor(() => expect(checkout.getSnapshot().durable).toBe(true));
      await transit('pagehide');
      const target = page;
      page = new EventTarget(); // the other tab has a page of its own
      vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
      const other = await sending();
      last(other.merchant.sends).resolve({ outcome: 'approved' });
      await vi.waitFor(() => expect(other.checkout.getSnapshot().state).toBe('succeeded'));
      await settled();
      page = target;
      const shown: boolean[] = [];
      checkout.subscribe(() => shown.push(checkout.getSnapshot().canPay));
      await transit('pageshow');
      await vi.waitFor(() => expect(recheckCart).toHaveBeenCalled());
      expect(checkout.getSnapshot().state).toBe('succeeded');
      expect(shown).not.toContain(true);
    });
  });

  it('gives back a page that did not hear that the network is back', async () => {
    const { checkout, merchant } = await sending();
    page.dispatchEvent(new Event('offline'));
    await transit('pagehide');
    await transit('pageshow');
    expect(checkout.getSnapshot().online).toBe(true);
    last(merchant.settles).resolve({ outcome: 'approved' });
    await vi.waitFor(() => expect(checkout.getSnapshot().state).toBe('succeeded'));
  });

  it('changes nothing for a page that is shown for the first time', async () => {
    const { checkout } = await sending();
    const log = checkout.exportLog();
    await transit('pageshow', false);
    expect(checkout.exportLog()).toBe(log);
  });

  it('gives back a page that cannot read its journal, and lets nobody pay past it', async () => {
    const onError = vi.fn();
    const { checkout, merchant, wallet } = await bench({ onError });
    checkout.setCart(CART);
    await vi.waitFor(() => expect(checkout.getSnapshot().durable).toBe(true));
    await transit('pagehide');
    const journal = indexedDbJournal();
    await journal.update(() => '{"version":9}');
    journal.close?.();
    await transit('pageshow');
    expect(onError).toHaveBeenLastCalledWith(expect.any(JournalError));
    checkout.openSheet();
    wallet.approve();
    await vi.waitFor(() => expect(checkout.getSnapshot().notices).toMatchObject([{ code: 'record_unavailable' }]));
    expect(merchant.sends).toEqual([]);
  });
});

describe('D4: recheckCart', () => {
  it('is asked when the page comes back, and nothing can be paid until it has answered', async () => {
    let tell: (cart: Cart | null) => void = () => {};
    const recheckCart = vi.fn(() => new Promise<Cart | null>((resolve) => (tell = resolve)));
    const { checkout } = await bench({ recheckCart });
    checkout.setCart(CART);
    const before = checkout.getSnapshot();
    expect(recheckCart).not.toHaveBeenCalled();
    await transit('pagehide');
    await transit('pageshow');
    expect(recheckCart).toHaveBeenCalledTimes(1);
    expect(checkout.getSnapshot().canPay).toBe(false);
    expect(checkout.openSheet()).toBe(false);
    tell(OTHER_CART);
    await settled();
    expect(checkout.getSnapshot()).toMatchObject({ canPay: true, summary: { total: 4250 } });
    expect(checkout.getSnapshot().notices).toMatchObject([{ code: 'cart_changed' }]);
    expect(checkout.getSnapshot().session?.id).not.toBe(before.session?.id);
  });

  it.each<[string, () => Cart | null, string]>([
    ['the same cart', () => CART, 'ready'],
    ['no cart', () => null, 'empty'],
  ])('may answer at once: %s', async (_, recheckCart, state) => {
    const { checkout } = await bench({ recheckCart });
    checkout.setCart(CART, { providerRef: 'pi_1' });
    const { session } = checkout.getSnapshot();
    await transit('pageshow');
    expect(checkout.getSnapshot()).toMatchObject({ state, session: state === 'ready' ? session : null });
  });

  it.each<[string, () => Promise<Cart>]>([
    ['does not know', () => Promise.reject(new Error('offline'))],
    ['answers with no cart', () => Promise.resolve({} as Cart)],
  ])('that %s leaves what the page said last', async (_, recheckCart) => {
    const onError = vi.fn();
    const { checkout } = await bench({ recheckCart, onError });
    checkout.setCart(CART);
    await transit('pageshow');
    expect(onError).toHaveBeenCalledTimes(1);
    expect(checkout.getSnapshot()).toMatchObject({ state: 'ready', canPay: true, summary: { total: 3000 } });
  });

  it('comes too late for a cart that the page has set meanwhile', async () => {
    let tell: (cart: Cart) => void = () => {};
    const { checkout } = await bench({ recheckCart: () => new Promise((resolve) => (tell = resolve)) });
    checkout.setCart(CART);
    await transit('pageshow');
    checkout.setCart(OTHER_CART);
    tell(CART);
    await settled();
    expect(checkout.getSnapshot().summary?.total).toBe(4250);
  });
});

describe('D6: tabs', () => {
  it('hear of what another one pays, and do not pay it again', async () => {
    const idle = await bench();
    idle.checkout.setCart(CART);
    const payer = await sending();
    const { key } = last(payer.merchant.sends).request;
    // The journal names an open attempt for the same cart: the lock is asked for, and is the other tab's.
    await vi.waitFor(() => expect(idle.checkout.getSnapshot().state).toBe('blocked'));
    last(payer.merchant.sends).resolve({ outcome: 'approved' });
    await vi.waitFor(() => expect(idle.checkout.getSnapshot()).toMatchObject({ state: 'succeeded', receipt: { key } }));
    expect(idle.merchant.settles).toEqual([]);
  });

  it('that are disposed hear nothing', async () => {
    const idle = await bench();
    idle.checkout.setCart(CART);
    idle.checkout.dispose();
    const before = idle.checkout.getSnapshot();
    await sending();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(idle.checkout.getSnapshot()).toBe(before);
    expect(idle.reported).toEqual([]);
  });

  it('never act on a record that was read before their own last word was stored', async () => {
    const kept = memoryJournal();
    let changed = (): void => {};
    const hold: (() => void)[] = [];
    let slow = false;
    const journal = {
      ...kept,
      changed(listener: () => void) {
        changed = listener;
        return () => {};
      },
      async read() {
        const found = await kept.read();
        if (slow) await new Promise<void>((resolve) => void hold.push(resolve));
        return found;
      },
    };
    const { checkout, merchant } = await sending({ journal });
    slow = true;
    changed(); // reads a record that names our own open attempt
    await settled();
    last(merchant.sends).resolve({ outcome: 'declined', code: 'expired_card' });
    await settled();
    const declined = checkout.getSnapshot();
    expect(declined.state).toBe('sheet_open');
    slow = false;
    hold.splice(0).forEach((go) => go());
    await settled();
    expect(checkout.getSnapshot()).toBe(declined);
  });

  it('try again where they cannot learn whether the lock is free', async () => {
    const onError = vi.fn();
    const whenFree = vi.fn().mockRejectedValueOnce(new Error('not now')).mockResolvedValueOnce(undefined);
    const lock: Lock = { acquire: () => Promise.resolve(false), whenFree, release() {} };
    const { checkout, clock } = await paying({ lock, onError });
    await vi.waitFor(() => expect(checkout.getSnapshot().state).toBe('blocked'));
    expect(onError).toHaveBeenCalledTimes(1);
    await clock.advance(1000);
    await vi.waitFor(() => expect(checkout.getSnapshot().state).toBe('ready'));
  });
});

describe('D8: clocks that jump while the page sleeps', () => {
  it('25 hours ahead: the key is not sent again, but settled', async () => {
    const { checkout, merchant, clock } = await sending();
    last(merchant.sends).reject(new TypeError('fetch failed'));
    await settled();
    expect(checkout.getSnapshot().state).toBe('waiting');
    clock.time += 25 * 3_600_000;
    const due = [...clock.timers.values()];
    clock.timers.clear();
    for (const { callback } of due) callback(); // late
    await settled();
    expect(merchant.sends).toHaveLength(1);
    expect(last(merchant.settles).request.key).toBe(last(merchant.sends).request.key);
  });

  it('24 hours back: the schedule goes on', async () => {
    const { checkout, merchant, clock } = await sending({ retry: { jitter: 'additive', base: 1000 } });
    last(merchant.sends).reject(new TypeError('fetch failed'));
    await settled();
    clock.time -= 24 * 3_600_000;
    for (const timer of clock.timers.values()) timer.at -= 24 * 3_600_000; // a delay is a delay
    await clock.advance(2000);
    expect(merchant.sends).toHaveLength(2);
    last(merchant.sends).resolve({ outcome: 'approved' });
    await vi.waitFor(() => expect(checkout.getSnapshot().state).toBe('succeeded'));
  });
});
