/** The browser, and what every page of a test is watched for. */

import { type Browser, chromium, type Page, type Request } from 'playwright-core';

/** Launches the browser that `make` found. */
export function launch(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'];
  if (executablePath === undefined) throw new Error('CHROMIUM is not set: run this by make');
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** One request that a page made to the merchant on behalf of a payment. */
export interface Sent {
  readonly kind: 'attempt' | 'settle' | 'discard';
  /** When the page began it, in ms. */
  readonly at: number;
  /** The key of an attempt or of the question for its truth; the session that was discarded. */
  readonly id: string;
  readonly text: string;
}

/** What an attempt's body says. */
export interface AttemptBody {
  readonly cart: { readonly total: number; readonly currency: string };
  readonly cartHash: string;
  readonly providerRef?: string;
  readonly session: string;
  readonly token: string;
  readonly details?: unknown;
}

/** What left a page, and what it complained of. */
export class Watch {
  readonly sent: Sent[] = [];
  readonly console: string[] = [];
  readonly complaints: string[] = [];

  /** Watches a page from before it loads anything. */
  page(page: Page): void {
    page.on('request', (request) => {
      const sent = read(request);
      if (sent !== null) this.sent.push(sent);
    });
    page.on('console', (message) => {
      this.console.push(message.text());
      // A request that failed on purpose is no complaint of the page's.
      const network = message.text().startsWith('Failed to load resource');
      if (['error', 'warning'].includes(message.type()) && !network) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  get attempts(): readonly Sent[] {
    return this.sent.filter(({ kind }) => kind === 'attempt');
  }

  /** The keys of the attempts, in the order of their first sends. */
  get keys(): readonly string[] {
    return [...new Set(this.attempts.map(({ id }) => id))];
  }
}

function read(request: Request): Sent | null {
  if (request.method() !== 'POST') return null;
  const path = /^\/(?:attempts(?:\/(?<key>[^/]+)\/settle)?|sessions\/(?<session>[^/]+)\/discard)$/.exec(
    new URL(request.url()).pathname,
  );
  if (path === null) return null;
  const { key, session } = path.groups ?? {};
  const at = Date.now();
  const text = request.postData() ?? '';
  if (key !== undefined) return { kind: 'settle', at, id: key, text };
  if (session !== undefined) return { kind: 'discard', at, id: session, text };
  // RFC 9651: a string is quoted.
  const header = request.headers()['idempotency-key'] ?? '';
  return { kind: 'attempt', at, id: header.replace(/^"(.*)"$/, '$1'), text };
}
