/** What a browser does to a page that nobody looks at, and what a shopper does to a page that is busy (rules D4, D8). */

import type { Cart } from 'payonce';
import { describe, expect } from 'vitest';
import { mugs, type Tab, tokenOf, TWO_MUGS } from './support/tab';
import { BROWSERS } from './support/device';
import { testIn, type Visit } from './support/test';

const HOUR = 3_600_000;
const test = testIn('chromium', { lifecycle: true });

/** Sent again in 1 to 2 s, and not given up for a long time. */
const UNHURRIED = { jitter: 'equal', base: 2000, cap: 2000, totalTime: 120_000 } as const;

describe.each(BROWSERS)('the back/forward cache in %s', (name) => {
  const test = testIn(name, { lifecycle: true });

  /** Leaves the page, does `meanwhile`, comes back and tells whether the page came out of the cache. */
  async function leave(tab: Tab, visit: Visit, meanwhile?: () => Promise<void>): Promise<boolean> {
    await tab.page.evaluate(() => {
      addEventListener('pageshow', ({ persisted }) => {
        document.body.dataset['persisted'] = String(persisted);
      });
    });
    await tab.page.goto(`${visit.merchant.url}/favicon.svg`);
    await meanwhile?.();
    await tab.page.goBack();
    await tab.loaded();
    return tab.page.evaluate(() => document.body.dataset['persisted'] === 'true');
  }

  /** What a storefront does whose page was thrown away. */
  async function resume(tab: Tab, persisted: boolean, cart: Cart = TWO_MUGS): Promise<void> {
    if (persisted) return;
    await tab.start();
    await tab.setCart(cart);
  }

  test.skipIf(name !== 'chromium')('a page that is ready comes back ready, out of the cache', async ({ visit }) => {
    const tab = await visit.tab();
    await tab.visit();
    expect(await leave(tab, visit)).toBe(true);
    await tab.pay();
    await tab.reaches('succeeded');
    await visit.chargedOnce(TWO_MUGS.total);
  });

  test.skipIf(name !== 'chromium')('a page that was offline when it left comes back and pays', async ({ visit }) => {
    const tab = await visit.tab();
    await tab.visit();
    // The network goes away, and comes back while the page is in the cache, where it hears nothing.
    await tab.page.evaluate(() => dispatchEvent(new Event('offline')));
    expect((await tab.snapshot()).online).toBe(false);
    expect(await leave(tab, visit)).toBe(true);
    await tab.pay();
    await tab.reaches('succeeded');
    await visit.chargedOnce(TWO_MUGS.total);
  });

  test('scenario 27: back onto a half-done payment, charged meanwhile', async ({ visit, merchant }) => {
    const tab = await visit.tab();
    await tab.visit();
    await merchant.faults({ kind: 'delay', ms: 700 });
    await tab.pay();
    await tab.reaches('sending');
    await visit.ledgerShows(({ attempts }) => attempts.length === 1);
    const persisted = await leave(tab, visit, async () => {
      await visit.ledgerShows(({ charges }) => charges.length === 1);
    });
    await resume(tab, persisted);
    expect((await tab.snapshot()).canPay).toBe(false);
    expect(await tab.openSheet()).toBe(false);
    await tab.showsPaid(await visit.chargedOnce(TWO_MUGS.total));
  });

  test('scenario 27: back onto a half-done payment, and the merchant takes its time', async ({ visit, merchant }) => {
    const tab = await visit.tab();
    await tab.visit({ retry: UNHURRIED });
    await merchant.faults({ kind: 'drop_request' }, { kind: 'error_before', on: 'settle', times: 3 });
    await tab.pay();
    await tab.reaches('waiting');
    const persisted = await leave(tab, visit);
    await resume(tab, persisted);
    // Verified first, unlocked then.
    expect(await tab.openSheet()).toBe(false);
    expect((await tab.snapshot()).canPay).toBe(false);
    await tab.tells('payment_not_made');
    expect(await merchant.faultsLeft()).toBe(0);
    await tab.pay();
    await tab.reaches('succeeded');
    await visit.chargedOnce(TWO_MUGS.total);
  });

  test('back with an open sheet: it is gone, and pays when it is opened again', async ({ visit }) => {
    const tab = await visit.tab();
    await tab.visit();
    await tab.openSheet();
    const persisted = await leave(tab, visit);
    await resume(tab, persisted);
    await tab.reaches('ready');
    expect(await tab.sheetIsOpen()).toBe(false);
    await tab.pay();
    await tab.reaches('succeeded');
    await visit.chargedOnce(TWO_MUGS.total);
  });

  test('paid in another tab meanwhile: shown as paid', async ({ visit }) => {
    const tab = await visit.tab();
    await tab.visit();
    const other = await visit.tab();
    const persisted = await leave(tab, visit, async () => {
      await other.visit();
      await other.pay();
      await other.reaches('succeeded');
    });
    await resume(tab, persisted);
    await tab.showsPaid(await visit.chargedOnce(TWO_MUGS.total));
  });
});

describe('a page that nobody looks at', () => {
  test('frozen while the merchant charges', async ({ visit, merchant }) => {
    const tab = await visit.tab();
    await tab.visit();
    await merchant.faults({ kind: 'delay', ms: 500 });
    await tab.pay();
    await visit.ledgerShows(({ attempts }) => attempts.length === 1);
    const session = await tab.page.createCDPSession();
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await visit.ledgerShows(({ charges }) => charges.length === 1);
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await tab.showsPaid(await visit.chargedOnce(TWO_MUGS.total));
  });

  test('frozen while a send waits', async ({ visit, merchant }) => {
    const tab = await visit.tab();
    await tab.visit({ retry: UNHURRIED });
    await merchant.faults({ kind: 'drop_request' });
    await tab.pay();
    await tab.reaches('waiting');
    const session = await tab.page.createCDPSession();
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await new Promise((resolve) => setTimeout(resolve, 2500)); // longer than the send would have waited
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await tab.showsPaid((await visit.ledgerShows(({ charges }) => charges.length === 1)).charges[0]!);
    expect((await visit.ledger()).attempts).toHaveLength(1);
  });

  test('hidden behind another tab while a send waits', async ({ visit, merchant }) => {
    const tab = await visit.tab();
    await tab.visit({ retry: UNHURRIED });
    const front = await visit.tab();
    await front.page.bringToFront();
    const session = await tab.page.createCDPSession();
    // Without a window, no tab hides another one.
    await session.send('Emulation.setFocusEmulationEnabled', { enabled: false });
    await tab.page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await merchant.faults({ kind: 'drop_request' });
    await tab.pay();
    await tab.reaches('waiting');
    await tab.showsPaid((await visit.ledgerShows(({ charges }) => charges.length === 1)).charges[0]!);
    expect((await visit.ledger()).attempts).toHaveLength(1);
  });

  test('left for good in the middle of a send: the send arrives, and is found again', async ({ visit }) => {
    const tab = await visit.tab();
    await tab.visit();
    // The page is gone before the request can have been answered.
    const url = `${visit.merchant.url}/favicon.svg`;
    await Promise.all([
      tab.page.waitForNavigation(),
      tab.page.evaluate(
        ([token, away]) => {
          const { checkout, wallet } = window.shop;
          const send = window.fetch;
          window.fetch = (...request) => {
            const reply = send(...request);
            location.assign(away);
            return reply;
          };
          checkout.openSheet();
          wallet.approve(token);
        },
        [tokenOf('approved'), url] as const,
      ),
    ]);
    const { charges } = await visit.ledgerShows((ledger) => ledger.charges.length === 1);
    const first = await tab.visit();
    expect(first.canPay).toBe(false);
    await tab.showsPaid(charges[0]!);
    await visit.chargedOnce(TWO_MUGS.total);
  });
});

describe('the network', () => {
  test('offline before the send, online later', async ({ visit }) => {
    const tab = await visit.tab();
    await tab.visit();
    await tab.page.setOfflineMode(true);
    await tab.pay();
    await tab.tells('offline');
    expect((await visit.ledger()).arrivals).toBe(0);
    await tab.page.setOfflineMode(false);
    await tab.reaches('succeeded');
    await visit.chargedOnce(TWO_MUGS.total);
  });

  test('offline in the middle of a send, loaded anew when online again', async ({ visit, merchant }) => {
    const tab = await visit.tab();
    await tab.visit();
    await merchant.faults({ kind: 'delay', ms: 500 });
    await tab.pay();
    await visit.ledgerShows(({ attempts }) => attempts.length === 1);
    await tab.page.setOfflineMode(true);
    await visit.ledgerShows(({ charges }) => charges.length === 1);
    await tab.page.setOfflineMode(false);
    await tab.visit();
    await tab.showsPaid(await visit.chargedOnce(TWO_MUGS.total));
  });
});

describe("the shopper's clock", () => {
  async function waiting(visit: Visit): Promise<Tab> {
    const tab = await visit.tab();
    await tab.visit({ retry: UNHURRIED });
    await visit.merchant.faults({ kind: 'drop_request' });
    await tab.pay();
    await tab.reaches('waiting');
    return tab;
  }

  test('25 hours later the key is not sent again: the merchant is asked', async ({ visit }) => {
    const tab = await waiting(visit);
    await tab.page.evaluate((ms) => {
      window.shop.skew = ms;
    }, 25 * HOUR);
    await tab.tells('payment_not_made');
    expect(await visit.ledger()).toMatchObject({ arrivals: 1, charges: [], attempts: [{ state: 'voided' }] });
    await tab.pay();
    await tab.reaches('succeeded');
    await visit.chargedOnce(TWO_MUGS.total);
  });

  test('24 hours earlier it still is, and the payment ends', async ({ visit }) => {
    const tab = await waiting(visit);
    await tab.page.evaluate((ms) => {
      window.shop.skew = ms;
    }, -24 * HOUR);
    await tab.reaches('succeeded');
    await visit.chargedOnce(TWO_MUGS.total);
    expect((await visit.ledger()).attempts).toHaveLength(1);
  });

  test('loaded anew 25 hours later with an open attempt: still settled first', async ({ visit, merchant }) => {
    const tab = await visit.tab();
    await tab.visit();
    await merchant.faults({ kind: 'drip' });
    await tab.pay();
    await visit.ledgerShows(({ charges }) => charges.length === 1);
    const { attempt } = await tab.snapshot();
    await tab.load();
    await tab.page.evaluate((ms) => {
      window.shop.skew = ms;
    }, 25 * HOUR);
    expect(await tab.start()).toMatchObject({ state: 'settling', attempt: { key: attempt?.key }, canPay: false });
    await tab.setCart(TWO_MUGS);
    await tab.showsPaid(await visit.chargedOnce(TWO_MUGS.total));
  });
});

describe.each(BROWSERS)('the bank and the sheet in %s', (name) => {
  const test = testIn(name);

  for (const passed of [true, false]) {
    test(`scenario 29: back from a redirect, ${passed ? 'approved' : 'given up'} at the bank`, async ({ visit }) => {
      const tab = await visit.tab();
      await tab.visit();
      await tab.pay('challenge');
      const { attempt } = await tab.reaches('action_required');
      await tab.page.goto(`${visit.merchant.url}/favicon.svg`);
      if (passed) {
        await fetch(`${visit.merchant.url}/challenges/${attempt?.key}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ result: 'pass' }),
        });
      }
      // Whatever the address says, it proves nothing.
      await tab.page.goto(`${visit.merchant.url}/?redirect_status=succeeded&key=${attempt?.key}`);
      await tab.loaded();
      const first = await tab.start();
      expect(first).toMatchObject({ state: 'settling', canPay: false });
      await tab.setCart(TWO_MUGS);
      if (passed) {
        await tab.showsPaid(await visit.chargedOnce(TWO_MUGS.total));
      } else {
        await tab.tells('payment_not_made');
        expect((await visit.ledger()).charges).toEqual([]);
        expect((await tab.shown()).map(({ state }) => state)).not.toContain('succeeded');
      }
    });
  }

  test('scenario 03: a challenge that is cancelled spends the token', async ({ visit }) => {
    const tab = await visit.tab();
    await tab.visit({ retriesInPlace: false });
    const token = await tab.pay('challenge');
    await tab.reaches('action_required');
    await tab.page.click('#challenge-close');
    await tab.reaches('ready');
    await tab.pay('challenge', token);
    await tab.tells('fresh_token_needed');
    expect((await visit.ledger()).arrivals).toBe(1);
    // Loaded anew, too.
    await tab.visit({ retriesInPlace: false });
    await tab.pay('challenge', token);
    await tab.tells('fresh_token_needed');
    expect(await visit.ledger()).toMatchObject({ arrivals: 1, charges: [] });
  });

  test('scenario 23: a coupon in the sheet: sheet, page and charge show one total', async ({ visit }) => {
    const tab = await visit.tab();
    await tab.visit();
    await tab.openSheet();
    const plain = mugs(2);
    const coupon: Cart = {
      ...plain,
      adjustments: [...(plain.adjustments ?? []), { kind: 'discount', id: 'TEA', amount: -700 }],
      total: plain.total - 700,
    };
    await tab.page.evaluate((json) => window.shop.wallet.changeCart(JSON.parse(json) as Cart), JSON.stringify(coupon));
    const shows = await tab.page.evaluate(() => ({
      sheet: window.shop.wallet.summary?.total,
      page: window.shop.checkout.getSnapshot().summary?.total,
      open: window.shop.wallet.isOpen,
    }));
    expect(shows).toEqual({ sheet: coupon.total, page: coupon.total, open: true });
    await tab.pay();
    await tab.reaches('succeeded');
    await visit.chargedOnce(coupon.total);
  });
});
