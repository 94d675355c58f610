/** The demo page with the browser's own sheet: the real Payment Request window of Chromium, and the web wallet in it. */

import type { NoticeCode, Snapshot, State } from 'payonce';
import type { BrowserContext, Page, Target } from 'puppeteer-core';
import { expect } from 'vitest';
import type { Merchant } from './merchant';
import type { Device } from '../durable/support/device';
import { PATIENCE } from './shop';

/** One tab of the shop, and the sheets that it opens. */
export class WalletShop {
  readonly page: Page;
  readonly merchant: Merchant;
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;
  /** The windows of wallets that were there before. */
  readonly #seen = new Set<Target>();

  private constructor(context: BrowserContext, page: Page, merchant: Merchant) {
    this.#context = context;
    this.page = page;
    this.merchant = merchant;
    page.on('console', (message) => {
      const network = message.text().startsWith('Failed to load resource'); // on purpose
      if (['error', 'warn'].includes(message.type()) && !network) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  static async open(context: BrowserContext, merchant: Merchant): Promise<WalletShop> {
    const shop = new WalletShop(context, await context.newPage(), merchant);
    await shop.page.goto(`${merchant.url}/?test`);
    await shop.reaches('ready');
    // The button is there once the browser has found the wallet.
    await shop.page.waitForSelector('#pay-browser:not([hidden])', { timeout: PATIENCE });
    return shop;
  }

  /** Clicks the button of the browser's own sheet. */
  async click(): Promise<void> {
    await this.page.bringToFront();
    await this.page.click('#pay-browser');
  }

  /** The window of the wallet, once it shows the order. */
  async wallet(): Promise<Page> {
    return walletWindow(this.#context, this.#seen);
  }

  async openSheet(): Promise<Page> {
    await this.click();
    return this.wallet();
  }

  /** Agrees in the wallet. */
  async pay(wallet: Page, card = 'approved'): Promise<void> {
    await choose(wallet, `card-${card}`);
    await press(wallet, '#pay');
  }

  /** Presses a button of the page, which lies behind the sheet: as a script of the page would, not the shopper. */
  async act(hook: string): Promise<void> {
    await this.page.$eval(`[data-testid="${hook}"]`, (button) => (button as HTMLElement).click());
  }

  snapshot(): Promise<Snapshot> {
    return this.page.evaluate(() =>
      (window as unknown as { checkout: { getSnapshot(): Snapshot } }).checkout.getSnapshot(),
    );
  }

  /** How many sheets were opened. */
  async sheets(): Promise<number> {
    const log = await this.page.evaluate(() =>
      (window as unknown as { checkout: { exportLog(): string } }).checkout.exportLog(),
    );
    return log.split('"open_sheet"').length - 1;
  }

  async told(): Promise<readonly NoticeCode[]> {
    return (await this.snapshot()).notices.map(({ code }) => code);
  }

  async reaches(state: State): Promise<void> {
    await this.page
      .waitForSelector(`body[data-state=${state}]`, { timeout: PATIENCE })
      .catch(async (error: unknown) => {
        const is = await this.page.$eval('body', ({ dataset }) => dataset['state']);
        throw new Error(`never ${state}, but ${is}`, { cause: error });
      });
  }

  async tells(code: NoticeCode): Promise<void> {
    await expect.poll(() => this.told(), { timeout: PATIENCE }).toContain(code);
  }

  /** One charge, of that amount; page, receipt and ledger agree. */
  async paidOnce(amount: number): Promise<void> {
    await this.reaches('succeeded');
    const { charges } = await this.merchant.ledger();
    expect(charges.map((charge) => charge.amount)).toEqual([amount]);
    const { receipt } = await this.snapshot();
    expect(receipt).toMatchObject({ key: charges[0]?.key, paid: { total: amount, cartHash: charges[0]?.cartHash } });
  }

  /** What must hold after every test. No token is in the page, nor in what it says of itself. */
  async check(): Promise<void> {
    expect(this.complaints).toEqual([]);
    const { charges, tokens } = await this.merchant.ledger();
    expect(new Set(charges.map(({ session }) => session)).size).toBe(charges.length);
    expect(new Set(tokens.map(({ fingerprint }) => fingerprint)).size).toBe(tokens.length);
    const open = await this.page.evaluate(() => {
      const { checkout } = window as unknown as { checkout: { exportLog(): string } };
      return [document.documentElement.outerHTML, checkout.exportLog()].join('');
    });
    expect(open).not.toMatch(/tok_(approved|insufficient_funds)_/);
  }
}

/** A fixture: the shop in a browser of its own, with an empty ledger. */
export async function visit(
  { merchant, device }: { readonly merchant: Merchant; readonly device: Device },
  use: (shop: WalletShop) => Promise<void>,
): Promise<void> {
  await merchant.reset();
  const context = await device.visitor();
  const shop = await WalletShop.open(context, merchant);
  await use(shop);
  await shop.check();
  await context.close();
}

/** The window of the wallet that is not in `seen` yet, once it shows the order. */
export async function walletWindow(context: BrowserContext, seen = new Set<Target>()): Promise<Page> {
  const fresh = (target: Target): boolean => target.url().endsWith('/web-wallet/') && !seen.has(target);
  const target = await context.waitForTarget(fresh, { timeout: PATIENCE });
  seen.add(target);
  const page = await target.asPage();
  await page.waitForSelector('body[data-order=shown] #choices:enabled', { timeout: PATIENCE });
  return page;
}

/** Chooses a tile of the wallet: its radio button lies under its label, the label perhaps under the sheet's buttons. */
export async function choose(wallet: Page, hook: string): Promise<void> {
  const label = `#choices:enabled label:has([data-testid="${hook}"])`;
  await wallet.waitForSelector(label, { timeout: PATIENCE });
  await wallet.$eval(label, (element) => element.scrollIntoView({ block: 'center' }));
  await wallet.click(label);
}

/** Presses a button of the wallet that closes its window, perhaps before the driver has heard of the press. */
export async function press(wallet: Page, button: string): Promise<void> {
  await wallet.waitForSelector(`${button}:enabled`, { timeout: PATIENCE });
  await wallet.click(button).catch(() => expect.poll(() => wallet.isClosed()).toBe(true));
}

/** Waits until an element says that. */
export async function says(page: Page, selector: string, text: string): Promise<void> {
  await page.waitForFunction(
    (where, what) => document.querySelector(where)?.textContent?.includes(what),
    { timeout: PATIENCE, polling: 50 },
    selector,
    text,
  );
}
