import { describe, expect, it, vi } from 'vitest';
import { memoryJournal, pageLock, type Sheet, type Summary } from '../src/index.js';
import { mockWallet } from '../src/wallets/mock.js';

describe('memoryJournal', () => {
  it('keeps the last record, and does not claim to be durable', async () => {
    const journal = memoryJournal();
    expect(await journal.read()).toBeNull();
    await journal.update((stored) => `${stored}, one`);
    await journal.update((stored) => `${stored}, two`);
    expect(await journal.read()).toBe('null, one, two');
    expect(journal.durable).toBe(false);
    expect(await memoryJournal().read()).toBeNull();
  });

  it('keeps the record where the change throws', async () => {
    const journal = memoryJournal();
    await journal.update(() => 'one');
    const fault = new Error('no');
    const update = journal.update(() => {
      throw fault;
    });
    await expect(update).rejects.toBe(fault);
    expect(await journal.read()).toBe('one');
  });
});

describe('pageLock', () => {
  it('has one holder per page and name', async () => {
    const [first, second, other] = [pageLock('a'), pageLock('a'), pageLock('b')];
    expect(await first.acquire()).toBe(true);
    expect(await first.acquire()).toBe(false);
    expect(await second.acquire()).toBe(false);
    expect(await other.acquire()).toBe(true);
    second.release(); // not its to release
    expect(await second.acquire()).toBe(false);
    first.release();
    first.release();
    expect(await second.acquire()).toBe(true);
    first.release(); // no more
    expect(await first.acquire()).toBe(false);
    second.release();
    other.release();
  });

  it('tells everybody who waits when it is free', async () => {
    const lock = pageLock('a');
    const other = pageLock('a');
    await other.whenFree(); // nobody holds it
    await lock.acquire();
    const told: string[] = [];
    const waiting = ['one', 'two'].map((name) => other.whenFree().then(() => told.push(name)));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(told).toEqual([]);
    lock.release();
    await Promise.all(waiting);
    expect(told).toEqual(['one', 'two']);
  });
});

describe('mockWallet', () => {
  const summary = { total: 1 } as Summary;
  const sheet = (): Sheet => ({
    tokenReceived: vi.fn(),
    cartChanged: vi.fn(),
    cancelled: vi.fn(),
    failed: vi.fn(),
    busy: vi.fn(),
  });

  it('plays the shopper', () => {
    const wallet = mockWallet();
    const tokenReceived = vi.fn();
    const shown = { ...sheet(), tokenReceived };
    expect(wallet.isOpen).toBe(false);
    wallet.open(shown, summary);
    expect(wallet).toMatchObject({ isOpen: true, opened: 1, summary, retriesInPlace: true });
    const tokens = [wallet.approve(), wallet.approve(), wallet.approve('tok_old')];
    expect(new Set(tokens).size).toBe(3);
    expect(tokenReceived).toHaveBeenLastCalledWith({ token: 'tok_old' });
    wallet.complete('success');
    expect(wallet).toMatchObject({ isOpen: false, result: 'success' });
  });

  it('has closed before it says so, and then takes no more orders', () => {
    const wallet = mockWallet({ retriesInPlace: false });
    const shown = { ...sheet(), cancelled: () => expect(wallet.isOpen).toBe(false) };
    wallet.open(shown, summary);
    wallet.cancel();
    expect(() => wallet.approve()).toThrow('shows no sheet');
    expect(wallet.retriesInPlace).toBe(false);
  });
});
