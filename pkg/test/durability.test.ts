/** Rules D with the journal that browsers have: what a reload, a crash, a damaged record leave behind. */

import { IDBFactory, IDBObjectStore as FakeStore } from 'fake-indexeddb';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { indexedDbJournal, init, type Journal, JournalError, memoryJournal } from '../src/index.js';
import { bench, CART, disposeAll, last, OTHER_CART, paying, settled } from './harness.js';

beforeAll(() => init());
beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(disposeAll);

interface Stored {
  open: { key: string } | null;
  paid: { key: string } | null;
  discards: { providerRef: string }[];
}

/** The record as another page would read it. */
async function record(): Promise<Stored> {
  return JSON.parse((await text()) ?? 'null') as Stored;
}

async function text(): Promise<string | null> {
  const journal = indexedDbJournal();
  const found = await journal.read();
  journal.close?.();
  return found;
}

async function put(replace: string | ((stored: string | null) => string)): Promise<void> {
  const journal = indexedDbJournal();
  await journal.update(typeof replace === 'string' ? () => replace : replace);
  journal.close?.();
}

/** A checkout whose shopper has approved, and whose first send is out. */
async function sending(): ReturnType<typeof paying> {
  const made = await paying();
  await vi.waitFor(() => expect(made.merchant.sends).toHaveLength(1));
  return made;
}

/** The next page, after the one before was killed. */
const restarted = bench;

describe('the default journal', () => {
  it('D1: names the attempt before its first send, and never the token', async () => {
    const { checkout, merchant, wallet } = await bench();
    const seen: Promise<string | null>[] = [];
    const send = merchant.send.bind(merchant);
    merchant.send = (request, signal) => {
      seen.push(text());
      return send(request, signal);
    };
    checkout.setCart(CART);
    checkout.openSheet();
    wallet.approve('tok_S3CRET');
    await vi.waitFor(() => expect(seen).toHaveLength(1));
    const found = (await seen[0]) ?? '';
    expect((JSON.parse(found) as Stored).open?.key).toBe(last(merchant.sends).request.key);
    expect(found).not.toContain('tok_S3CRET');
    expect(checkout.getSnapshot().durable).toBe(true);
  });

  it('D3: a page that was killed with an attempt open is followed by one that settles it', async () => {
    const before = await sending();
    const { key } = last(before.merchant.sends).request;
    before.checkout.dispose();
    const { checkout, merchant } = await restarted();
    expect(checkout.getSnapshot()).toMatchObject({ state: 'settling', canPay: false, attempt: { key } });
    await vi.waitFor(() => expect(merchant.settles).toHaveLength(1));
    expect(last(merchant.settles).request.key).toBe(key);
    last(merchant.settles).resolve({ outcome: 'approved' });
    await vi.waitFor(async () => expect(await record()).toMatchObject({ open: null, paid: { key } }));
    expect(merchant.sends).toEqual([]);
  });

  it('T3: a spent token is known after a reload', async () => {
    const before = await sending();
    last(before.merchant.sends).resolve({ outcome: 'declined', code: 'expired_card' });
    await vi.waitFor(async () => expect((await record()).open).toBeNull());
    before.checkout.dispose();
    const { checkout, merchant, wallet } = await restarted();
    checkout.setCart(CART);
    checkout.openSheet();
    wallet.approve('tok_first');
    await vi.waitFor(() => expect(checkout.getSnapshot().notices).toMatchObject([{ code: 'fresh_token_needed' }]));
    expect(merchant.sends).toEqual([]);
  });

  it('belongs to its scope', async () => {
    const before = await sending();
    before.checkout.dispose();
    expect((await bench({ scope: 'another shopper' })).checkout.getSnapshot().state).toBe('empty');
    expect((await bench()).checkout.getSnapshot().state).toBe('settling');
  });
});

describe('D2: a journal that cannot be written', () => {
  beforeEach(() => {
    vi.spyOn(FakeStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore) {
      (this.transaction as unknown as { _abort(name: string): void })._abort('QuotaExceededError');
      return {} as IDBRequest<IDBValidKey>;
    });
  });

  it('stops the payment where it is required', async () => {
    const { checkout, merchant } = await paying({ durability: 'required' });
    await vi.waitFor(() => expect(checkout.getSnapshot().notices).toMatchObject([{ code: 'record_unavailable' }]));
    expect(merchant.sends).toEqual([]);
  });

  it('does not where it is preferred, and the page is told', async () => {
    const onError = vi.fn();
    const { checkout, merchant, reported } = await paying({ onError });
    await vi.waitFor(() => expect(merchant.sends).toHaveLength(1));
    expect(checkout.getSnapshot()).toMatchObject({ state: 'sending', durable: false });
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.any(JournalError));
    expect(reported).toEqual([]);
  });
});

describe('D2: a browser without IndexedDB for this page', () => {
  const denied = {
    open() {
      throw new DOMException('denied', 'SecurityError');
    },
  };

  it('makes no checkout where it is required', async () => {
    vi.stubGlobal('indexedDB', denied);
    const error = await bench({ durability: 'required' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'JournalError', code: 'journal_unreadable' });
  });

  it('pays where it is preferred, and says that it is not durable', async () => {
    vi.stubGlobal('indexedDB', denied);
    const { checkout, merchant, reported } = await paying();
    expect(merchant.sends).toHaveLength(1);
    expect(checkout.getSnapshot().durable).toBe(false);
    expect(reported.length).toBeGreaterThan(0);
  });
});

describe('D5: a damaged record', () => {
  const damaged = '{"version":1,"salt":"bad","spent":[],"session":null,"open":null,"paid":null,"discards":[]}';

  it('that names no open attempt is set aside and reported, and the journal counts as empty', async () => {
    await put(damaged);
    const onError = vi.fn();
    const { checkout } = await bench({ onError });
    expect(checkout.getSnapshot().state).toBe('empty');
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.any(JournalError));
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ code: 'journal_corrupt', path: 'salt' });
    expect(await aside()).toMatchObject([{ record: damaged, code: 'journal_corrupt', scope: 'default' }]);
    checkout.setCart(CART);
    await vi.waitFor(async () =>
      expect(await record()).toMatchObject({ open: null, salt: expect.stringMatching(/^[0-9a-f]{32}$/) as string }),
    );
    expect(checkout.getSnapshot()).toMatchObject({ state: 'ready', durable: true });
  });

  it.each([
    ['a field', (text: string) => text.replace(/"salt":"[^"]*"/, '"salt":"bad"')],
    ['its end', (text: string) => text.slice(0, text.indexOf('"paid"'))],
    ['its size', (text: string) => `${text}${' '.repeat(1024 * 1024)}`],
  ])('that lost %s and names an open attempt is followed by settling that one', async (_, damage) => {
    const before = await sending();
    const { key, session } = last(before.merchant.sends).request;
    before.checkout.dispose();
    await settled();
    await put((stored) => damage(stored ?? ''));
    const { checkout, merchant, reported } = await restarted();
    expect(checkout.getSnapshot()).toMatchObject({ state: 'settling', canPay: false });
    expect(reported).toMatchObject([{ code: 'journal_corrupt' }]);
    await vi.waitFor(() => expect(merchant.settles).toHaveLength(1));
    expect(last(merchant.settles).request).toMatchObject({ key, session });
    last(merchant.settles).resolve({ outcome: 'approved' });
    await vi.waitFor(async () => expect(await record()).toMatchObject({ open: null, paid: { key } }));
    expect(await aside()).toHaveLength(1);
  });

  it('that another tab left while the page is open keeps nobody from the attempt it names', async () => {
    const idle = await bench();
    const payer = await sending();
    const { key } = last(payer.merchant.sends).request;
    payer.checkout.dispose();
    await settled();
    await put((stored) => (stored ?? '').replace(/"salt":"[^"]*"/, '"salt":"bad"'));
    idle.checkout.setCart(OTHER_CART);
    idle.checkout.openSheet();
    idle.wallet.approve('tok_second');
    await vi.waitFor(() => expect(idle.merchant.settles).toHaveLength(1));
    expect(last(idle.merchant.settles).request.key).toBe(key);
    expect(idle.merchant.sends).toEqual([]);
  });

  it('of a newer deployment lets nobody pay, and stays where it is', async () => {
    const { checkout, wallet, merchant, reported } = await bench();
    const newer = '{"version":2,"open":null}';
    await put(newer);
    checkout.setCart(CART);
    checkout.openSheet();
    wallet.approve();
    await vi.waitFor(() => expect(checkout.getSnapshot().notices).toMatchObject([{ code: 'record_unavailable' }]));
    expect(merchant.sends).toEqual([]);
    expect(reported).toContainEqual(expect.objectContaining({ code: 'journal_newer' }));
    expect(await text()).toBe(newer);
    expect(await bench().catch((error: unknown) => error)).toMatchObject({ code: 'journal_newer' });
  });

  it('needs no journal that sets aside', async () => {
    const journal: Journal = memoryJournal();
    await journal.update(() => damaged);
    const { checkout, reported } = await bench({ journal });
    checkout.setCart(CART);
    await settled();
    expect(reported).toMatchObject([{ code: 'journal_corrupt' }]);
    expect(JSON.parse((await journal.read()) ?? '')).toMatchObject({
      open: null,
      session: { createdAt: expect.any(Number) as number },
    });
  });

  async function aside(): Promise<unknown[]> {
    const db = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('payonce');
      request.onsuccess = () => resolve(request.result);
    });
    const found = await new Promise<unknown[]>((resolve) => {
      const request = db.transaction('aside').objectStore('aside').getAll();
      request.onsuccess = () => resolve(request.result as unknown[]);
    });
    db.close();
    return found;
  }
});
