/** The examples of docs/wallets, copied into pages, with the vendors' scripts replaced by fakes that keep their rules. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect } from 'vitest';
import type { FakeApplePay } from '../../pkg/test/wallets/fake-apple-pay';
import type { FakeGooglePay } from '../../pkg/test/wallets/fake-google-pay';
import type { FakeStripe } from '../../pkg/test/wallets/fake-stripe';
import { Watch } from './support/browser';
import { buildSite, output } from './support/build';
import { exampleOf } from './support/example';
import { expectOnceOnly } from './support/invariants';
import type { Merchant } from './support/merchant';
import { PATIENCE, tokenOf } from './support/shop';
import { testOf } from './support/test';

const WALLETS = ['google-pay', 'apple-pay', 'stripe-express-checkout'] as const;
type WalletName = (typeof WALLETS)[number];

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const test = testOf(output('wallets'));

/** The guide's example, and the HTML before it, with the vendor's script in the place of the real one. */
async function write(root: string, wallet: WalletName): Promise<string> {
  const guide = await readFile(at(`../../docs/wallets/${wallet}.md`), 'utf8');
  const body = /^```html\n<script [^\n]*<\/script>\n(?<body>.*?)^```$/ms.exec(guide)?.groups?.['body'];
  if (body === undefined)
    throw new Error(`the guide of ${wallet} does not begin with the vendor's script and a button`);
  const page = `<!doctype html><html lang="en"><title>${wallet}</title><body>${body}<script type="module" src="./${wallet}.js"></script></body></html>`;
  await writeFile(join(root, `${wallet}.html`), page);
  await writeFile(join(root, `${wallet}.js`), `import '${at(`vendors/${wallet}.ts`)}';\n${exampleOf(guide)}`);
  return `${wallet}.html`;
}

beforeAll(async () => {
  const source = output('wallets-source');
  await mkdir(source, { recursive: true });
  const pages = await Promise.all(WALLETS.map((wallet) => write(source, wallet)));
  await buildSite(source, 'wallets', { pages });
});

/** A page of a guide, with the ledger of the merchant that serves it. */
class Guide {
  readonly watch = new Watch();
  readonly page: Page;
  readonly merchant: Merchant;

  constructor(page: Page, merchant: Merchant) {
    this.page = page;
    this.merchant = merchant;
    this.watch.page(page);
  }

  async open(wallet: WalletName): Promise<void> {
    await this.merchant.reset();
    await this.page.route('**/apple-pay/session', (route) => route.fulfill({ json: { nonce: 'n' } }));
    await this.page.goto(`${this.merchant.url}/${wallet}.html`);
    await this.tells(/^ready$/);
  }

  /** Clicks, as a shopper does, until the sheet is there. */
  async clickPay(): Promise<void> {
    await this.page.locator('#pay:is(button), #pay button').click();
    await this.tells(/^sheet_open/);
  }

  async tells(text: RegExp): Promise<void> {
    await this.page.locator('#told').filter({ hasText: text }).waitFor({ timeout: PATIENCE });
  }

  /** One charge, of that amount, for that token; and what was sent was sent once. */
  async paidOnce(amount: number, tokens: readonly string[]): Promise<void> {
    await this.tells(/^succeeded: Thank you/);
    const { charges } = await this.merchant.ledger();
    expect(charges).toMatchObject([{ amount, currency: 'USD' }]);
    expect(this.watch.attempts.map(({ text }) => (JSON.parse(text) as { token: string }).token)).toEqual(tokens);
    expect(this.watch.complaints).toEqual([]);
    await expectOnceOnly(this.watch, this.merchant, new Set());
    await this.page.close();
  }
}

describe('the guide of Google Pay', () => {
  const fake = (page: Page): ReturnType<typeof page.evaluateHandle<FakeGooglePay>> =>
    page.evaluateHandle(() => (window as unknown as { fake: FakeGooglePay }).fake);

  test('scenarios 1 and 23: another address, a decline, the spent token, another card: one charge', async ({
    merchant,
    browser,
  }) => {
    const guide = new Guide(await browser.newPage(), merchant);
    await guide.open('google-pay');
    const google = await fake(guide.page);
    await guide.clickPay();
    expect(await google.evaluate((google) => google.transaction?.totalPrice)).toBe('30.00');
    const abroad = await google.evaluate((google) =>
      google.change({
        callbackTrigger: 'SHIPPING_ADDRESS',
        shippingAddress: { countryCode: 'SE', postalCode: '11122', locality: 'Stockholm', administrativeArea: '' },
      }),
    );
    expect(abroad).toMatchObject({ newTransactionInfo: { totalPrice: '44.00' } });

    const [declined, approved] = [tokenOf('insufficient_funds'), tokenOf('approved')];
    const agree = (token: string) => google.evaluate((google, token) => google.agree(token), token);
    expect(await agree(declined)).toMatchObject({ transactionState: 'ERROR' });
    expect(await agree(declined)).toMatchObject({
      error: { message: expect.stringMatching(/already used/) as string },
    });
    expect(await agree(approved)).toEqual({ transactionState: 'SUCCESS' });
    expect(await google.evaluate((google) => [google.isOpen, google.faults])).toEqual([false, []]);
    await guide.paidOnce(4400, [declined, approved]);
  });
});

describe('the guide of Apple Pay', () => {
  test('scenarios 1 and 23: another address, a decline, a new sheet, another card: one charge', async ({
    merchant,
    browser,
  }) => {
    const guide = new Guide(await browser.newPage(), merchant);
    await guide.open('apple-pay');
    const device = await guide.page.evaluateHandle(() => (window as unknown as { fake: FakeApplePay }).fake);
    const agree = async (token: string): Promise<void> => {
      await guide.clickPay();
      const validated = (): Promise<boolean> => device.evaluate(({ sheet }) => sheet?.merchantSession !== null);
      await expect.poll(validated, { timeout: PATIENCE }).toBe(true);
      await device.evaluate(({ sheet }) =>
        sheet?.change('shippingcontactselected', { shippingContact: { countryCode: 'SE' } }),
      );
      const total = (): Promise<string | undefined> => device.evaluate(({ sheet }) => sheet?.total.amount);
      await expect.poll(total, { timeout: PATIENCE }).toBe('44.00');
      await device.evaluate(({ sheet }, token) => sheet?.agree(token), token);
    };
    const [declined, approved] = [tokenOf('insufficient_funds'), tokenOf('approved')];
    await agree(declined);
    await guide.tells(/^ready: Your payment was declined/);
    await agree(declined);
    await guide.tells(/^ready: That approval was already used/);
    await agree(approved);
    await guide.paidOnce(4400, [declined, approved]);
  });
});

describe('the guide of Stripe Express Checkout', () => {
  test('react-stripe-js #581: a decline, the spent token in the same sheet and in the next, another card: one charge', async ({
    merchant,
    browser,
  }) => {
    const guide = new Guide(await browser.newPage(), merchant);
    await guide.open('stripe-express-checkout');
    const stripe = await guide.page.evaluateHandle(() => (window as unknown as { fake: FakeStripe }).fake);
    const confirm = (token: string): Promise<void> => stripe.evaluate((stripe, token) => stripe.confirm(token), token);
    const failure = (): Promise<string | null> =>
      stripe.evaluate((stripe) => {
        const { failure } = stripe;
        stripe.failure = null;
        return failure;
      });
    const [declined, approved] = [tokenOf('insufficient_funds'), tokenOf('approved')];
    await guide.clickPay();
    expect(await stripe.evaluate(({ amount, details }) => [amount, details.shippingRates?.length])).toEqual([3000, 1]);
    await confirm(declined);
    await guide.tells(/^ready: Your payment was declined/);
    expect(await failure()).toBe('fail');
    await confirm(declined);
    await expect.poll(failure).toBe('fail');

    await stripe.evaluate((stripe) => stripe.cancel());
    await guide.clickPay();
    await confirm(declined);
    await guide.tells(/^ready: That approval was already used/);

    await guide.clickPay();
    const answered = await stripe.evaluate(async (stripe) => {
      const answers = stripe.chooseAddress('11122', 'SE');
      await new Promise((resolve) => setTimeout(resolve, 50));
      return answers;
    });
    expect(answered).toEqual(['resolve']);
    await confirm(approved);
    await guide.paidOnce(4400, [declined, approved]);
  });
});
