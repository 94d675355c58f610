/** The example of docs/one-time-code.md, copied into a page, connects an account, once, and knows it after a reload. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startBackend } from '../../www/authorization/backend';
import { listen, startProvider } from '../../www/authorization/provider';
import { launch, Watch } from './support/browser';
import { buildSite, output } from './support/build';
import { exampleOf } from './support/example';
import { Merchant } from './support/merchant';
import { PATIENCE } from './support/shop';

/** What the example expects to find around it. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>A shop</title>
    <script type="module" src="/main.ts"></script>
  </head>
  <body>
    <button type="button" id="connect" disabled>Connect</button>
    <p id="told" role="status"></p>
  </body>
</html>
`;

/** A port that was free a moment ago: the example has to know its provider before there is a page to come back to. */
async function freePort(): Promise<number> {
  const server = createServer();
  const url = await listen(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return Number(new URL(url).port);
}

test('the example of the guide connects an account, once', async () => {
  const port = await freePort();
  const guide = await readFile(new URL('../../docs/one-time-code.md', import.meta.url), 'utf8');
  const example = exampleOf(guide).replaceAll('https://provider.example', `http://127.0.0.1:${port}`);
  const source = output('one-time-code-guide-source');
  await mkdir(source, { recursive: true });
  await writeFile(join(source, 'index.html'), PAGE);
  await writeFile(join(source, 'main.ts'), example);
  const site = await buildSite(source, 'one-time-code-guide');

  const client = { id: 'shop', secret: 'a secret of the backend' };
  const backend = await startBackend(0, client);
  const merchant = await Merchant.start(site, backend.url);
  const provider = await startProvider(port, client, [`${merchant.url}/`]);
  backend.use(provider);
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const watch = new Watch();
    watch.page(page);
    const told = (what: string): Promise<void> =>
      page.locator('#told', { hasText: what }).waitFor({ timeout: PATIENCE });
    await page.goto(merchant.url);
    await told('idle');
    backend.faults('drop_reply');
    await page.locator('#connect').click();
    await page.getByRole('button', { name: 'Allow' }).click({ timeout: PATIENCE });
    await told('connected');
    expect(page.url()).toBe(`${merchant.url}/`);
    await page.reload();
    await told('connected');
    expect(backend.ledger()).toMatchObject({ provider: { granted: 1, refused: 0, revoked: 0 } });
    expect(backend.ledger().arrivals).toHaveLength(1);
    expect(watch.complaints).toEqual([]);
  } finally {
    await browser.close();
    await merchant.stop();
    provider.stop();
    backend.stop();
  }
});
