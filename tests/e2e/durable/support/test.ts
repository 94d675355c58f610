/** `test` with a merchant and a browser for the file, and a visitor and an empty ledger for each test. */

import type { BrowserContext } from 'puppeteer-core';
import { expect, test as base } from 'vitest';
import { type Ledger, Merchant } from '../../support/merchant';
import { SITE } from './build';
import { type BrowserName, Device, type DeviceOptions } from './device';
import { PATIENCE, Tab } from './tab';

/* eslint-disable no-empty-pattern -- vitest reads from the pattern what a fixture needs, and these need nothing */

/** What a test has in hand. */
export class Visit {
  readonly device: Device;
  readonly merchant: Merchant;
  /** Where tabs are opened. */
  context: BrowserContext;

  constructor(device: Device, merchant: Merchant, context: BrowserContext) {
    this.device = device;
    this.merchant = merchant;
    this.context = context;
  }

  tab(prepare?: () => void): Promise<Tab> {
    return Tab.open(this.context, this.merchant.url, prepare);
  }

  ledger(): Promise<Ledger> {
    return this.merchant.ledger();
  }

  /** Waits until the merchant's ledger fits. */
  async ledgerShows(fits: (ledger: Ledger) => boolean): Promise<Ledger> {
    await expect.poll(async () => fits(await this.ledger()), { timeout: PATIENCE }).toBe(true);
    return this.ledger();
  }

  /** The one charge that there is, of that amount. */
  async chargedOnce(amount: number): Promise<Ledger['charges'][number]> {
    const { charges } = await this.ledger();
    expect(charges).toHaveLength(1);
    const [charge] = charges as [Ledger['charges'][number]];
    expect(charge.amount).toBe(amount);
    return charge;
  }

  /** What must hold after every test: one session is one charge, one token is one key. */
  async check(): Promise<void> {
    const { charges, tokens } = await this.ledger();
    expect(new Set(charges.map(({ session }) => session)).size, 'sessions that were charged').toBe(charges.length);
    expect(new Set(tokens.map(({ fingerprint }) => fingerprint)).size, 'tokens that were taken').toBe(tokens.length);
  }
}

/** `test` in that browser. */
export function testIn(name: BrowserName, options: DeviceOptions = {}) {
  return base.extend<{ merchant: Merchant; device: Device; visit: Visit }>({
    merchant: [
      async ({}, use) => {
        const merchant = await Merchant.start(SITE);
        await use(merchant);
        await merchant.stop();
      },
      { scope: 'file' },
    ],
    device: [
      async ({}, use) => {
        const device = await Device.start(name, options);
        await use(device);
        await device.stop();
      },
      { scope: 'file' },
    ],
    visit: async ({ merchant, device }, use) => {
      await merchant.reset();
      const context = await device.visitor();
      const visit = new Visit(device, merchant, context);
      await use(visit);
      await visit.check();
      await context.close().catch(() => {}); // gone with a browser that was killed
    },
  });
}
