/** Several tabs of one shopper (rule D6): one pays, the others wait and show what became of it. */

import { describe, expect } from 'vitest';
import { BROWSERS, crash } from './support/device';
import { Tab, THREE_MUGS, TWO_MUGS } from './support/tab';
import { testIn, type Visit } from './support/test';

const LOCKS: Readonly<Record<string, { readonly prepare?: () => void }>> = {
  'with Web Locks': {},
  'without Web Locks': {
    prepare: () => {
      Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
    },
  },
};

describe.each(BROWSERS)('%s', (name) => {
  const test = testIn(name);

  describe.each(Object.entries(LOCKS))('%s', (_, { prepare }) => {
    /** Tabs with the same cart. */
    async function tabs(visit: Visit): Promise<[Tab, Tab]> {
      const pair: [Tab, Tab] = [await visit.tab(prepare), await visit.tab(prepare)];
      for (const tab of pair) await tab.visit();
      await expectLocks(...pair);
      return pair;
    }

    async function expectLocks(...all: readonly Tab[]): Promise<void> {
      for (const { page } of all) {
        expect(await page.evaluate(() => typeof navigator.locks)).toBe(prepare ? 'undefined' : 'object');
      }
    }

    test('scenario 26: two tabs, one cart, both paying at the same moment', async ({ visit, merchant }) => {
      const [one, other] = await tabs(visit);
      await merchant.faults({ kind: 'delay', ms: 800 });
      await Promise.all([one.openSheet(), other.openSheet()]);
      await Promise.all([one.tryToPay(), other.tryToPay()]);
      await Promise.all([one.reaches('succeeded'), other.reaches('succeeded')]);
      const charge = await visit.chargedOnce(TWO_MUGS.total);
      await one.showsPaid(charge);
      await other.showsPaid(charge);
      expect((await visit.ledger()).arrivals).toBe(1);
      const states = [...(await one.shown()), ...(await other.shown())].map(({ state }) => state);
      expect(states).toContain('blocked');
      expect(states).not.toContain('failed');
      // Nor does either of them pay again.
      expect(await Promise.all([one.openSheet(), other.openSheet()])).toEqual([false, false]);
    });

    test('scenario 26: three tabs at once, and the reply is lost', async ({ visit, merchant }) => {
      const [one, other] = await tabs(visit);
      const third = await visit.tab(prepare);
      await third.visit();
      const all = [one, other, third];
      await merchant.faults({ kind: 'delay', ms: 300 }, { kind: 'drop_reply' });
      await Promise.all(all.map((tab) => tab.openSheet()));
      await Promise.all(all.map((tab) => tab.tryToPay()));
      await Promise.all(all.map((tab) => tab.reaches('succeeded')));
      const charge = await visit.chargedOnce(TWO_MUGS.total);
      for (const tab of all) await tab.showsPaid(charge);
    });

    test('the tab that pays is closed, charged: another one finds out', async ({ visit, merchant }) => {
      const [holder, heir] = await tabs(visit);
      await merchant.faults({ kind: 'drip' });
      await holder.pay();
      await visit.ledgerShows(({ charges }) => charges.length === 1);
      await heir.tryToPay();
      await heir.reaches('blocked');
      expect(await heir.told()).toContain('another_tab_pays');
      await holder.page.close();
      await heir.showsPaid(await visit.chargedOnce(TWO_MUGS.total));
      expect((await visit.ledger()).arrivals).toBe(1);
    });

    test('the tab that pays is closed, never sent: another one may pay', async ({ visit }) => {
      const [holder, heir] = await tabs(visit);
      await holder.getStuck();
      await holder.pay();
      await holder.isStuck();
      await heir.reaches('blocked');
      await holder.page.close();
      const { canPay } = await heir.tells('payment_not_made');
      expect(canPay).toBe(true);
      await heir.pay();
      await heir.reaches('succeeded');
      const charge = await visit.chargedOnce(TWO_MUGS.total);
      await heir.showsPaid(charge);
      expect((await visit.ledger()).attempts.map(({ state }) => state).sort()).toEqual(['approved', 'voided']);
    });

    test.skipIf(name !== 'chromium')(
      'the tab that pays crashes: another one finds out',
      async ({ visit, merchant }) => {
        const [holder, heir] = await tabs(visit);
        await merchant.faults({ kind: 'drip' });
        await holder.pay();
        await visit.ledgerShows(({ charges }) => charges.length === 1);
        await heir.reaches('blocked');
        await crash(holder.page);
        await heir.showsPaid(await visit.chargedOnce(TWO_MUGS.total));
        expect((await visit.ledger()).arrivals).toBe(1);
      },
    );

    test('a token that is spent in one tab is refused in another', async ({ visit }) => {
      const [one, other] = await tabs(visit);
      const spent = await one.pay('insufficient_funds');
      await one.tells('payment_declined');
      await other.mayPay(); // it may have seen that somebody paid
      await other.pay('insufficient_funds', spent);
      await other.tells('fresh_token_needed');
      expect((await visit.ledger()).arrivals).toBe(1);
      await other.pay();
      await other.showsPaid((await visit.ledgerShows(({ charges }) => charges.length === 1)).charges[0]!);
      await one.reaches('succeeded');
    });

    test('the cart is changed in one tab while the sheet of another is open', async ({ visit }) => {
      const [one, other] = await tabs(visit);
      await one.openSheet();
      await other.setCart(THREE_MUGS);
      await one.tells('cart_changed');
      expect(await one.sheetIsOpen()).toBe(false);
      await one.setCart(THREE_MUGS);
      await one.pay();
      await one.showsPaid((await visit.ledgerShows(({ charges }) => charges.length === 1)).charges[0]!);
      await visit.chargedOnce(THREE_MUGS.total);
    });

    test('a tab that was opened from this one, with its sessionStorage', async ({ visit, merchant }) => {
      const one = await visit.tab(prepare);
      await one.visit();
      // Whatever this one keeps there, the other one has, too.
      await one.page.evaluate(() => sessionStorage.setItem('shop', 'mine'));
      const opened = new Promise<Tab>((resolve) => {
        one.page.once('popup', (page) => page && resolve(new Tab(page, visit.merchant.url)));
      });
      await one.page.evaluate((url) => void window.open(url), visit.merchant.url);
      const other = await opened;
      await other.loaded();
      if (prepare) await other.page.evaluate(prepare);
      expect(await other.page.evaluate(() => sessionStorage.getItem('shop'))).toBe('mine');
      await expectLocks(one, other);
      await other.start();
      await other.setCart(TWO_MUGS);
      await merchant.faults({ kind: 'delay', ms: 500 });
      await Promise.all([one.tryToPay(), other.tryToPay()]);
      await Promise.all([one.reaches('succeeded'), other.reaches('succeeded')]);
      const charge = await visit.chargedOnce(TWO_MUGS.total);
      await one.showsPaid(charge);
      await other.showsPaid(charge);
      expect((await visit.ledger()).arrivals).toBe(1);
    });

    test('a tab that was loaded while another one pays', async ({ visit, merchant }) => {
      const one = await visit.tab(prepare);
      await one.visit();
      await merchant.faults({ kind: 'delay', ms: 1500 });
      await one.pay();
      await visit.ledgerShows(({ attempts }) => attempts.length === 1);
      const other = await visit.tab(prepare);
      await other.visit();
      expect(await other.openSheet()).toBe(false);
      const charge = (await visit.ledgerShows(({ charges }) => charges.length === 1)).charges[0]!;
      await one.showsPaid(charge);
      await other.showsPaid(charge);
      expect(await visit.ledger()).toMatchObject({ arrivals: 1, settles: 0 });
    });

    test('a decline in one tab frees the other', async ({ visit, merchant }) => {
      const [one, other] = await tabs(visit);
      await merchant.faults({ kind: 'delay', ms: 800 });
      await one.pay('insufficient_funds');
      await other.reaches('blocked');
      await one.tells('payment_declined');
      await other.mayPay();
      await other.pay();
      await other.reaches('succeeded');
      await visit.chargedOnce(TWO_MUGS.total);
    });
  });
});
