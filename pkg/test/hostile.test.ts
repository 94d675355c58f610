/** Ports and input that break their contract: nobody may be charged twice for it, and no lock may stay behind. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { InputError, type Journal, memoryJournal, pageLock, PortError, type Sheet } from '../src/index.js';
import { mockWallet } from '../src/wallets/mock.js';
import { bench, CART, disposeAll, last, paying, recordingJournal, settled, TestClock } from './harness.js';

afterEach(disposeAll);

/** Whether nobody holds the lock of that name any more. */
async function isFree(name: string): Promise<boolean> {
  const lock = pageLock(name);
  const free = await lock.acquire();
  lock.release();
  return free;
}

describe('a journal that never answers', () => {
  it('lets go of the lock all the same, and of what is behind it', async () => {
    const journal = memoryJournal();
    const { checkout, merchant, wallet, clock } = await bench({ journal, lock: pageLock('silent') });
    checkout.setCart(CART);
    await settled();
    vi.spyOn(journal, 'update').mockReturnValue(new Promise(() => {}));
    for (const token of ['tok_first', 'tok_second']) {
      checkout.openSheet();
      wallet.approve(token);
      await clock.advance(9000);
      expect(checkout.getSnapshot().state).toBe('sending');
      expect(await isFree('silent')).toBe(false);
      await clock.advance(1000);
      last(merchant.sends).resolve({ outcome: 'approved' });
      await clock.advance(30_000);
      expect(checkout.getSnapshot().state).toBe('succeeded');
      expect(await isFree('silent')).toBe(true);
      checkout.acknowledge();
      checkout.setCart(CART);
      await clock.advance(30_000);
    }
    expect(merchant.sends).toHaveLength(2);
    expect(clock.timers.size).toBe(0);
  });

  it('stores nothing any more once nobody counts on it', async () => {
    const journal = recordingJournal();
    const { checkout, merchant, clock } = await bench({ journal });
    let change: (stored: string | null) => string = () => '';
    vi.spyOn(journal, 'update').mockImplementationOnce((given) => {
      change = given;
      return new Promise(() => {});
    });
    checkout.setCart(CART);
    await clock.advance(10_000);
    expect(() => change(null)).toThrow(expect.objectContaining({ code: 'journal_timeout' }) as Error);
    expect(merchant.sends).toEqual([]);
  });

  it('knows its own words again where they were stored after all', async () => {
    const journal = recordingJournal();
    const { checkout, merchant, wallet, clock, reported } = await bench({ journal });
    checkout.setCart(CART);
    await settled();
    vi.spyOn(journal, 'update').mockImplementationOnce((change) => {
      journal.records.push(change(journal.records.at(-1) ?? null));
      return new Promise(() => {});
    });
    checkout.openSheet();
    wallet.approve('tok_first');
    await clock.advance(10_000);
    last(merchant.sends).resolve({ outcome: 'approved', reference: 'ch_1' });
    await settled();
    expect(checkout.getSnapshot().state).toBe('succeeded');
    expect(JSON.parse(last(journal.records))).toMatchObject({ open: null, paid: { reference: 'ch_1' } });
    expect(reported).toEqual([expect.objectContaining({ code: 'journal_timeout' })]);
  });

  it('keeps no checkout from starting', async () => {
    const clock = new TestClock();
    const journal: Journal = { ...memoryJournal(), read: () => new Promise(() => {}) };
    const starting = bench({ journal, clock });
    await clock.advance(10_000);
    const { checkout, reported } = await starting;
    expect(checkout.getSnapshot().state).toBe('empty');
    expect(reported).toEqual([expect.objectContaining({ code: 'journal_unreadable' })]);
  });
});

describe('a port that breaks its contract', () => {
  it.each([undefined, {}, 5])('a journal that hands %j over is no panic', async (odd) => {
    const journal = {
      durable: true,
      read: () => Promise.resolve(null),
      update: async (change: (stored: never) => string) => void change(odd as never),
    };
    const { merchant, reported } = await paying({ journal });
    expect(merchant.sends).toHaveLength(1);
    const causes = reported.map((error) => (error as Error).cause);
    expect(causes).toEqual(odd === undefined ? [] : [expect.objectContaining({ path: 'journal.update' })]);
  });

  it('a journal that does not know whether it lasts does not', async () => {
    const durable = (): boolean => {
      throw new Error('who knows');
    };
    const journal = Object.defineProperty(memoryJournal(), 'durable', { get: durable });
    const { checkout, merchant, reported } = await paying({ journal });
    expect(checkout.getSnapshot()).toMatchObject({ state: 'sending', durable: false });
    expect(merchant.sends).toHaveLength(1);
    expect(reported).not.toContainEqual(expect.objectContaining({ code: 'internal' }));
  });

  it('a wallet that does not know what it can is no panic', async () => {
    const { checkout, wallet } = await bench();
    checkout.setCart(CART);
    let asked = 0;
    const odd = Object.defineProperty({ ...wallet }, 'retriesInPlace', {
      get() {
        asked += 1;
        if (asked > 1) throw new RangeError('who knows');
        return true;
      },
    });
    expect(() => checkout.openSheet({ wallet: odd })).toThrow(RangeError);
    expect(checkout.openSheet()).toBe(true);
  });

  it('a lock that answers with something else was not granted', async () => {
    const lock = { ...pageLock('odd'), acquire: () => Promise.resolve('yes' as never) };
    const { checkout, merchant, reported } = await paying({ lock });
    expect(merchant.sends).toEqual([]);
    expect(checkout.getSnapshot().notices).toMatchObject([{ code: 'record_unavailable' }]);
    expect(reported).toEqual([new PortError('not_a_boolean', 'lock.acquire')]);
  });

  it('a journal that cannot tell of changes is one that does not', async () => {
    const changed = (): never => {
      throw new Error('no channel');
    };
    const { merchant, reported } = await paying({ journal: { ...memoryJournal(), changed } });
    expect(merchant.sends).toHaveLength(1);
    expect(reported).toEqual([expect.objectContaining({ path: 'journal.changed' })]);
  });

  it.each(['journal.changed', 'clock.clearTimeout'])('%s keeps no lock where it throws at the end', async (path) => {
    const fail = (): never => {
      throw new Error('no');
    };
    const clock = new TestClock();
    const journal = path === 'journal.changed' ? { ...memoryJournal(), changed: () => fail } : memoryJournal();
    const { checkout, reported } = await paying({ clock, journal, lock: pageLock('end') });
    if (path === 'clock.clearTimeout') clock.clearTimeout = fail;
    expect(await isFree('end')).toBe(false);
    checkout.dispose();
    await settled();
    expect(await isFree('end')).toBe(true);
    expect(reported).toContainEqual(expect.objectContaining({ path }));
  });
});

it('TanStack/query#5714: a browser that says from the start that it is offline, and is not, keeps nobody from paying', async () => {
  vi.stubGlobal('navigator', { onLine: false });
  const { checkout, merchant, reported } = await paying();
  last(merchant.sends).resolve({ outcome: 'approved' });
  await settled();
  expect(checkout.getSnapshot()).toMatchObject({ state: 'succeeded', online: true });
  expect(reported).toEqual([]);
});

describe('a token', () => {
  async function given(token: unknown): Promise<unknown> {
    let sheet: Sheet | undefined;
    const wallet = { ...mockWallet(), open: (opened: Sheet) => void (sheet = opened) };
    const { checkout } = await bench({ wallet });
    checkout.setCart(CART);
    checkout.openSheet();
    try {
      sheet?.tokenReceived(token as never);
    } catch (error) {
      return error;
    }
    return checkout.getSnapshot().state;
  }

  it.each([1000, 4000, 6000, 8000, 20_000])('that is nested %d deep is one, or a typed error', async (depth) => {
    let nested: unknown = 'x';
    for (let n = 0; n < depth; n += 1) nested = [nested];
    const end = await given({ token: { nested } });
    if (end !== 'sending') expect(end).toBeInstanceOf(InputError);
  });

  it('has one fingerprint in the snapshot, whichever of two tabs was the first to write', async () => {
    const journal = memoryJournal();
    vi.spyOn(journal, 'read').mockResolvedValueOnce(null).mockResolvedValueOnce(null); // both began at once
    const tabs = [await bench({ journal }), await bench({ journal })];
    for (const [n, { checkout, wallet, merchant }] of tabs.entries()) {
      checkout.setCart(CART);
      checkout.openSheet();
      wallet.approve(`tok_${n}`);
      await settled();
      const { attempt, spent } = checkout.getSnapshot();
      expect(spent).toContain(attempt?.fingerprint);
      last(merchant.sends).resolve({ outcome: 'declined', code: 'expired_card' });
      await settled();
    }
  });

  it('is read once', async () => {
    let asked = 0;
    const token = {
      get token() {
        asked += 1;
        return asked === 1 ? 'tok_first' : 5;
      },
    };
    expect(await given(token)).toBe('sending');
  });
});
