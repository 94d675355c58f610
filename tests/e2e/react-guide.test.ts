/** The code of docs/react.md: it compiles against the packed package, takes a payment, and its test passes. */

import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import react from '@vitejs/plugin-react';
import { beforeAll, describe, expect } from 'vitest';
import { Watch } from './support/browser';
import { buildSite, output } from './support/build';
import { expectOnceOnly } from './support/invariants';
import { PATIENCE } from './support/shop';
import { testOf } from './support/test';

const run = promisify(execFile);
const top = fileURLToPath(new URL('../..', import.meta.url));
const source = output('react-guide-source');
const test = testOf(output('react-guide'));

/** What the reader has besides: a page and a wallet, here one whose shopper is the test. */
const AROUND: Readonly<Record<string, string>> = {
  'index.html': `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>A shop</title>
    <script type="module" src="/main.tsx"></script>
  </head>
  <body><div id="root"></div></body>
</html>
`,
  'wallet.ts': `import { mockWallet } from 'payonce/wallets/mock';
export const wallet = Object.assign(window, { wallet: mockWallet() }).wallet;
`,
  'tsconfig.json': JSON.stringify({
    extends: join(top, 'tsconfig.base.json'),
    compilerOptions: { jsx: 'react-jsx', skipLibCheck: true },
    include: ['.'],
  }),
  // A shared machine may take longer than a reader's.
  'vitest.config.ts': `export default { test: { setupFiles: ['setup.ts'], testTimeout: 45_000 } };\n`,
  'setup.ts': `import { configure } from '@testing-library/react';
configure({ asyncUtilTimeout: 15_000 });
`,
};

beforeAll(async () => {
  const guide = await readFile(join(top, 'docs/react.md'), 'utf8');
  const files = [...guide.matchAll(/^<!-- file: (\S+) -->\n```tsx\n(.*?)^```$/gms)].map(([, name, text]) => [
    name,
    text,
  ]);
  expect(files.map(([name]) => name)).toEqual(['Shop.tsx', 'main.tsx', 'Wallets.tsx', 'Checkout.tsx', 'Shop.test.tsx']);
  await rm(source, { recursive: true, force: true });
  await mkdir(source, { recursive: true });
  for (const [name = '', text = ''] of [...files, ...Object.entries(AROUND)]) await writeFile(join(source, name), text);
  await buildSite(source, 'react-guide', { plugins: [react()] });
});

describe('the guide to React', () => {
  test('has code that compiles', { timeout: 60_000 }, async () => {
    await run(process.execPath, [join(top, 'node_modules/typescript/bin/tsc'), '-p', source]);
  });

  test('has a shop that takes a payment, once', async ({ merchant, browser }) => {
    const page = await browser.newPage();
    const watch = new Watch();
    watch.page(page);
    await page.goto(merchant.url);
    await merchant.faults({ kind: 'drop_reply' });
    await page.getByRole('button', { name: 'Pay' }).click();
    await page.evaluate(() => (window as unknown as { wallet: { approve(): void } }).wallet.approve());
    await page.getByText('We have received your payment.').waitFor({ timeout: PATIENCE });
    const { charges, attempts } = await merchant.ledger();
    expect(charges).toMatchObject([{ amount: 990, currency: 'EUR' }]);
    expect(attempts).toMatchObject([{ state: 'approved', arrivals: 2 }]);
    expect(await page.getByText('Paid, reference').textContent()).toContain(charges[0]?.reference);
    await page.getByRole('button', { name: 'Continue shopping' }).click();
    await page.getByText('Paid, reference').waitFor({ state: 'detached' });
    expect(watch.complaints).toEqual([]);
    await expectOnceOnly(watch, merchant, new Set());
    await page.close();
  });

  test('has a test that passes, without a complaint', { timeout: 60_000 }, async () => {
    const vitest = join(top, 'node_modules/vitest/vitest.mjs');
    const { stdout, stderr } = await run(process.execPath, [vitest, 'run', '--root', source], { cwd: source });
    expect(stdout).toContain('1 passed');
    expect(stderr).toBe('');
  });
});
