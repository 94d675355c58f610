/** The example of the README, copied into a page, takes a payment, once. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect } from 'vitest';
import { Watch } from './support/browser';
import { buildSite, output } from './support/build';
import { exampleOf } from './support/example';
import { expectOnceOnly } from './support/invariants';
import { PATIENCE } from './support/shop';
import { testOf } from './support/test';

const MAX_LINES = 15;

/** What the example expects to find around it. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>A shop</title>
    <script type="module" src="/main.ts"></script>
  </head>
  <body>
    <button type="button" id="pay" disabled>Pay</button>
    <p id="told" role="status"></p>
  </body>
</html>
`;

const test = testOf(output('readme'));

describe('the example of the README', () => {
  test('is found, and is short', () => {
    const marked = (lines: number): string =>
      `# x\n\n<!-- example: tested -->\n\`\`\`js\n${'a();\n'.repeat(lines)}\`\`\`\n`;
    expect(exampleOf(marked(MAX_LINES), MAX_LINES)).toBe('a();\n'.repeat(MAX_LINES));
    expect(() => exampleOf(marked(MAX_LINES + 1), MAX_LINES)).toThrow('16 lines');
    expect(() => exampleOf(marked(1).replace('tested', 'untested'))).toThrow('no tested example');
  });

  beforeAll(async () => {
    const source = output('readme-source');
    const example = exampleOf(await readFile(new URL('../../README.md', import.meta.url), 'utf8'), MAX_LINES);
    await mkdir(source, { recursive: true });
    await writeFile(join(source, 'index.html'), PAGE);
    await writeFile(join(source, 'main.ts'), example);
    await buildSite(source, 'readme');
  });

  test('takes a payment, once', async ({ merchant, browser }) => {
    const page = await browser.newPage();
    const watch = new Watch();
    watch.page(page);
    await page.goto(merchant.url);
    const pay = page.locator('#pay');
    const told = page.locator('#told');
    await told.filter({ hasText: /^ready/ }).waitFor({ timeout: PATIENCE });
    await merchant.faults({ kind: 'drop_reply' });
    await pay.click();
    await told.filter({ hasText: 'We have received your payment.' }).waitFor({ timeout: PATIENCE });
    expect(await pay.isDisabled()).toBe(true);

    const total = Number(/total: (\d+)/.exec(await readFile(join(output('readme-source'), 'main.ts'), 'utf8'))?.[1]);
    const { charges, attempts } = await merchant.ledger();
    expect(charges.map(({ amount }) => amount)).toEqual([total]);
    expect(attempts).toMatchObject([{ state: 'approved', arrivals: 2 }]);
    expect(watch.complaints).toEqual([]);
    await expectOnceOnly(watch, merchant, new Set());
    await page.close();
  });
});
