/** The demo page that connects an account, as people use it, with the real authorization server behind it. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { describe, expect, test as base } from 'vitest';
import { type Backend, startBackend } from '../../www/authorization/backend';
import { startProvider } from '../../www/authorization/provider';
import { launch, Watch } from './support/browser';
import { DEMO } from './support/build';
import { Merchant } from './support/merchant';
import { PATIENCE } from './support/shop';

/* eslint-disable no-empty-pattern -- vitest reads from the pattern what a fixture needs, and these need nothing */

interface World {
  readonly address: string;
  readonly backend: Backend;
  readonly browser: Browser;
}

class ConnectPage {
  readonly page: Page;
  readonly backend: Backend;
  readonly watch = new Watch();
  readonly #address: string;

  constructor(page: Page, { address, backend }: World) {
    this.page = page;
    this.backend = backend;
    this.#address = address;
    this.watch.page(page);
  }

  async open(): Promise<void> {
    await this.page.goto(this.#address);
    await this.reaches('idle');
  }

  at(hook: string): ReturnType<Page['getByTestId']> {
    return this.page.getByTestId(hook);
  }

  async reaches(state: string, page = this.page): Promise<void> {
    await page.locator(`body[data-state=${state}]`).waitFor({ timeout: PATIENCE });
  }

  async orders(kind: string): Promise<void> {
    await this.page.locator('label', { has: this.at(`fault-${kind}`) }).click();
    await expect.poll(() => this.backend.ledger().faults, { timeout: PATIENCE }).toEqual([kind]);
  }

  /** To the provider and back. */
  async connects(answer: 'Allow' | 'Deny' = 'Allow'): Promise<void> {
    await this.at('connect').click();
    await this.page.getByRole('button', { name: answer }).click({ timeout: PATIENCE });
    await this.page.waitForURL((url) => url.href.startsWith(this.#address), { timeout: PATIENCE });
  }

  /** Connected once, by one code, and the page says so. */
  async connectedOnce(): Promise<void> {
    await this.reaches('connected');
    await this.at('verdict').filter({ hasText: 'Connected: 1 time' }).waitFor({ timeout: PATIENCE });
    expect(this.backend.ledger()).toMatchObject({
      connected: [this.backend.ledger().arrivals[0]],
      provider: { granted: 1, refused: 0, revoked: 0 },
    });
    expect(this.page.url()).toBe(this.#address);
  }
}

const test = base.extend<{ world: World; shop: ConnectPage }>({
  world: [
    async ({}, use) => {
      const client = { id: 'shop', secret: 'a secret of the backend' };
      const backend = await startBackend(0, client);
      const merchant = await Merchant.start(DEMO, backend.url);
      const address = `${merchant.url}/connect.html`;
      const provider = await startProvider(0, client, [address]);
      backend.use(provider);
      const browser = await launch();
      await use({ address, backend, browser });
      await browser.close();
      await merchant.stop();
      provider.stop();
      backend.stop();
    },
    { scope: 'file' },
  ],
  shop: async ({ world }, use) => {
    world.backend.reset();
    const context = await world.browser.newContext();
    const shop = new ConnectPage(await context.newPage(), world);
    await shop.open();
    await use(shop);
    expect(shop.watch.complaints).toEqual([]);
    await context.close();
  },
});

describe('the page that connects an account', () => {
  test('connects, and says what really happened', async ({ shop }) => {
    await shop.connects();
    await shop.connectedOnce();
    expect(await shop.at('shown').locator('li').allTextContents()).toEqual([
      'looking',
      'claiming',
      'exchanging',
      'connected',
    ]);
  });

  test.for(['drop_reply', 'already_used', 'close_socket'])(
    'scenario 30: %s, and no error is shown',
    async (kind, { shop }) => {
      await shop.orders(kind);
      await shop.connects();
      await shop.connectedOnce();
      expect(await shop.at('alerts').textContent()).toBe('Your payout account is connected.');
    },
  );

  test('reloaded in mid-exchange, with the return opened in a second tab', async ({ shop }) => {
    await shop.orders('delay');
    await shop.at('reload').click();
    await shop.connects();
    await shop.connectedOnce();
    await shop.connects();
    await shop.reaches('connected');
    const [second] = await Promise.all([shop.page.waitForEvent('popup'), shop.at('second-tab').click()]);
    await shop.reaches('connected', second);
    expect(shop.backend.ledger()).toMatchObject({ provider: { granted: 2, refused: 0, revoked: 0 } });
    expect(shop.backend.ledger().arrivals).toHaveLength(2);
  });

  test('a denial and a forged link are told, and nothing is sent', async ({ shop }) => {
    await shop.connects('Deny');
    await shop.at('alerts').filter({ hasText: 'You did not allow it.' }).waitFor({ timeout: PATIENCE });
    await shop.at('forge').click();
    await shop.at('alerts').filter({ hasText: 'belongs to no flow of this browser' }).waitFor({ timeout: PATIENCE });
    expect(shop.backend.ledger().arrivals).toEqual([]);
    expect(await shop.at('connect').isEnabled()).toBe(true);
  });

  test('by keyboard alone', async ({ shop }) => {
    for (const hook of ['connect']) {
      for (let step = 0; step < 20; step += 1) {
        await shop.page.keyboard.press('Tab');
        if ((await shop.page.evaluate(() => (document.activeElement as HTMLElement).dataset['testid'])) === hook) break;
      }
      await shop.page.keyboard.press('Enter');
    }
    const allow = shop.page.getByRole('button', { name: 'Allow' });
    await allow.waitFor({ timeout: PATIENCE });
    await shop.page.keyboard.press('Tab');
    await shop.page.keyboard.press('Enter');
    await shop.connectedOnce();
  });

  test('has nothing that axe finds fault with, and fits, in light and dark, narrow and wide', async ({ shop }) => {
    const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    await shop.connects('Deny');
    await shop.reaches('failed');
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [320, 800, 1400]) {
        await shop.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await shop.page.setViewportSize({ width, height: 900 });
        await shop.page.evaluate(axe);
        const violations = await shop.page.evaluate(async () => {
          const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } };
          return (await axe.run()).violations.map(({ id }) => id);
        });
        expect(violations, `${colorScheme} ${width}`).toEqual([]);
        expect(await shop.page.evaluate(() => document.documentElement.scrollWidth), `${width}`).toBeLessThanOrEqual(
          width,
        );
      }
    }
  });
});
