/** The Stripe recipe: by itself, and under payonce, over the HTTP contract. Money is counted in Stripe's own books. */

import {
  type Cart,
  cartHash,
  type Checkout,
  createCheckout,
  httpMerchant,
  init,
  memoryJournal,
  pageLock,
  type RequiredAction,
} from 'payonce';
import { mockWallet } from 'payonce/wallets/mock';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type Intent, type Row, type Store, stripeBackend } from '../../docs/recipes/stripe';
import { FakeStripe } from './fake-stripe';

const MUG: Cart = { currency: 'EUR', lines: [{ id: 'mug', quantity: 1, unitAmount: 990 }], total: 990 };
const TWO_MUGS: Cart = { ...MUG, lines: [{ id: 'mug', quantity: 2, unitAmount: 990 }], total: 1980 };
const APPROVED = { body: { outcome: 'approved' } };
const MISMATCH = { body: { outcome: 'rejected', code: 'cart_hash_mismatch', tokenConsumed: false } };
const VOIDED = { status: 410, body: { outcome: 'voided' } };

/** As one table with a unique key would be. */
class MemoryStore implements Store {
  readonly rows = new Map<string, Row>();
  readonly discarded = new Set<string>();

  async insert(key: string, row: Row): Promise<Row> {
    const known = this.rows.get(key);
    if (known === undefined) this.rows.set(key, row);
    return known ?? row;
  }

  async setIntent(key: string, intent: string): Promise<void> {
    const row = this.rows.get(key);
    if (row) this.rows.set(key, { ...row, intent });
  }

  async discard(session: string): Promise<readonly string[]> {
    this.discarded.add(session);
    return [...this.rows].filter(([, row]) => row.session === session).map(([key]) => key);
  }

  async isDiscarded(session: string): Promise<boolean> {
    return this.discarded.has(session);
  }
}

let stripe: FakeStripe;
let store: MemoryStore;
let backend: ReturnType<typeof stripeBackend>;
beforeAll(() => init());
beforeEach(() => {
  stripe = new FakeStripe();
  store = new MemoryStore();
  backend = stripeBackend(stripe, store, cartHash);
});

const body = (token: string, cart = MUG, session = 'session-1'): string =>
  JSON.stringify({ cart, cartHash: cartHash(cart), session, token });
/** The third is the backend's own cart. */
const attempt = (key: string, text: string, own: Cart | null = MUG): Promise<Answer> => backend.attempt(key, text, own);
const charged = (): readonly number[] => stripe.charges.map(({ amount }) => amount);
/** A bank that thinks until it is told to go on. */
function slowBank(): () => void {
  let go = (): void => {};
  stripe.bank = new Promise((resolve) => (go = resolve));
  return go;
}
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe('the recipe', () => {
  it('charges a key once, however often it is sent', async () => {
    const text = body('ctoken_approved_1');
    for (let send = 0; send < 3; send += 1) expect(await attempt('key', text)).toMatchObject(APPROVED);
    expect(await backend.settle('key')).toMatchObject(APPROVED);
    expect(charged()).toEqual([990]);
  });

  it('refuses other bytes under the same key', async () => {
    await attempt('key', body('ctoken_approved_1'));
    expect(await attempt('key', body('ctoken_approved_2'))).toMatchObject({ status: 422 });
    expect(charged()).toEqual([990]);
  });

  it('charges its own cart: prices that the page made up are refused, hashed well or not', async () => {
    const cheap: Cart = { ...MUG, lines: [{ id: 'mug', quantity: 1, unitAmount: 1 }], total: 1 };
    expect(await attempt('hashed', body('ctoken_approved_1', cheap))).toMatchObject(MISMATCH);
    expect(await attempt('sold out', body('ctoken_approved_2'), null)).toMatchObject(MISMATCH);
    const forged = JSON.stringify({ ...(JSON.parse(body('ctoken_approved_3')) as object), cart: cheap });
    expect(await attempt('forged', forged)).toMatchObject(APPROVED);
    expect(charged()).toEqual([990]);
  });

  it('answers a key that it knows, whatever became of its cart since', async () => {
    const text = body('ctoken_approved_1');
    await attempt('key', text);
    for (const own of [TWO_MUGS, null]) expect(await attempt('key', text, own)).toMatchObject(APPROVED);
    expect(charged()).toEqual([990]);
  });

  it('has fenced what it refused: a copy that arrives when the cart is changed back charges nothing', async () => {
    const text = body('ctoken_approved_1');
    expect(await attempt('key', text, TWO_MUGS)).toMatchObject(MISMATCH);
    expect(await attempt('key', text, MUG)).toEqual(VOIDED);
    expect(charged()).toEqual([]);
  });

  it('fences a key that never arrived: what arrives later charges nothing', async () => {
    expect(await backend.settle('key')).toEqual(VOIDED);
    expect(await attempt('key', body('ctoken_approved_1'))).toEqual(VOIDED);
    expect(stripe.intents).toEqual([]);
  });

  it('does not know while the bank thinks, and knows then', async () => {
    const go = slowBank();
    const reply = attempt('key', body('ctoken_approved_1'));
    await soon();
    expect((await backend.settle('key')).body.outcome ?? 'pending').toBe('pending');
    expect(await attempt('key', body('ctoken_approved_1'))).toMatchObject({ status: 409 });
    go();
    expect(await reply).toMatchObject(APPROVED);
    expect(await backend.settle('key')).toMatchObject(APPROVED);
    expect(charged()).toEqual([990]);
  });

  it.each(['loseRequests', 'loseReplies'] as const)('finds the truth when Stripe is silent: %s', async (fault) => {
    for (let silent = 1; silent <= 4; silent += 1) {
      const key = `key-${silent}`;
      stripe[fault] = silent;
      const text = body(`ctoken_approved_${silent}`, MUG, key);
      let answer = await attempt(key, text);
      for (let send = 0; answer.body.outcome === undefined && send < 9; send += 1) answer = await attempt(key, text);
      expect(answer, key).toMatchObject(APPROVED);
    }
    expect(charged()).toEqual([990, 990, 990, 990]);
  });

  // What docs/recipes.md says of `cancel`.
  it.each<[Intent['status'], string, string | undefined, Intent['status']]>([
    ['requires_payment_method', 'unknown', 'voided', 'canceled'],
    ['requires_payment_method', 'declined', 'declined', 'canceled'],
    ['requires_action', 'challenge', 'voided', 'canceled'],
    ['processing', 'processing', 'pending', 'processing'],
    ['requires_capture', 'manual', 'approved', 'requires_capture'],
    ['succeeded', 'approved', 'approved', 'succeeded'],
  ])('settles %s (%s card) as %s and leaves it %s', async (status, card, outcome, left) => {
    const reply = attempt('key', body(`ctoken_${card}_1`));
    if (card !== 'unknown') await reply;
    else await reply.catch(() => undefined);
    if (card !== 'unknown') expect(stripe.intents[0]?.status).toBe(status);
    expect((await backend.settle('key')).body.outcome).toBe(outcome);
    expect(stripe.intents.map((intent) => intent.status)).toEqual([left]);
    // It stays so, for the attempt as well.
    expect((await backend.settle('key')).body.outcome).toBe(outcome === 'declined' ? 'voided' : outcome);
  });

  it('tells of a payment that took days', async () => {
    expect(await attempt('key', body('ctoken_processing_1'))).toMatchObject({ body: { outcome: 'pending' } });
    stripe.clear('pi_1');
    expect(await backend.settle('key')).toMatchObject(APPROVED);
  });

  it('refuses a discarded session, before and after', async () => {
    await attempt('first', body('ctoken_challenge_1'));
    expect((await backend.discard('session-1')).status).toBe(204);
    expect(() => stripe.challenge('pi_1_secret', true)).toThrow('unexpected_state');
    expect(await attempt('late', body('ctoken_approved_2'))).toEqual(VOIDED);
    expect((await backend.discard('never seen')).status).toBe(204);
    expect(charged()).toEqual([]);
  });

  it('is told again to discard what it could not fence yet', async () => {
    const go = slowBank();
    const reply = attempt('key', body('ctoken_declined_1'));
    await soon();
    expect((await backend.discard('session-1')).status).toBe(503);
    go();
    await reply;
    expect((await backend.discard('session-1')).status).toBe(204);
  });

  it('keeps its word, whatever happens in whatever order', async () => {
    // mulberry32: the same numbers on every machine.
    let seed = 1;
    const dice = (sides: number): number => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) % sides;
    };
    const seen = new Set<string>();
    for (let round = 0; round < 400; round += 1) {
      stripe = new FakeStripe();
      backend = stripeBackend(stripe, new MemoryStore(), cartHash);
      const text = body(`ctoken_${['approved', 'declined', 'challenge'][dice(3)]}_${round}`);
      const answers: Answer[] = [];
      const running: Promise<unknown>[] = [];
      for (let step = 0; step < 8; step += 1) {
        if (dice(3) === 0) stripe[dice(2) ? 'loseReplies' : 'loseRequests'] = dice(3);
        if (dice(4) === 0) stripe.bank = new Promise((resolve) => setTimeout(resolve, dice(4)));
        const call = [
          () => attempt('key', text, dice(4) ? MUG : null),
          () => backend.settle('key'),
          () => backend.discard('session-1'),
        ];
        const asked = (call[dice(3)] ?? call[0])?.().then((answer) => answers.push(answer));
        if (asked) running.push(asked);
        if (dice(2)) await asked;
      }
      await Promise.all(running);
      stripe.loseReplies = stripe.loseRequests = 0;
      answers.push(await backend.settle('key'));

      const said = new Set(answers.map((answer) => answer.body.outcome).filter((outcome) => outcome !== undefined));
      expect(charged().length, `round ${round}`).toBe(said.has('approved') ? 1 : 0);
      if (said.has('approved')) {
        for (const other of ['voided', 'declined', 'rejected']) expect(said, `round ${round}`).not.toContain(other);
      }
      for (const outcome of said) seen.add(outcome);
    }
    expect([...seen].toSorted()).toEqual(['action_required', 'approved', 'declined', 'rejected', 'voided']);
  });
});

describe('under payonce', () => {
  const checkouts: Checkout[] = [];
  afterEach(() => checkouts.splice(0).forEach((checkout) => checkout.dispose()));

  /** How many replies of the backend are lost on their way to the page. */
  let lost = 0;
  beforeEach(() => {
    lost = 0;
  });

  async function page(performAction?: (action: RequiredAction) => Promise<boolean>) {
    const wallet = mockWallet();
    const fetch = async (input: string | URL | Request, { body, headers }: RequestInit = {}): Promise<Response> => {
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      const key = new Headers(headers).get('idempotency-key')?.replaceAll('"', '');
      const [, settled] = /\/attempts\/(.*)\/settle$/.exec(pathname) ?? [];
      const [, discarded] = /\/sessions\/(.*)\/discard$/.exec(pathname) ?? [];
      const answer = await (settled
        ? backend.settle(settled)
        : discarded
          ? backend.discard(discarded)
          : attempt(key ?? '', body as string));
      if (!settled && !discarded && lost-- > 0) throw new TypeError('the reply was lost');
      const { status } = answer;
      return new Response(status === 204 ? null : JSON.stringify(answer.body), { status });
    };
    const merchant = httpMerchant({ url: 'https://shop.example', fetch, ...(performAction && { performAction }) });
    const retry = { base: 5, cap: 10, totalTime: 200 };
    const checkout = await createCheckout({ wallet, merchant, retry, journal: memoryJournal(), lock: pageLock() });
    checkouts.push(checkout);
    checkout.setCart(MUG);
    const reaches = (state: string) => expect.poll(() => checkout.getSnapshot().state, { timeout: 5000 }).toBe(state);
    const codes = () => checkout.getSnapshot().notices.map(({ code }) => code);
    return { wallet, checkout, reaches, codes };
  }

  it('a decline, another card, one charge', async () => {
    const { wallet, checkout, reaches, codes } = await page();
    checkout.openSheet();
    wallet.approve('ctoken_declined_1');
    await expect.poll(codes).toEqual(['payment_declined']);
    expect(checkout.getSnapshot().notices[0]?.params).toMatchObject({ reason: 'insufficient_funds' });
    wallet.approve('ctoken_approved_2');
    await reaches('succeeded');
    expect(charged()).toEqual([990]);
    expect(checkout.getSnapshot().receipt?.reference).toBe(stripe.charges[0]?.intent);
  });

  it.each([1, 2, 9])('%i lost replies, one charge', async (count) => {
    lost = count;
    const { wallet, checkout, reaches } = await page();
    checkout.openSheet();
    wallet.approve('ctoken_approved_1');
    await reaches('succeeded');
    expect(charged()).toEqual([990]);
  });

  it('a challenge that is passed, and one that is given up', async () => {
    const passed = await page(async ({ action }) => {
      stripe.challenge((action as { clientSecret: string }).clientSecret, true);
      return true;
    });
    passed.checkout.openSheet();
    passed.wallet.approve('ctoken_challenge_1');
    await passed.reaches('succeeded');
    expect(charged()).toEqual([990]);

    const given = await page(async () => false);
    given.checkout.openSheet();
    given.wallet.approve('ctoken_challenge_2');
    await expect.poll(given.codes).toEqual(['payment_not_made']);
    expect(stripe.intents.at(-1)?.status).toBe('canceled');
    expect(() => stripe.challenge('pi_2_secret', true)).toThrow('unexpected_state');
    expect(charged()).toEqual([990]);
  });

  it('a cart that is edited while the bank thinks: the earlier one is paid, and that one alone', async () => {
    const go = slowBank();
    const { wallet, checkout, reaches, codes } = await page();
    checkout.openSheet();
    wallet.approve('ctoken_approved_1');
    await expect.poll(() => stripe.intents.length).toBe(1);
    checkout.setCart(TWO_MUGS);
    await soon();
    go();
    await reaches('succeeded');
    expect(codes()).toContain('earlier_cart_paid');
    expect(charged()).toEqual([990]);
  });
});
