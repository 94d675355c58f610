/** The example of docs/wallets/payment-request.md in Chromium's own sheet, with the demo's wallet in the place of its own. */

import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect } from 'vitest';
import { Device } from './durable/support/device';
import { buildSite, DEMO, output } from './support/build';
import { exampleOf } from './support/example';
import { PATIENCE } from './support/shop';
import { testOf } from './support/test';
import { choose, press, says, walletWindow } from './support/web-wallet';

const test = testOf(output('payment-request'));

describe('the guide to Payment Request', () => {
  beforeAll(async () => {
    const source = output('payment-request-source');
    const guide = await readFile(new URL('../../docs/wallets/payment-request.md', import.meta.url), 'utf8');
    const body = /^```html\n(?<body>.*?)^```$/ms.exec(guide)?.groups?.['body'];
    const method = "'https://wallet.example/pay'";
    const example = exampleOf(guide);
    if (body === undefined || !example.includes(method)) throw new Error('the guide has no button, or another method');
    const page = `<!doctype html><html lang="en"><title>guide</title><body>${body}<script type="module" src="./main.js"></script></body></html>`;
    await mkdir(source, { recursive: true });
    await writeFile(join(source, 'index.html'), page);
    await writeFile(join(source, 'main.js'), example.replace(method, "new URL('/web-wallet/', location.href).href"));
    const site = await buildSite(source, 'payment-request');
    for (const part of ['web-wallet', 'assets']) await cp(join(DEMO, part), join(site, part), { recursive: true });
  });

  test('its example takes a payment, with shipping chosen in the sheet', async ({ merchant }) => {
    await merchant.reset();
    const device = await Device.start('chromium');
    try {
      const page = await device.own.newPage();
      await page.goto(merchant.url);
      await page.waitForSelector('#pay:not([hidden])', { timeout: PATIENCE });
      await page.click('#pay');
      const wallet = await walletWindow(device.own);
      await choose(wallet, 'country-AQ');
      await says(wallet, '#message', 'We do not ship to Antarctica.');
      await choose(wallet, 'country-AT');
      await choose(wallet, 'ship-express');
      await says(wallet, '#total', '$37.00');
      await press(wallet, '#pay');
      await says(page, '#told', 'succeeded: Thank you.');
      expect((await merchant.ledger()).charges).toMatchObject([{ amount: 3700, currency: 'USD' }]);
    } finally {
      await device.stop();
    }
  });
});
