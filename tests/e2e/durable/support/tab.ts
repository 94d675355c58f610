/** One tab with the harness in it, in any browser: a shopper, a storefront and a wallet in one. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Cart, NoticeCode, Snapshot, State } from 'payonce';
import type { BrowserContext, Page } from 'puppeteer-core';
import type { Shown, StartOptions } from '../../harness/main';

/** How long a test waits for what must come: longer than the claim of a tab that died lasts where there are no Web Locks. */
export const PATIENCE = 30_000;

export type Card = 'approved' | 'insufficient_funds' | 'challenge';

/** A cart of mugs. */
export function mugs(quantity: number): Cart {
  return {
    currency: 'USD',
    lines: [{ id: 'mug', name: 'Stoneware mug', quantity, unitAmount: 1250 }],
    adjustments: [{ kind: 'shipping', id: 'standard', amount: 500 }],
    total: quantity * 1250 + 500,
  };
}

/** `$30.00` */
export const TWO_MUGS = mugs(2);
/** `$42.50` */
export const THREE_MUGS = mugs(3);

/** A token never used before, of a card. */
export function tokenOf(card: Card): string {
  return `tok_${card}_${randomUUID()}`;
}

export class Tab {
  readonly page: Page;
  readonly #url: string;

  constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
  }

  /** A new tab; `prepare` runs in each of its pages before anything else does. */
  static async open(context: BrowserContext, url: string, prepare?: () => void): Promise<Tab> {
    const page = await context.newPage();
    if (prepare) await page.evaluateOnNewDocument(prepare);
    return new Tab(page, url);
  }

  /** Loads the page. */
  async load(): Promise<void> {
    await this.page.goto(this.#url);
    await this.loaded();
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.loaded();
  }

  async loaded(): Promise<void> {
    await this.page.waitForSelector('body[data-state]:not([data-state=loading])', { timeout: PATIENCE });
  }

  /** Starts a checkout with payonce's own journal and lock, and returns what it says first. */
  async start(options: StartOptions = {}): Promise<Snapshot> {
    const given: StartOptions = { journal: 'payonce', ...options };
    return this.page.evaluate(async (start) => {
      await window.shop.start(start);
      return window.shop.checkout.getSnapshot();
    }, given);
  }

  /** Loads the page, starts a checkout and puts two mugs into the cart. Returns what the checkout said first. */
  async visit(options: StartOptions = {}, cart: Cart = TWO_MUGS): Promise<Snapshot> {
    await this.load();
    const first = await this.start(options);
    await this.setCart(cart);
    return first;
  }

  async setCart(cart: Cart | null): Promise<void> {
    await this.page.evaluate(
      (json) => window.shop.checkout.setCart(JSON.parse(json) as Cart | null),
      JSON.stringify(cart),
    );
  }

  // ------------------------------------------------------------------------------------------------ the shopper

  openSheet(): Promise<boolean> {
    return this.page.evaluate(() => window.shop.checkout.openSheet());
  }

  /** Opens the sheet where it is not open and agrees. Returns the token. */
  async pay(card: Card = 'approved', token = tokenOf(card)): Promise<string> {
    // A page that was loaded a moment after an attempt ended may find it open in the journal, and asks first.
    await this.page.waitForFunction(() => window.shop.wallet.isOpen || window.shop.checkout.getSnapshot().canPay, {
      timeout: PATIENCE,
      polling: 50,
    });
    await this.page.evaluate((given) => {
      const { checkout, wallet } = window.shop;
      if (!wallet.isOpen) checkout.openSheet();
      wallet.approve(given);
    }, token);
    return token;
  }

  /** Pays where the tab still lets the shopper: another one may have been faster. */
  async tryToPay(): Promise<void> {
    await this.page.evaluate((token) => {
      const { checkout, wallet } = window.shop;
      if (!wallet.isOpen) checkout.openSheet();
      if (wallet.isOpen) wallet.approve(token);
    }, tokenOf('approved'));
  }

  sheetIsOpen(): Promise<boolean> {
    return this.page.evaluate(() => window.shop.wallet.isOpen);
  }

  // ------------------------------------------------------------------------------------------------ faults in the page

  /** What the page sends next does not leave the browser. */
  async getStuck(): Promise<void> {
    await this.page.evaluate(() => {
      window.shop.stuck = true;
    });
  }

  /** Waits until something got stuck. */
  async isStuck(): Promise<void> {
    await this.page.waitForFunction(() => window.shop.held.length > 0, { timeout: PATIENCE, polling: 50 });
  }

  // ------------------------------------------------------------------------------------------------ what is seen

  snapshot(): Promise<Snapshot> {
    return this.page.evaluate(() => window.shop.checkout.getSnapshot());
  }

  /** All that the shopper was shown since the page was loaded. */
  shown(): Promise<readonly Shown[]> {
    return this.page.evaluate(() => window.shop.shown);
  }

  /** What the shopper is told now. */
  async told(): Promise<readonly NoticeCode[]> {
    return (await this.snapshot()).notices.map(({ code }) => code);
  }

  /** Waits until the checkout is in that state. */
  async reaches(...states: readonly State[]): Promise<Snapshot> {
    return this.#becomes(`in state ${states.join(' or ')}`, ({ state }) => states.includes(state));
  }

  /** Waits until the shopper may pay. */
  async mayPay(): Promise<Snapshot> {
    return this.#becomes('ready to pay', ({ canPay }) => canPay);
  }

  /** Waits until the shopper is told that. */
  async tells(code: NoticeCode): Promise<Snapshot> {
    return this.#becomes(`telling ${code}`, ({ notices }) => notices.some((notice) => notice.code === code));
  }

  async #becomes(what: string, fits: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
    let snapshot = await this.snapshot();
    for (const since = Date.now(); !fits(snapshot); snapshot = await this.snapshot()) {
      if (Date.now() - since > PATIENCE) {
        const shown = (await this.shown()).map(({ state, notices }) =>
          [state, ...notices.map(({ code }) => code)].join(' '),
        );
        throw new Error(`the page never was ${what}; shown was: ${shown.join(', ')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return snapshot;
  }

  /** Shown as paid, by that charge, and never as anything that would make the shopper pay again. */
  async showsPaid(charge: { readonly key: string; readonly reference: string }): Promise<void> {
    const { receipt } = await this.reaches('succeeded');
    assert.deepEqual([receipt?.key, receipt?.reference], [charge.key, charge.reference]);
  }
}
