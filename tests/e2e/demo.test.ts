/** The demo page, as people use it: the whole story by mouse and by keyboard alone, for all eyes and all screens. */

import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { accessible, barriers } from './support/barriers';
import { type AttemptBody, Watch } from './support/browser';
import { DEMO } from './support/build';
import { expectNoToken, expectOnceOnly } from './support/invariants';
import type { Merchant } from './support/merchant';
import { PATIENCE } from './support/shop';
import { testOf } from './support/test';

/** How the shopper operates the page. */
interface Hand {
  press(hook: string): Promise<void>;
  /** Chooses a radio button or ticks a box. */
  choose(hook: string): Promise<void>;
}

class Demo {
  readonly page: Page;
  readonly merchant: Merchant;
  readonly watch = new Watch();

  constructor(page: Page, merchant: Merchant) {
    this.page = page;
    this.merchant = merchant;
    this.watch.page(page);
  }

  async open(): Promise<void> {
    await this.page.goto(`${this.merchant.url}/?test`);
    await this.reaches('ready');
  }

  at(hook: string): ReturnType<Page['getByTestId']> {
    return this.page.getByTestId(hook);
  }

  async reaches(state: string): Promise<void> {
    await this.page.locator(`body[data-state=${state}]`).waitFor({ timeout: PATIENCE });
  }

  /** The page, or the sheet, says that. */
  async says(hook: string, text: string | RegExp): Promise<void> {
    await this.at(hook).filter({ hasText: text }).waitFor({ timeout: PATIENCE });
  }

  readonly mouse: Hand = {
    press: (hook) => this.at(hook).click(),
    // The input lies under its tile, so the click goes to the label, as the shopper's does.
    choose: (hook) => this.page.locator('label', { has: this.at(hook) }).click(),
  };

  readonly keyboard: Hand = {
    press: async (hook) => {
      await this.#tabTo(hook);
      await this.page.keyboard.press('Enter');
    },
    choose: async (hook) => {
      const input = this.at(hook);
      if ((await input.getAttribute('type')) !== 'radio') {
        await this.#tabTo(hook);
        return this.page.keyboard.press('Space');
      }
      // Tab leads to the chosen button of a group, the arrows to the others.
      const name = await input.getAttribute('name');
      await this.#tabTo((focused) => focused.name === name);
      for (let step = 0; step < 20 && !(await input.isChecked()); step += 1)
        await this.page.keyboard.press('ArrowDown');
      expect(await input.isChecked()).toBe(true);
    },
  };

  /** Presses Tab until the focus is there. */
  async #tabTo(target: string | ((focused: { name: string }) => boolean)): Promise<void> {
    for (let step = 0; step < 120; step += 1) {
      const focused = await this.page.evaluate(() => {
        const element = document.activeElement as HTMLElement & { name?: string };
        return { hook: element.dataset['testid'] ?? '', name: element.name ?? '' };
      });
      if (typeof target === 'string' ? focused.hook === target : target(focused)) return;
      await this.page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not lead to ${String(target)}`);
  }

  /** The story of the page, told by that hand. */
  async story({ press, choose }: Hand): Promise<void> {
    await press('pay');
    await this.says('wallet-total', '$30.00');
    await choose('card-insufficient_funds');
    await press('wallet-pay');
    await this.says('wallet-message', 'There is not enough money available on this card.');
    expect(await this.at('wallet-dialog').isVisible()).toBe(true);

    await press('wallet-old-token');
    await this.says('wallet-message', 'cannot be used twice');
    expect((await this.merchant.ledger()).arrivals).toBe(1);

    await choose('card-approved');
    await press('wallet-lose-replies');
    await expect.poll(() => this.merchant.faultsLeft(), { timeout: PATIENCE }).toBe(1);
    // Whatever the dice say about the delays, there is time for the rest of the story.
    await this.merchant.faults({ kind: 'drop_reply', times: 3 }, { kind: 'rate_limited', retryAfter: 10, times: 9 });
    await press('wallet-pay');
    await expect.poll(async () => (await this.merchant.ledger()).charges.length, { timeout: PATIENCE }).toBe(1);
    await this.reaches('waiting');

    await press('wallet-cancel');
    expect(await this.page.locator('body').getAttribute('data-state')).not.toBe('ready');
    await press('more-tote');
    await this.reaches('succeeded');
    await this.says('notices', 'We have received your payment for the cart as it was');
    await this.says('receipt', '$30.00');
    await this.says('charged', 'Charged: 1 time, $30.00');
    await this.merchant.faults();
    expect(await this.page.locator('[data-step].done').count()).toBe(4);

    const { charges, attempts } = await this.merchant.ledger();
    expect(charges).toMatchObject([{ amount: 3000, currency: 'USD' }]);
    expect(attempts.map(({ state }) => state)).toEqual(['declined', 'approved']);

    // What was added meanwhile is a purchase of its own.
    await press('acknowledge');
    await this.reaches('ready');
    await press('pay');
    await this.says('wallet-total', '$48.00');
    await choose('ship-express');
    await this.says('wallet-total', '$55.00');
    await this.says('total', '$55.00');
    await press('wallet-pay');
    await this.reaches('succeeded');
    await this.says('receipt', '$55.00');
    expect((await this.merchant.ledger()).charges.map(({ amount }) => amount)).toEqual([3000, 5500]);
  }

  /** Checks what must hold after every test. */
  async check(): Promise<void> {
    expect(this.watch.complaints).toEqual([]);
    await expectOnceOnly(this.watch, this.merchant, new Set());
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.at('export-log').click()]);
    const log = await readFile(await download.path(), 'utf8');
    expect(JSON.parse(log)).toHaveProperty('entries');
    const open = await this.page.evaluate(() => {
      const { checkout } = window as unknown as { checkout: { getSnapshot(): unknown } };
      return [
        document.documentElement.outerHTML,
        JSON.stringify(checkout.getSnapshot()),
        JSON.stringify([{ ...localStorage }, { ...sessionStorage }]),
      ];
    });
    const tokens = this.watch.attempts.map(({ text }) => (JSON.parse(text) as AttemptBody).token);
    expectNoToken([log, ...open, ...this.watch.console], tokens);
  }
}

const test = testOf(DEMO).extend<{ demo: Demo }>({
  demo: async ({ merchant, browser }, use) => {
    await merchant.reset();
    const context = await browser.newContext({ acceptDownloads: true });
    try {
      const demo = new Demo(await context.newPage(), merchant);
      await demo.open();
      await use(demo);
      await demo.check();
    } finally {
      await context.close();
    }
  },
});

describe('the demo page', () => {
  test('its story by mouse', ({ demo }) => demo.story(demo.mouse));

  test('its story by keyboard alone', ({ demo }) => demo.story(demo.keyboard));

  test('its story, played by itself', { timeout: 60_000 }, async ({ demo }) => {
    await demo.mouse.press('play');
    await demo.page.locator('body[data-state=succeeded]').waitFor({ timeout: 45_000 });
    await expect.poll(() => demo.page.locator('[data-step].done').count(), { timeout: PATIENCE }).toBe(4);
    expect((await demo.merchant.ledger()).charges).toHaveLength(1);
  });

  test('is without barriers when ready, in the sheet, declined and paid', { timeout: 60_000 }, async ({ demo }) => {
    await accessible(demo.page);
    await demo.mouse.press('pay');
    await demo.reaches('sheet_open');
    await accessible(demo.page);
    await demo.mouse.choose('card-insufficient_funds');
    await demo.mouse.press('wallet-pay');
    await demo.says('wallet-message', 'not enough money');
    await accessible(demo.page);
    await demo.mouse.choose('card-approved');
    await demo.mouse.press('wallet-pay');
    await demo.reaches('succeeded');
    await demo.at('wallet-dialog').waitFor({ state: 'hidden' });
    await accessible(demo.page);
  });

  // WCAG 2.2, 1.4.10: 320 px is a page of 1280 px at 400 %.
  test('fits a screen of 320 px, with the sheet and without', async ({ demo }) => {
    await demo.page.setViewportSize({ width: 320, height: 700 });
    const width = () => demo.page.evaluate(() => document.documentElement.scrollWidth);
    expect(await width()).toBe(320);
    await demo.at('pay').click();
    await demo.reaches('sheet_open');
    expect(await width()).toBe(320);
    await demo.page.keyboard.press('Escape');
    await demo.reaches('ready');
  });

  test('scenario 04: a double click on Pay in the sheet submits once', async ({ demo, merchant }) => {
    await demo.at('pay').dblclick();
    await demo.reaches('sheet_open');
    await demo.at('wallet-pay').dblclick();
    await demo.reaches('succeeded');
    expect(await merchant.ledger()).toMatchObject({ arrivals: 1, charges: [{ amount: 3000 }] });
  });

  test('scenario 14: the sheet reports its approval twice', async ({ demo, merchant }) => {
    await demo.mouse.press('pay');
    await demo.mouse.press('wallet-twice');
    await demo.reaches('succeeded');
    expect(await merchant.ledger()).toMatchObject({ arrivals: 1, charges: [{ amount: 3000 }] });
  });

  test('scenario 21: to the payment, back, another quantity, to the payment', async ({ demo, merchant }) => {
    const { mouse } = demo;
    await mouse.press('pay');
    await mouse.press('wallet-cancel');
    await mouse.press('more-mug');
    await demo.says('notices', 'Your cart has changed.');
    await mouse.press('pay');
    await demo.says('wallet-total', '$42.50');
    await mouse.press('wallet-pay');
    await demo.reaches('succeeded');
    const { charges, discarded } = await merchant.ledger();
    expect(charges).toMatchObject([{ amount: 4250 }]);
    expect(discarded).toHaveLength(1);
    expect(discarded[0]?.session).not.toBe(charges[0]?.session);
  });

  test('scenario 10: reloaded in mid-payment, and a second tab', async ({ demo, merchant }) => {
    await merchant.faults({ kind: 'delay', ms: 1000 });
    await demo.mouse.press('life-reload');
    await demo.mouse.press('pay');
    const reloaded = demo.page.waitForEvent('load');
    await demo.mouse.press('wallet-pay');
    await reloaded;
    await demo.reaches('succeeded');
    await demo.says('charged', 'Charged: 1 time, $30.00');

    const opened = demo.page.waitForEvent('popup');
    await demo.mouse.press('life-tab');
    const second = await opened;
    await second.locator('body[data-state=succeeded]').waitFor({ timeout: PATIENCE });
    expect((await merchant.ledger()).charges).toHaveLength(1);
  });

  test('a challenge in the middle of it, approved', async ({ demo }) => {
    await demo.mouse.press('pay');
    await demo.mouse.choose('card-challenge');
    await demo.mouse.press('wallet-pay');
    await demo.at('challenge-dialog').waitFor();
    expect(await barriers(demo.page)).toEqual([]);
    await demo.mouse.press('challenge-approve');
    await demo.reaches('succeeded');
    await demo.says('charged', 'Charged: 1 time, $30.00');
  });

  test('speaks the language that the shopper chooses, and says which', async ({ demo }) => {
    const { page } = demo;
    await demo.at('language').selectOption('de');
    await demo.says('pay', '30,00\u00a0$');
    await demo.mouse.press('pay');
    await demo.mouse.choose('card-insufficient_funds');
    await demo.mouse.press('wallet-pay');
    await demo.says('wallet-message', 'Ihr Konto wurde nicht belastet. Das verfügbare Guthaben');
    expect(await demo.at('wallet-message').getAttribute('lang')).toBe('de');
    await demo.mouse.press('wallet-cancel');

    // It is said anew, in the other language, to eyes and screen readers alike.
    const told = demo.at('notices').locator('[data-code=payment_declined]');
    await demo.at('language').selectOption('ja');
    await told.filter({ hasText: '請求は行われていません。' }).waitFor({ timeout: PATIENCE });
    expect(await told.getAttribute('lang')).toBe('ja');
    expect(await told.count()).toBe(1);
    expect(await page.locator('html').getAttribute('lang')).toBe('en');

    await page.reload();
    await demo.reaches('ready');
    expect(await demo.at('language').inputValue()).toBe('ja');
    expect(await barriers(page)).toEqual([]);
  });

  test('yen, a coupon and a postcode', async ({ demo, merchant }) => {
    await demo.mouse.choose('currency-JPY');
    await demo.mouse.choose('coupon');
    await demo.mouse.press('pay');
    await demo.says('wallet-total', '¥4,120');
    await demo.mouse.choose('card-postcode');
    await demo.at('wallet-postcode').fill('12345');
    await demo.mouse.press('wallet-pay');
    await demo.reaches('succeeded');
    expect(await merchant.ledger()).toMatchObject({ charges: [{ amount: 4120, currency: 'JPY' }] });
  });
});
