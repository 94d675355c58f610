/** What must outlive a page, and what holds between checkouts (rules D). */

import { describe, expect } from 'vitest';
import { test } from './support/test';
import { SLOW_BANK, THREE_MUGS, tokenOf, TWO_MUGS } from './support/shop';

describe('the journal and the lock', () => {
  test('the journal names the attempt before its first send, and never the token', async ({ shop }) => {
    await shop.open({ journal: 'browser' });
    let journal: string | null = null;
    await shop.page.route('**/attempts', async (route) => {
      journal = await shop.page.evaluate(() => localStorage.getItem('journal'));
      await route.continue();
    });
    const token = await shop.pay();
    const { key } = await shop.paidOnce();
    expect(journal).toContain(key);
    expect(journal).not.toContain(token);
    expect(await shop.snapshot()).toMatchObject({ durable: true });
  });

  test('a journal that cannot be written stops the payment where it is required', async ({ shop }) => {
    shop.complains('JournalError: journal_unwritable');
    await shop.open({ journal: 'broken', durability: 'required' });
    await shop.pay();
    await shop.tells('record_unavailable');
    expect(shop.watch.attempts).toEqual([]);
  });

  test('and does not where it is only preferred', async ({ shop }) => {
    shop.complains('JournalError: journal_unwritable');
    await shop.open({ journal: 'broken' });
    await shop.pay();
    await shop.paidOnce();
    expect(await shop.snapshot()).toMatchObject({ durable: false });
  });

  test('a spent token is known after a reload', async ({ shop }) => {
    await shop.open({ journal: 'browser' });
    const spent = await shop.pay({ card: 'insufficient_funds' });
    await shop.tells('payment_declined');
    await shop.open({ journal: 'browser' });
    await shop.pay({ token: spent });
    await shop.tells('fresh_token_needed');
    expect((await shop.ledger()).arrivals).toBe(1);
  });

  test('the session is taken up after a reload with the same cart, and discarded with another', async ({ shop }) => {
    await shop.open({ journal: 'browser' });
    const { session } = await shop.snapshot();
    await shop.open({ journal: 'browser' });
    expect((await shop.snapshot()).session?.id).toBe(session?.id);
    expect((await shop.ledger()).discarded).toEqual([]);
    await shop.open({ journal: 'browser' }, THREE_MUGS);
    expect((await shop.snapshot()).session?.id).not.toBe(session?.id);
    const { discarded } = await shop.ledgerShows((ledger) => ledger.discarded.length > 0);
    expect(discarded).toMatchObject([{ session: session?.id }]);
  });

  test('reloaded in the middle of a challenge: fenced, and paid anew', async ({ shop }) => {
    await shop.open({ journal: 'browser' });
    await shop.pay({ card: 'challenge' });
    await shop.reaches('action_required');
    await shop.open({ journal: 'browser' });
    await shop.tells('payment_not_made');
    expect((await shop.ledger()).attempts).toMatchObject([{ state: 'voided' }]);
    await shop.pay();
    await shop.paidOnce();
  });

  test('reloaded with an open attempt and another cart: the attempt is settled first', async ({ shop, merchant }) => {
    await shop.open({ journal: 'browser' });
    await merchant.faults({ kind: 'drip' });
    await shop.pay();
    await shop.ledgerShows(({ charges }) => charges.length === 1);
    await shop.open({ journal: 'browser' }, THREE_MUGS);
    await shop.tells('earlier_cart_paid');
    expect((await shop.ledger()).charges).toMatchObject([{ amount: TWO_MUGS.total }]);
    expect(shop.watch.attempts).toHaveLength(1);
  });

  test('two checkouts on one page, both paying at once: one charge, and both show it', async ({ shop, merchant }) => {
    await shop.open();
    await merchant.faults(SLOW_BANK);
    const tokens = [shop.knows(tokenOf('approved')), shop.knows(tokenOf('approved'))] as const;
    const result = await shop.page.evaluate(
      async ([json, first, second]) => {
        const { shop: one } = window;
        const other = await one.startAnother();
        other.checkout.setCart(JSON.parse(json) as Parameters<typeof other.checkout.setCart>[0]);
        one.checkout.openSheet();
        other.checkout.openSheet();
        one.wallet.approve(first);
        other.wallet.approve(second);
        const states: string[] = [];
        await new Promise<void>((resolve) => {
          other.checkout.subscribe(() => {
            const { state } = other.checkout.getSnapshot();
            states.push(state);
            if (state === 'succeeded') resolve();
          });
        });
        return { states, receipt: other.checkout.getSnapshot().receipt };
      },
      [JSON.stringify(TWO_MUGS), ...tokens] as const,
    );
    const charge = await shop.paidOnce();
    expect(result.states).toContain('blocked');
    expect(result.receipt).toMatchObject({ key: charge.key, reference: charge.reference });
    expect(shop.watch.attempts).toHaveLength(1);
  });
});
