/**
 * `make test-webkit`: the few things that differ most between browser engines (the WebAssembly module, IndexedDB, locks,
 * what a reload does to a payment) in WebKit. It speaks WebDriver itself: what drives the other two browsers does not
 * know this one as Linux distributions ship it.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Snapshot } from 'payonce';
import { buildSite } from '../support/build';
import { Merchant } from '../support/merchant';
import { PATIENCE, tokenOf, TWO_MUGS } from './support/tab';

/** One WebDriver session: https://www.w3.org/TR/webdriver2/ */
class Session {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  static async start(driver: string): Promise<Session> {
    const options = process.env['WEBKIT'] === undefined ? {} : { binary: process.env['WEBKIT'] };
    const { sessionId } = (await ask('POST', `${driver}/session`, {
      capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { args: ['--automation'], ...options } } },
    })) as { sessionId: string };
    return new Session(`${driver}/session/${sessionId}`);
  }

  /** Runs the body of an async function in the page. */
  run(body: string, ...args: readonly unknown[]): Promise<unknown> {
    const script = `const done = arguments[arguments.length - 1];
      (async (...args) => { ${body} })(...arguments).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    return ask('POST', `${this.#url}/execute/async`, { script, args }).then((answer) => {
      const { value, error } = answer as { value?: unknown; error?: string };
      if (error !== undefined) throw new Error(error);
      return value;
    });
  }

  async open(url: string): Promise<void> {
    await ask('POST', `${this.#url}/url`, { url });
    await this.#loaded();
  }

  async reload(): Promise<void> {
    await ask('POST', `${this.#url}/refresh`, {});
    await this.#loaded();
  }

  async #loaded(): Promise<void> {
    await until('the page to load', () => this.run(`return document.body.dataset.state !== 'loading'`));
  }

  async window(): Promise<string> {
    return (await ask('GET', `${this.#url}/window`)) as string;
  }

  async newWindow(): Promise<string> {
    const { handle } = (await ask('POST', `${this.#url}/window/new`, { type: 'tab' })) as { handle: string };
    return handle;
  }

  async switchTo(handle: string): Promise<void> {
    await ask('POST', `${this.#url}/window`, { handle });
  }

  async stop(): Promise<void> {
    await ask('DELETE', this.#url);
  }

  // ------------------------------------------------------------------------------------------------ the harness

  /** Starts a checkout with two mugs in the cart, and returns what it said first. */
  async start(): Promise<Snapshot> {
    return (await this.run(
      `await window.shop.start({ journal: 'payonce' });
      const first = window.shop.checkout.getSnapshot();
      window.shop.checkout.setCart(JSON.parse(args[0]));
      return first;`,
      JSON.stringify(TWO_MUGS),
    )) as Snapshot;
  }

  async pay(token: string): Promise<void> {
    await this.run(
      `if (!window.shop.wallet.isOpen) window.shop.checkout.openSheet();
      window.shop.wallet.approve(args[0]);`,
      token,
    );
  }

  async snapshot(): Promise<Snapshot> {
    return (await this.run('return window.shop.checkout.getSnapshot()')) as Snapshot;
  }

  async reaches(state: Snapshot['state']): Promise<Snapshot> {
    await until(state, async () => (await this.snapshot()).state === state);
    return this.snapshot();
  }

  async tells(code: string): Promise<void> {
    await until(code, async () => (await this.snapshot()).notices.some((notice) => notice.code === code));
  }
}

async function ask(method: string, url: string, body?: unknown): Promise<unknown> {
  const reply = await fetch(url, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const { value } = (await reply.json()) as { value: unknown };
  if (!reply.ok) throw new Error(`${method} ${new URL(url).pathname}: ${JSON.stringify(value)}`);
  return value;
}

async function until(what: string, fits: () => Promise<unknown>): Promise<void> {
  for (const since = Date.now(); !(await fits()); await sleep(50)) {
    if (Date.now() - since > PATIENCE) throw new Error(`waited in vain for ${what}`);
  }
}

const TESTS: Readonly<Record<string, (page: Session, merchant: Merchant) => Promise<void>>> = {
  async 'a payment'(page, merchant) {
    await page.start();
    await page.pay(tokenOf('approved'));
    const { receipt, durable } = await page.reaches('succeeded');
    const { charges } = await merchant.ledger();
    assert.deepEqual(
      charges.map(({ key, amount }) => [key, amount]),
      [[receipt?.key, TWO_MUGS.total]],
    );
    assert.equal(durable, true);
  },

  async 'a decline, the same token again, then another card'(page, merchant) {
    await page.start();
    const spent = tokenOf('insufficient_funds');
    await page.pay(spent);
    await page.tells('payment_declined');
    await page.pay(spent);
    await page.tells('fresh_token_needed');
    assert.equal((await merchant.ledger()).arrivals, 1);
    await page.pay(tokenOf('approved'));
    await page.reaches('succeeded');
    assert.equal((await merchant.ledger()).charges.length, 1);
  },

  async 'scenario 28: reloaded with an open attempt, charged'(page, merchant) {
    await page.start();
    await merchant.faults({ kind: 'drip' });
    await page.pay(tokenOf('approved'));
    await until('the charge', async () => (await merchant.ledger()).charges.length === 1);
    const { attempt } = await page.snapshot();
    await page.reload();
    const first = await page.start();
    assert.deepEqual([first.state, first.canPay, first.attempt?.key], ['settling', false, attempt?.key]);
    const { receipt } = await page.reaches('succeeded');
    assert.equal(receipt?.key, attempt?.key);
    assert.equal((await merchant.ledger()).charges.length, 1);
  },

  async 'scenario 28: reloaded with an open attempt, never sent'(page, merchant) {
    await page.start();
    await page.run('window.shop.stuck = true');
    await page.pay(tokenOf('approved'));
    await until('the send', () => page.run('return window.shop.held.length > 0'));
    await page.reload();
    const first = await page.start();
    assert.equal(first.state, 'settling');
    await page.tells('payment_not_made');
    await page.pay(tokenOf('approved'));
    await page.reaches('succeeded');
    assert.equal((await merchant.ledger()).charges.length, 1);
  },

  async 'scenario 26: two windows, both paying'(page, merchant) {
    await page.start();
    const one = await page.window();
    const other = await page.newWindow();
    await page.switchTo(other);
    await page.open(merchant.url);
    await page.start();
    await merchant.faults({ kind: 'delay', ms: 1500 });
    await page.pay(tokenOf('approved'));
    await page.switchTo(one);
    await page.pay(tokenOf('approved')).catch(() => {}); // there is no sheet any more where the other tab was faster
    const { receipt } = await page.reaches('succeeded');
    await page.switchTo(other);
    assert.equal((await page.reaches('succeeded')).receipt?.key, receipt?.key);
    const { charges, arrivals } = await merchant.ledger();
    assert.deepEqual([charges.length, arrivals], [1, 1]);
  },
};

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const program = process.env['WEBKIT_DRIVER'];
if (program === undefined) throw new Error('WEBKIT_DRIVER is not set: run `make test-webkit`');
const port = await freePort();
const driver = spawn(program, ['--host=127.0.0.1', `--port=${port}`], { stdio: ['ignore', 'ignore', 'inherit'] });
process.once('exit', () => driver.kill());
const site = await buildSite(fileURLToPath(new URL('../harness', import.meta.url)), 'webkit');
await until('the driver', () => ask('GET', `http://127.0.0.1:${port}/status`).catch(() => false));

let failed = 0;
for (const [name, test] of Object.entries(TESTS)) {
  // Each has a browser and a merchant of its own: sessions of this driver start without data, on an origin of their own.
  const merchant = await Merchant.start(site);
  const page = await Session.start(`http://127.0.0.1:${port}`);
  try {
    await page.open(merchant.url);
    await test(page, merchant);
    console.log(`passed: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    await page.stop();
    await merchant.stop();
  }
}
driver.kill();
console.log(`${Object.keys(TESTS).length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
