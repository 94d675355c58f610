/** A shopper's browser with a profile of its own: it can be killed and started again on what is left on the disk. */

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, launch, type LaunchOptions, type Page } from 'puppeteer-core';

export const BROWSERS = ['chromium', 'firefox'] as const;
export type BrowserName = (typeof BROWSERS)[number];

export interface DeviceOptions {
  /**
   * Leaves pages to the browser's own ways with those that nobody sees: the back/forward cache, the throttling of
   * timers. What drives a browser turns them off otherwise. Chromium only: Firefox keeps them.
   */
  readonly lifecycle?: boolean;
  /** The X display that shows its windows. Without one there are none to be seen. */
  readonly display?: string;
}

const LIFECYCLE = [
  '--disable-back-forward-cache',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

export class Device {
  readonly name: BrowserName;
  readonly #profile: string;
  readonly #options: DeviceOptions;
  #browser: Browser;

  private constructor(name: BrowserName, profile: string, options: DeviceOptions, browser: Browser) {
    this.name = name;
    this.#profile = profile;
    this.#options = options;
    this.#browser = browser;
  }

  static async start(name: BrowserName, options: DeviceOptions = {}): Promise<Device> {
    const profile = await mkdtemp(join(tmpdir(), `payonce-${name}-`));
    return new Device(name, profile, options, await start(name, profile, options));
  }

  /** The shopper's own pages, which are on the disk: they survive `kill`. */
  get own(): BrowserContext {
    return this.#browser.defaultBrowserContext();
  }

  /** Another shopper's, for as long as the browser runs. */
  visitor(): Promise<BrowserContext> {
    return this.#browser.createBrowserContext();
  }

  /** Takes the power away from every process of the browser and starts it again. */
  async kill(): Promise<void> {
    const child = this.#browser.process();
    if (child?.pid === undefined) throw new Error('the browser is not running');
    const ended = once(child, 'exit');
    process.kill(-child.pid, 'SIGKILL'); // it leads a process group of its own
    await ended;
    this.#browser = await start(this.name, this.#profile, this.#options);
  }

  /** Closes the shopper's own pages but one: a window without tabs would be none. */
  async closePages(): Promise<void> {
    const [, ...pages] = await this.own.pages();
    await Promise.all(pages.map((page) => page.close()));
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Ends the process that shows a page, as running out of memory does. Chromium only. */
export async function crash(page: Page): Promise<void> {
  const session = await page.createCDPSession();
  const crashed = new Promise((resolve) => page.once('error', resolve)); // puppeteer's word for it
  session.send('Page.crash').catch(() => {}); // nobody is left to answer
  await crashed;
}

function start(name: BrowserName, profile: string, { lifecycle = false, display }: DeviceOptions): Promise<Browser> {
  const executablePath = process.env[name.toUpperCase()];
  if (executablePath === undefined) throw new Error(`${name.toUpperCase()} is not set: run \`make test-durable\``);
  const common: LaunchOptions = {
    executablePath,
    userDataDir: profile,
    headless: display === undefined,
    ...(display !== undefined && { env: { ...process.env, DISPLAY: display } }),
  };
  if (name === 'firefox') return launch({ ...common, browser: 'firefox' });
  return launch({
    ...common,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-component-update'],
    ...(lifecycle && { ignoreDefaultArgs: LIFECYCLE }),
  });
}
