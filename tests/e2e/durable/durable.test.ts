/**
 * What must outlive a page (rules D1, D2, D3): in the middle of a payment the page goes away, in each way in which pages
 * go away, and whatever comes in its place finds out the truth.
 */

import { describe, expect } from 'vitest';
import type { StartOptions } from '../harness/main';
import { BROWSERS, crash, Device } from './support/device';
import { deleteSiteData, stored } from './support/storage';
import { PATIENCE, Tab, THREE_MUGS, TWO_MUGS } from './support/tab';
import { testIn, Visit } from './support/test';

/** What became of the attempt in the moment when the page goes away, and what the shopper must be told of it. */
const TRUTHS: Readonly<Record<string, Truth>> = {
  'charged, and the reply on its way': {
    charged: true,
    async arrange({ merchant }) {
      await merchant.faults({ kind: 'drip' });
    },
    async reached(visit) {
      await visit.ledgerShows(({ charges }) => charges.length === 1);
    },
  },
  'lost on its way to the merchant': {
    charged: false,
    // Half of that at least, until it is sent again: the page is long gone by then.
    retry: { jitter: 'equal', base: 60_000, cap: 60_000, totalTime: 200_000 },
    async arrange({ merchant }) {
      await merchant.faults({ kind: 'drop_request' });
    },
    async reached(_, tab) {
      await tab.reaches('waiting');
    },
  },
  'in the journal, and not sent yet': {
    charged: false,
    async arrange(_, tab) {
      await tab.getStuck();
    },
    async reached(_, tab) {
      await tab.isStuck();
    },
  },
};

interface Truth {
  readonly charged: boolean;
  readonly retry?: StartOptions['retry'];
  arrange(visit: Visit, tab: Tab): Promise<void>;
  /** Waits until it is so. */
  reached(visit: Visit, tab: Tab): Promise<void>;
}

/** The ways in which pages go away. Each returns the tab with what is there in its place, loaded. */
const ENDS: Readonly<Record<string, (visit: Visit, tab: Tab) => Promise<Tab>>> = {
  async reload(_, tab) {
    await tab.reload();
    return tab;
  },
  async 'another page and back'(visit, tab) {
    await tab.page.goto(`${visit.merchant.url}/favicon.svg`);
    await tab.page.goBack();
    await tab.loaded();
    return tab;
  },
  async 'closed tab'(visit, tab) {
    const next = await visit.tab(); // the last tab of a window would take the browser along
    await tab.page.close();
    await next.load();
    return next;
  },
  async 'crashed renderer'(visit, tab) {
    await crash(tab.page);
    const next = await visit.tab();
    await next.load();
    return next;
  },
  async 'killed browser'(visit) {
    await visit.device.kill();
    visit.context = visit.device.own;
    const next = await visit.tab();
    await next.load();
    return next;
  },
};

describe.each(BROWSERS)('%s', (name) => {
  const test = testIn(name);

  for (const [end, comeBack] of Object.entries(ENDS)) {
    for (const [truth, { charged, retry, arrange, reached }] of Object.entries(TRUTHS)) {
      test.skipIf(end === 'crashed renderer' && name !== 'chromium')(
        `scenario 28: ${end} with an attempt that is ${truth}`,
        async ({ visit: shared, merchant }) => {
          // Only what the shopper has on the disk outlives the browser.
          const device = end === 'killed browser' ? await Device.start(name) : undefined;
          const visit = device ? new Visit(device, merchant, device.own) : shared;
          try {
            const tab = await visit.tab();
            await tab.visit(retry ? { retry } : {});
            await arrange(visit, tab);
            const token = await tab.pay();
            await reached(visit, tab);
            const { attempt } = await tab.snapshot();
            const key = attempt?.key ?? '';
            expect(key).not.toBe('');

            const next = await comeBack(visit, tab);
            await expectTruth(visit, next, { charged, key, token });
          } finally {
            await device?.stop();
          }
        },
      );
    }
  }

  async function expectTruth(
    visit: Visit,
    tab: Tab,
    { charged, key, token }: { charged: boolean; key: string; token: string },
  ): Promise<void> {
    // A page that came out of the back/forward cache has a checkout already.
    if (await tab.page.evaluate(() => (window.shop.checkout as unknown) === undefined)) {
      const first = await tab.start();
      expect(first).toMatchObject({ state: 'settling', attempt: { key } });
      expect(first.canPay).toBe(false);
      await tab.setCart(TWO_MUGS);
    }
    if (charged) {
      await tab.showsPaid(await visit.chargedOnce(TWO_MUGS.total));
      expect((await visit.ledger()).attempts).toMatchObject([{ key, state: 'approved' }]);
      return;
    }
    await tab.tells('payment_not_made');
    expect((await visit.ledger()).attempts).toMatchObject([{ key, state: 'voided' }]);
    // The token was given away, for all that anybody knows: it is spent.
    await tab.pay('approved', token);
    await tab.tells('fresh_token_needed');
    await tab.pay();
    await tab.reaches('succeeded');
    const charge = await visit.chargedOnce(TWO_MUGS.total);
    expect(charge.key).not.toBe(key);
    await tab.showsPaid(charge);
  }

  test('scenario 10: started three times in the middle of a payment: one attempt', async ({ visit, merchant }) => {
    const tab = await visit.tab();
    await tab.visit();
    // The merchant cannot be asked either, until the page has been loaded three times.
    await merchant.faults({ kind: 'drip' }, { kind: 'error_before', on: 'settle', times: 1000 });
    await tab.pay();
    await visit.ledgerShows(({ charges }) => charges.length === 1);
    const { attempt } = await tab.snapshot();
    for (let n = 0; n < 3; n += 1) {
      const first = await tab.visit();
      expect(first).toMatchObject({ state: 'settling', canPay: false, attempt: { key: attempt?.key } });
      expect(await tab.openSheet()).toBe(false);
    }
    await merchant.faults();
    await tab.showsPaid(await visit.chargedOnce(TWO_MUGS.total));
    expect(await visit.ledger()).toMatchObject({ arrivals: 1 });
  });

  test('scenario 17: the gateway says that something is wrong, although it charged', async ({ visit, merchant }) => {
    const tab = await visit.tab();
    await tab.visit({ retry: { maxRetries: 1 } });
    await merchant.faults(
      { kind: 'error_after', times: 2 },
      { kind: 'html', on: 'settle' },
      { kind: 'error_before', on: 'settle' },
      { kind: 'empty', on: 'settle' },
    );
    await tab.pay();
    await tab.reaches('settling', 'succeeded');
    await tab.visit();
    await tab.showsPaid(await visit.chargedOnce(TWO_MUGS.total));
    for (const { state, notices } of await tab.shown()) {
      expect(state).not.toBe('failed');
      expect(notices.map(({ severity }) => severity)).not.toContain('error');
    }
  });

  test('the merchant has never heard of the key: the shopper may pay', async ({ visit, merchant }) => {
    const tab = await visit.tab();
    await tab.visit();
    await merchant.faults({ kind: 'drip' });
    await tab.pay();
    await visit.ledgerShows(({ charges }) => charges.length === 1);
    await merchant.reset();
    await tab.visit();
    await tab.tells('payment_not_made');
    await tab.pay();
    await tab.reaches('succeeded');
    await visit.chargedOnce(TWO_MUGS.total);
  });

  test('scenario 18: reloaded on the success page, twice: the same result', async ({ visit }) => {
    const tab = await visit.tab();
    await tab.visit();
    await tab.pay();
    const { receipt } = await tab.reaches('succeeded');
    for (let n = 0; n < 2; n += 1) {
      const first = await tab.visit();
      expect(first).toMatchObject({
        state: 'succeeded',
        canPay: false,
        receipt: { key: receipt?.key, reference: receipt?.reference, at: receipt?.at, paid: { total: TWO_MUGS.total } },
      });
      expect((await tab.shown()).map(({ state }) => state)).not.toContain('failed');
    }
    expect(await visit.ledger()).toMatchObject({ arrivals: 1, settles: 0, charges: [{ key: receipt?.key }] });
  });

  test('a spent token is known after the page was loaded anew', async ({ visit }) => {
    const tab = await visit.tab();
    await tab.visit();
    const spent = await tab.pay('insufficient_funds');
    await tab.tells('payment_declined');
    await tab.visit();
    await tab.pay('insufficient_funds', spent);
    await tab.tells('fresh_token_needed');
    expect((await visit.ledger()).arrivals).toBe(1);
  });

  test('another cart after the page was loaded anew: the open attempt first', async ({ visit, merchant }) => {
    const tab = await visit.tab();
    await tab.visit();
    await merchant.faults({ kind: 'drip' });
    await tab.pay();
    await visit.ledgerShows(({ charges }) => charges.length === 1);
    await tab.visit({}, THREE_MUGS);
    await tab.tells('earlier_cart_paid');
    await visit.chargedOnce(TWO_MUGS.total);
  });

  test('reloaded in the middle of a challenge: fenced, and paid anew', async ({ visit }) => {
    const tab = await visit.tab();
    await tab.visit();
    await tab.pay('challenge');
    await tab.reaches('action_required');
    await tab.visit();
    await tab.tells('payment_not_made');
    await tab.pay();
    await tab.reaches('succeeded');
    expect((await visit.ledger()).attempts.map(({ state }) => state).sort()).toEqual(['approved', 'voided']);
  });

  test('the site data are deleted while the page is open: it pays once, and it is noted again', async ({ visit }) => {
    const tab = await visit.tab();
    await tab.visit();
    const spent = await tab.pay('insufficient_funds');
    await tab.tells('payment_declined');
    await deleteSiteData(tab.page);
    await tab.pay('insufficient_funds', spent);
    await tab.tells('fresh_token_needed');
    await tab.pay();
    expect(await tab.reaches('succeeded')).toMatchObject({ durable: true });
    const first = await tab.visit();
    expect(first.state).toBe('succeeded');
    await visit.chargedOnce(TWO_MUGS.total);
  });

  test('the site data are deleted in the middle of a payment: the page goes on', async ({ visit, merchant }) => {
    const tab = await visit.tab();
    await tab.visit();
    await merchant.faults({ kind: 'delay', ms: 1500 });
    await tab.pay();
    await visit.ledgerShows(({ attempts }) => attempts.length === 1);
    await deleteSiteData(tab.page);
    const { receipt } = await tab.reaches('succeeded');
    await expect.poll(() => stored(tab.page), { timeout: PATIENCE }).toContain(receipt?.key);
    const first = await tab.visit();
    expect(first.state).toBe('succeeded');
    await visit.chargedOnce(TWO_MUGS.total);
  });

  describe('without IndexedDB, as in some private windows', () => {
    const broken = (): void => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('not in this window', 'SecurityError');
      };
    };

    test('nothing is sent where the record is required', async ({ visit }) => {
      const tab = await visit.tab(broken);
      await tab.load();
      const refused = await tab
        .start({ durability: 'required' })
        .then(() => undefined)
        .catch(String);
      if (refused === undefined) {
        await tab.setCart(TWO_MUGS);
        await tab.pay();
        await tab.tells('record_unavailable');
      } else {
        expect(refused).toContain('journal_');
      }
      expect((await visit.ledger()).arrivals).toBe(0);
    });

    test('the payment goes on where it is preferred, and the snapshot says so', async ({ visit }) => {
      const tab = await visit.tab(broken);
      await tab.visit();
      await tab.pay();
      expect(await tab.reaches('succeeded')).toMatchObject({ durable: false });
      await visit.chargedOnce(TWO_MUGS.total);
    });
  });

  test('a write that fails after the start: refused where it is required', async ({ visit }) => {
    const tab = await visit.tab();
    await tab.visit({ durability: 'required' });
    await tab.page.evaluate(() => {
      IDBObjectStore.prototype.put = () => {
        throw new DOMException('the disk is full', 'QuotaExceededError');
      };
    });
    await tab.pay();
    await tab.tells('record_unavailable');
    expect((await visit.ledger()).arrivals).toBe(0);
  });
});
