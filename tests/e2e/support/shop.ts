/** The harness as a test sees it: a shopper, a storefront and a wallet in one, and the merchant's word for everything. */

import { randomUUID } from 'node:crypto';
import type { Cart, HashedCart, NoticeCode, Snapshot, State } from 'payonce';
import type { BrowserContext, Page, Route } from 'playwright-core';
import { expect } from 'vitest';
import type { Shown, StartOptions } from '../harness/main';
import { type AttemptBody, type Sent, Watch } from './browser';
import { expectNoToken, expectOnceOnly } from './invariants';
import type { Fault, Ledger, Merchant } from './merchant';

/** How long a test waits for what must come. */
export const PATIENCE = 15_000;

/** The bank thinks for so long that a test has time to do something meanwhile. */
export const SLOW_BANK: Fault = { kind: 'delay', ms: 1500 };

/** The cards of the reference merchant. */
export type Card = 'approved' | 'insufficient_funds' | 'expired_card' | 'challenge' | 'postcode' | 'no_such_card';

/** A cart of mugs. */
export function mugs(quantity: number, unitAmount = 1250): Cart {
  return {
    currency: 'USD',
    lines: [{ id: 'mug', name: 'Stoneware mug', quantity, unitAmount, options: { size: '0.3 l' } }],
    adjustments: [{ kind: 'shipping', id: 'standard', amount: 500 }],
    total: quantity * unitAmount + 500,
  };
}

/** `$30.00` */
export const TWO_MUGS = mugs(2);
/** `$42.50` */
export const THREE_MUGS = mugs(3);

export interface Payment {
  /** Default `approved`. */
  readonly card?: Card;
  /** Default: one never used before. */
  readonly token?: string;
  readonly details?: unknown;
  readonly expiresAt?: number;
  readonly cartHash?: string;
}

/** A token never used before, of a card. */
export function tokenOf(card: Card): string {
  return `tok_${card}_${randomUUID()}`;
}

export class Shop {
  readonly watch = new Watch();
  readonly context: BrowserContext;
  readonly merchant: Merchant;
  page: Page;
  /** All tokens that the wallet handed over. */
  readonly #tokens = new Set<string>();
  /** Those that the merchant gave back, saying that the provider never saw them. */
  readonly #released = new Set<string>();

  /** What the page is expected to complain of on its console. */
  readonly #complaints: string[] = [];

  constructor(context: BrowserContext, page: Page, merchant: Merchant) {
    this.context = context;
    this.page = page;
    this.merchant = merchant;
    this.watch.page(page);
  }

  // ------------------------------------------------------------------------------------------------ the storefront

  /** Loads the page, starts a checkout in it and puts two mugs into the cart. */
  async open(options: StartOptions = {}, cart: Cart | null = TWO_MUGS, providerRef?: string): Promise<void> {
    await this.load();
    await this.start(options);
    if (cart !== null) await this.setCart(cart, providerRef);
  }

  /** Loads the page, or loads it anew. */
  async load(): Promise<void> {
    await this.page.goto(this.merchant.url);
    await this.page.locator('body[data-state=loaded]').waitFor();
  }

  /** Closes the page and goes on in another one of the same browser. */
  async relaunch(): Promise<void> {
    await this.page.close();
    this.page = await this.context.newPage();
    this.watch.page(this.page);
    await this.load();
  }

  async start(options: StartOptions = {}): Promise<void> {
    await this.page.evaluate((given) => window.shop.start(given), options);
  }

  async setCart(cart: Cart | HashedCart | null, providerRef?: string): Promise<void> {
    const options = providerRef === undefined ? {} : { providerRef };
    // As text: the options of a line may nest for ever, and Playwright's types follow them there.
    await this.page.evaluate(([json, given]) => window.shop.checkout.setCart(JSON.parse(json) as Cart | null, given), [
      JSON.stringify(cart),
      options,
    ] as const);
  }

  /** Changes the cart in the open sheet. */
  async changeInSheet(cart: Cart): Promise<void> {
    await this.page.evaluate((json) => window.shop.wallet.changeCart(JSON.parse(json) as Cart), JSON.stringify(cart));
  }

  async snapshot(): Promise<Snapshot> {
    return this.page.evaluate(() => window.shop.checkout.getSnapshot());
  }

  // ------------------------------------------------------------------------------------------------ the shopper

  /** Clicks the page's pay button. */
  async clickPay(): Promise<void> {
    await this.page.locator('#pay').click();
  }

  /** Opens the sheet where it is not open and agrees. Returns the token. */
  async pay(payment: Payment = {}): Promise<string> {
    if (!(await this.sheetIsOpen())) await this.clickPay();
    return this.approve(payment);
  }

  /** Agrees in the open sheet. Returns the token. */
  async approve(payment: Payment = {}): Promise<string> {
    const { card = 'approved', token = tokenOf(card), ...rest } = payment;
    this.#tokens.add(token);
    await this.page.evaluate((given) => window.shop.wallet.approve(given), { token, ...rest });
    return token;
  }

  /** Makes `token` known that a test hands over by itself. */
  knows(token: string): string {
    this.#tokens.add(token);
    return token;
  }

  async sheetIsOpen(): Promise<boolean> {
    return this.page.evaluate(() => window.shop.wallet.isOpen);
  }

  async opened(): Promise<number> {
    return this.page.evaluate(() => window.shop.wallet.opened);
  }

  // ------------------------------------------------------------------------------------------------ what is seen

  /** Waits until the checkout is in that state. */
  async reaches(state: State): Promise<void> {
    await this.#sees(`body[data-state=${state}]`);
  }

  /** All that the shopper was shown so far. */
  async shown(): Promise<readonly Shown[]> {
    return this.page.evaluate(() => window.shop.shown);
  }

  /** What the shopper is told now, as the page shows it. */
  async told(): Promise<readonly NoticeCode[]> {
    const codes = await this.page.locator('#notices p').evaluateAll((notices) => notices.map((p) => p.dataset['code']));
    return codes as NoticeCode[];
  }

  async tells(code: NoticeCode): Promise<void> {
    await this.#sees(`#notices [data-code=${code}]`);
  }

  async #sees(selector: string): Promise<void> {
    try {
      await this.page.locator(selector).waitFor({ timeout: PATIENCE });
    } catch {
      const shown = (await this.shown()).map(({ state, notices }) =>
        [state, ...notices.map(({ code }) => code)].join(' '),
      );
      throw new Error(`there never was ${selector}; shown was: ${shown.join(', ')}`);
    }
  }

  /** By the end of the test the page will have complained of that, and of nothing else. */
  complains(text: string): void {
    this.#complaints.push(text);
  }

  // ------------------------------------------------------------------------------------------------ the merchant

  ledger(): Promise<Ledger> {
    return this.merchant.ledger();
  }

  /** The bodies of all sends, in order. */
  get bodies(): readonly AttemptBody[] {
    return this.watch.attempts.map(({ text }) => JSON.parse(text) as AttemptBody);
  }

  /** Waits until the bank, which was made slow, thinks about the attempt. */
  async inFlight(): Promise<void> {
    await this.ledgerShows(({ attempts }) => attempts.at(-1)?.state === 'in_flight');
  }

  /** Waits until something left the page. */
  async sends(kind: Sent['kind'], times = 1): Promise<void> {
    const count = (): number => this.watch.sent.filter((sent) => sent.kind === kind).length;
    await expect.poll(count, { timeout: PATIENCE }).toBeGreaterThanOrEqual(times);
  }

  /** Waits until the merchant's ledger fits. */
  async ledgerShows(fits: (ledger: Ledger) => boolean): Promise<Ledger> {
    await expect.poll(async () => fits(await this.ledger()), { timeout: PATIENCE }).toBe(true);
    return this.ledger();
  }

  /** From now on, sends reach the merchant and the connection breaks before the reply, `times` times. */
  async loseReplies(times: number): Promise<void> {
    let left = times;
    await this.page.route('**/attempts', async (route: Route) => {
      if (left === 0) return route.continue();
      left -= 1;
      await route.fetch();
      return route.abort('connectionreset');
    });
  }

  /** The merchant said that the provider never saw that token. */
  released(token: string): void {
    this.#released.add(token);
  }

  /** One charge, of that cart, shown as such. Returns it. */
  async paidOnce(cart: Cart = TWO_MUGS): Promise<Ledger['charges'][number]> {
    await this.reaches('succeeded');
    const { charges } = await this.ledger();
    expect(charges).toHaveLength(1);
    const [charge] = charges as [Ledger['charges'][number]];
    expect(charge).toMatchObject({ amount: cart.total, currency: cart.currency });
    const { receipt } = await this.snapshot();
    expect(receipt).toMatchObject({
      key: charge.key,
      session: charge.session,
      reference: charge.reference,
      paid: { cartHash: charge.cartHash, total: charge.amount },
    });
    return charge;
  }

  /** Checks what must hold after every test, whatever it did. */
  async check(): Promise<void> {
    await expect.poll(() => [...new Set(this.watch.complaints)], { timeout: PATIENCE }).toEqual(this.#complaints);
    await expectOnceOnly(this.watch, this.merchant, this.#released);
    const open = await this.page.evaluate(() => [
      document.documentElement.outerHTML,
      JSON.stringify(window.shop.checkout.getSnapshot()),
      window.shop.checkout.exportLog(),
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }]),
    ]);
    expectNoToken([...open, ...this.watch.console], this.#tokens);
  }
}
