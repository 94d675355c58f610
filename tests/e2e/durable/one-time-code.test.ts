/**
 * Rules O in real browsers, with a real authorization server (oidc-provider) that revokes the grant of a code that comes
 * twice. What counts is what the backend and the provider saw.
 */

import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'puppeteer-core';
import { beforeAll, describe, expect, test as base } from 'vitest';
import { type Backend, startBackend } from '../../../www/authorization/backend';
import { type AuthorizationServer, startProvider } from '../../../www/authorization/provider';
import type {} from '../connect/main';
import { buildSite, output } from '../support/build';
import { Merchant } from '../support/merchant';
import { type BrowserName, BROWSERS, crash, Device } from './support/device';
import { stored } from './support/storage';
import { PATIENCE } from './support/tab';

/* eslint-disable no-empty-pattern -- vitest reads from the pattern what a fixture needs, and these need nothing */

/** The storefront, its backend and the provider. */
interface World {
  readonly site: string;
  readonly backend: Backend;
  readonly provider: AuthorizationServer;
  readonly device: Device;
}

/** One shopper. */
class Visit {
  readonly world: World;
  context: BrowserContext;
  /** How often the browser sent a request again by itself: no script can keep it from that. */
  resentByBrowser = 0;
  /** Addresses with which the provider sent the shopper back. */
  readonly returns: string[] = [];

  constructor(world: World, context: BrowserContext) {
    this.world = world;
    this.context = context;
  }

  async page(): Promise<Page> {
    const page = await this.context.newPage();
    page.on('request', (request) => {
      const url = request.url();
      if (request.isNavigationRequest() && url.startsWith(this.world.site) && url.includes('code=')) {
        this.returns.push(url);
      }
    });
    return page;
  }

  /** Opens the page and goes to the provider's question. */
  async leaves(page: Page, mode = 'plain'): Promise<void> {
    await page.goto(`${this.world.site}/?mode=${mode}`);
    await page.waitForSelector('body[data-state=idle]', { timeout: PATIENCE });
    const url = await page.evaluate(() => window.connect.codes.begin());
    await page.goto(url);
    await page.waitForSelector('button[value=allow]', { timeout: PATIENCE });
  }

  async answers(page: Page, answer: 'allow' | 'deny' = 'allow'): Promise<void> {
    await Promise.all([page.waitForNavigation({ timeout: PATIENCE }), page.click(`button[value=${answer}]`)]);
  }

  /** Goes there and comes back. */
  async connects(page: Page, mode?: string): Promise<void> {
    await this.leaves(page, mode);
    await this.answers(page);
  }

  async shows(page: Page, state: string): Promise<void> {
    await page.waitForSelector(`body[data-state=${state}]`, { timeout: PATIENCE }).catch(async (error: unknown) => {
      const shown = await page.evaluate(() => window.connect.shown.join(', '));
      throw new Error(`never ${state}, but: ${shown}`, { cause: error });
    });
  }

  /** What the shopper was shown since the page was loaded. */
  shown(page: Page): Promise<readonly string[]> {
    return page.evaluate(() => window.connect.shown);
  }

  /** The code was exchanged, once, and the provider revoked nothing. */
  exchangedOnce(): void {
    const { arrivals, connected, provider } = this.world.backend.ledger();
    expect(arrivals).toHaveLength(1);
    expect(connected).toEqual(arrivals);
    expect(provider).toEqual({ granted: 1, refused: 0, revoked: 0 });
  }
}

const SITE = output('connect');

beforeAll(async () => {
  await buildSite(fileURLToPath(new URL('../connect', import.meta.url)), 'connect');
});

function testIn(name: BrowserName) {
  return base.extend<{ world: World; visit: Visit }>({
    world: [
      async ({}, use) => {
        const client = { id: 'shop', secret: 'a secret of the backend' };
        const backend = await startBackend(0, client);
        const merchant = await Merchant.start(SITE, backend.url);
        const uris = ['plain', 'strict', 'held'].map((mode) => `${merchant.url}/?mode=${mode}`);
        const provider = await startProvider(0, client, uris);
        backend.use(provider);
        const device = await Device.start(name, { lifecycle: true });
        await use({ site: merchant.url, backend, provider, device });
        await device.stop();
        await merchant.stop();
        provider.stop();
        backend.stop();
      },
      { scope: 'file' },
    ],
    visit: async ({ world }, use) => {
      world.backend.reset();
      const context = await world.device.visitor();
      const visit = new Visit(world, context);
      await use(visit);
      // Whatever happened: no flow's code came twice, and no grant was revoked.
      const { arrivals, provider } = world.backend.ledger();
      expect(new Set(arrivals).size, 'codes that were sent').toBe(arrivals.length - visit.resentByBrowser);
      expect(provider.revoked, 'grants that were revoked').toBe(0);
      await context.close().catch(() => {}); // gone with a browser that was killed
    },
  });
}

describe.each(BROWSERS)('one-time codes in %s', (name) => {
  const test = testIn(name);

  test('O2: there and back, with nothing left in the address, the history entry or the storage', async ({ visit }) => {
    const page = await visit.page();
    await visit.connects(page);
    await visit.shows(page, 'connected');
    visit.exchangedOnce();
    const [back] = visit.returns as [string];
    const { code, state } = Object.fromEntries(new URL(back).searchParams) as { code: string; state: string };
    expect(state).toBe(visit.world.backend.ledger().connected[0]);
    expect(await page.evaluate(() => [location.href, window.connect.stripped])).toEqual(
      Array(2).fill(`${visit.world.site}/?mode=plain`),
    );
    const traces = [
      await stored(page),
      await page.evaluate(() => JSON.stringify(history.state)),
      await page.evaluate(() => window.connect.codes.exportLog()),
    ];
    for (const trace of traces) expect(trace).not.toContain(code);
    expect(traces[0]).not.toMatch(/"verifier\\*":\\*"[\w-]{43}/);
  });

  test('O2 scenario 31: React StrictMode mounts twice, the code is sent once', async ({ visit }) => {
    const page = await visit.page();
    // The development build of React is what mounts twice; in production the page makes one object.
    await visit.connects(page, 'strict');
    await visit.shows(page, 'connected');
    expect(await page.evaluate(() => window.connect.made)).toBe(2);
    visit.exchangedOnce();
  });

  test('O2: a reload in mid-exchange and one after it show the same result', async ({ visit }) => {
    const page = await visit.page();
    visit.world.backend.faults('delay');
    await visit.connects(page);
    await visit.shows(page, 'exchanging');
    await page.reload();
    await visit.shows(page, 'connected');
    visit.exchangedOnce();
    expect(await visit.shown(page)).not.toContain('not_connected');
    await page.reload();
    await visit.shows(page, 'connected');
    expect(await visit.shown(page)).toEqual(['looking', 'connected']);
    visit.exchangedOnce();
  });

  test('O2: a second tab with the very address of the return sends nothing and shows the result', async ({ visit }) => {
    const page = await visit.page();
    visit.world.backend.faults('delay');
    await visit.connects(page);
    await visit.shows(page, 'exchanging');
    const other = await visit.page();
    await other.goto(visit.returns[0] as string);
    await visit.shows(other, 'asking');
    await visit.shows(other, 'connected');
    await visit.shows(page, 'connected');
    visit.exchangedOnce();
  });

  test('O3: the reply is lost, the backend is connected: no error is shown', async ({ visit }) => {
    const page = await visit.page();
    visit.world.backend.faults('drop_reply');
    await visit.connects(page);
    await visit.shows(page, 'connected');
    expect(await visit.shown(page)).toEqual(['looking', 'claiming', 'exchanging', 'asking', 'connected']);
    const { connected, provider } = visit.world.backend.ledger();
    expect([connected.length, provider]).toEqual([1, { granted: 1, refused: 0, revoked: 0 }]);
    visit.exchangedOnce();
  });

  test('O3 scenario 11: a request that the browser sends again by itself is exchanged once', async ({ visit }) => {
    const page = await visit.page();
    visit.world.backend.faults('close_socket');
    await visit.connects(page);
    await visit.shows(page, 'connected');
    const { arrivals, provider } = visit.world.backend.ledger();
    expect(new Set(arrivals).size).toBe(1);
    expect(provider).toEqual({ granted: 1, refused: 0, revoked: 0 });
    visit.resentByBrowser = arrivals.length - 1;
  });

  test('O3 scenario 30: already used, and connected all the same', async ({ visit }) => {
    const page = await visit.page();
    visit.world.backend.faults('already_used');
    await visit.connects(page);
    await visit.shows(page, 'connected');
    expect(await visit.shown(page)).toEqual(['looking', 'claiming', 'exchanging', 'asking', 'connected']);
    visit.exchangedOnce();
  });

  test('O3: never exchanged, so a fresh flow is offered, and that one connects', async ({ visit }) => {
    const page = await visit.page();
    visit.world.backend.faults('error_before');
    await visit.connects(page);
    await visit.shows(page, 'not_connected');
    expect(visit.world.backend.ledger()).toMatchObject({ connected: [], provider: { granted: 0 } });
    await page.goto(await page.evaluate(() => window.connect.codes.begin()));
    await visit.answers(page);
    await visit.shows(page, 'connected');
    const { arrivals, connected } = visit.world.backend.ledger();
    expect(connected).toEqual([arrivals[1]]);
  });

  test('O2: the browser is killed in mid-exchange, the next start asks', async ({ visit }) => {
    const { device, backend, site } = visit.world;
    visit.context = device.own;
    const page = await visit.page();
    backend.faults('delay');
    await visit.connects(page);
    await visit.shows(page, 'exchanging');
    await device.kill();
    visit.context = device.own;
    const next = await visit.page();
    await next.goto(`${site}/?mode=plain`);
    await visit.shows(next, 'connected');
    expect(await visit.shown(next)).toContain('asking');
    visit.exchangedOnce();
    await device.closePages();
  });

  test('O2: the back button leads to the result, and to no second exchange', async ({ visit }) => {
    const page = await visit.page();
    visit.world.backend.faults('delay');
    await visit.connects(page);
    await visit.shows(page, 'exchanging');
    await page.goto(`${visit.world.site}/favicon.svg`);
    await page.goBack();
    await visit.shows(page, 'connected');
    visit.exchangedOnce();
    await page.goto(`${visit.world.site}/favicon.svg`);
    await page.goBack();
    await visit.shows(page, 'connected');
    visit.exchangedOnce();
  });

  test('O1: back from the provider without an answer, a fresh flow may begin', async ({ visit }) => {
    const page = await visit.page();
    await visit.leaves(page);
    await page.goBack();
    await visit.shows(page, 'idle');
    await page.goto(await page.evaluate(() => window.connect.codes.begin()));
    await visit.answers(page);
    await visit.shows(page, 'connected');
    visit.exchangedOnce();
  });

  test('O1: two tabs, two flows, neither disturbs the other', async ({ visit }) => {
    const [one, two] = [await visit.page(), await visit.page()];
    await visit.leaves(one);
    await visit.leaves(two);
    await visit.answers(two, 'deny');
    await visit.shows(two, 'denied');
    await one.bringToFront();
    await visit.answers(one);
    await visit.shows(one, 'connected');
    visit.exchangedOnce();
  });

  test('O4: a code older than ten minutes is not sent', async ({ visit }) => {
    const page = await visit.page();
    await visit.leaves(page);
    // The page is loaded now, and looked at after lunch.
    await page.evaluateOnNewDocument(() => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + 10 * 60 * 1000;
    });
    await visit.answers(page);
    await visit.shows(page, 'expired');
    expect(visit.world.backend.ledger().arrivals).toEqual([]);
  });

  test('O1: a forged return is never sent', async ({ visit }) => {
    // Another account's code, given to an attacker, in a link to the victim's page.
    const attacker = await visit.page();
    await visit.connects(attacker, 'held');
    const forged = new URL(visit.returns[0] as string);
    forged.searchParams.set('mode', 'plain');
    forged.searchParams.set('state', 'A'.repeat(22) + (forged.searchParams.get('state') ?? '').slice(22));
    const victim = await (await visit.world.device.visitor()).newPage();
    await victim.goto(forged.href);
    await visit.shows(victim, 'state_unknown');
    expect(await victim.evaluate(() => location.search)).toBe('?mode=plain');
    expect(visit.world.backend.ledger().arrivals).toEqual([]);
    expect(await victim.evaluate(() => window.connect.codes.getSnapshot().canBegin)).toBe(true);
  });
});

describe('one-time codes in a page that crashes', () => {
  testIn('chromium')('O2: the next start asks what became of the code', async ({ visit }) => {
    const page = await visit.page();
    visit.world.backend.faults('delay');
    await visit.connects(page);
    await visit.shows(page, 'exchanging');
    await crash(page);
    const next = await visit.page();
    await next.goto(`${visit.world.site}/?mode=plain`);
    await visit.shows(next, 'connected');
    expect(await visit.shown(next)).toContain('asking');
    visit.exchangedOnce();
  });
});
