/** A merchant port for backends that speak payonce's HTTP contract (docs/merchant.md), over `fetch`. */

import { text } from './body.js';
import { toObject } from './convert.js';
import { ConfigError } from './errors.js';
import type {
  AttemptRequest,
  DiscardRequest,
  HttpReply,
  Merchant,
  ProfileName,
  RequiredAction,
  SettleRequest,
} from './types.js';

/** `HeadersInit`, by a name that Node's types have, too. */
type HeadersSource = NonNullable<ConstructorParameters<typeof Headers>[0]>;

export interface HttpMerchantOptions {
  /** Where the backend is, without a slash at the end: `/checkout`, `https://shop.example/api`. */
  readonly url: string | URL;
  /** The provider profile by which replies are read and keys are carried. Default `ietf`. */
  readonly profile?: ProfileName;
  /** Headers of every request, a CSRF or bearer token for example; a function is asked before each request. */
  readonly headers?: HeadersSource | (() => HeadersSource | Promise<HeadersSource>);
  /** Default `same-origin`. `include` for a backend on another origin that knows the shopper by a cookie. */
  readonly credentials?: 'omit' | 'same-origin' | 'include';
  /** Default: the page's `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** Performs a challenge or redirect. Without it every required action counts as given up. */
  readonly performAction?: (action: RequiredAction, signal: AbortSignal) => Promise<boolean>;
  /** Where the three requests go, below `url`. */
  readonly paths?: {
    /** Default `/attempts`. */
    readonly attempt?: string;
    /** Default `/attempts/{key}/settle`. */
    readonly settle?: string;
    /** Default `/sessions/{session}/discard`. */
    readonly discard?: string;
  };
}

/** Browsers refuse `keepalive` requests that carry more than 64 KiB together; other scripts of the page use it, too. */
const MAX_KEEPALIVE = 32 * 1024;

/** Makes a merchant port that sends its requests with `fetch`. */
export function httpMerchant(options: HttpMerchantOptions): Merchant {
  check(options);
  const { profile = 'ietf', credentials = 'same-origin', performAction } = options;
  const base = String(options.url).replace(/\/+$/, '');
  const paths = {
    attempt: '/attempts',
    settle: '/attempts/{key}/settle',
    discard: '/sessions/{session}/discard',
    ...options.paths,
  };

  async function post(path: string, init: RequestInit & { body: string; signal: AbortSignal }): Promise<Response> {
    const own = options.headers;
    const headers = new Headers(typeof own === 'function' ? await own() : own);
    headers.set('accept', 'application/json');
    headers.set('content-type', 'application/json');
    // Last, so that no page-wide header takes the place of the key.
    new Headers(init.headers).forEach((value, name) => {
      headers.set(name, value);
    });
    const send = options.fetch ?? globalThis.fetch;
    return send(base + path, {
      ...init,
      method: 'POST',
      headers,
      credentials,
      cache: 'no-store',
      // A followed redirect would turn the POST into a GET and its page into an answer.
      redirect: 'manual',
    });
  }

  return {
    profile,

    async send({ key, session, headers, body, send }: AttemptRequest, signal: AbortSignal): Promise<HttpReply> {
      // A page that goes away must not take the request along. Only the first send asks for that: where the browser
      // refuses it, the next one gets through without.
      const keepalive = send === 1 && fits(body, MAX_KEEPALIVE);
      return reply(await post(fill(paths.attempt, { key, session }), { headers, body, keepalive, signal }));
    },

    async settle({ key, session, providerRef }: SettleRequest, signal: AbortSignal): Promise<HttpReply> {
      const body = JSON.stringify({ session, providerRef });
      return reply(await post(fill(paths.settle, { key, session }), { body, signal }));
    },

    async discard({ session, providerRef }: DiscardRequest, signal: AbortSignal): Promise<void> {
      const body = JSON.stringify({ providerRef });
      const response = await post(fill(paths.discard, { session }), { body, keepalive: true, signal });
      await text(response); // a reply that breaks off is none: the backend may not have taken note
      // Unknown, paid and gone sessions are definitive answers: asking again would change nothing.
      if (!response.ok && ![404, 409, 410].includes(response.status)) throw new Error(`HTTP ${response.status}`);
    },

    ...(performAction && { performAction }),
  };
}

/** A wrong option would make every request fail, and every payment end unresolved: better not to start at all. */
function check(options: HttpMerchantOptions): void {
  const { url, profile, headers, credentials, fetch, performAction, paths, ...unknown } = toObject(
    options,
    ConfigError,
  );
  const [misspelt] = Object.keys(unknown);
  if (misspelt !== undefined) throw new ConfigError('unknown_option', misspelt);
  if (!isUrl(url)) throw new ConfigError('not_a_url', 'url');
  if (profile !== undefined && typeof profile !== 'string') throw new ConfigError('not_a_string', 'profile');
  if (headers !== undefined && typeof headers !== 'function') toObject(headers, ConfigError, 'headers');
  if (credentials !== undefined && !['omit', 'same-origin', 'include'].includes(credentials as string)) {
    throw new ConfigError('invalid_option', 'credentials');
  }
  for (const [name, value] of Object.entries({ fetch, performAction })) {
    if (value !== undefined && typeof value !== 'function') throw new ConfigError('not_a_function', name);
  }
  for (const [name, path] of Object.entries(paths === undefined ? {} : toObject(paths, ConfigError, 'paths'))) {
    if (!['attempt', 'settle', 'discard'].includes(name)) throw new ConfigError('unknown_option', `paths.${name}`);
    if (typeof path !== 'string') throw new ConfigError('not_a_string', `paths.${name}`);
  }
}

/** Whether a request can be made of it, from this page. */
function isUrl(url: unknown): boolean {
  if (typeof url !== 'string') return url instanceof URL;
  try {
    new URL(url, globalThis.document?.baseURI ?? 'http://localhost');
    return true;
  } catch {
    return false;
  }
}

/** `template` with the values put in. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (name, key: string) => encodeURIComponent(values[key] ?? name));
}

function fits(text: string, bytes: number): boolean {
  // A UTF-16 code unit never takes more than three bytes in UTF-8.
  return text.length * 3 <= bytes || (text.length <= bytes && new TextEncoder().encode(text).length <= bytes);
}

async function reply(response: Response): Promise<HttpReply> {
  const { status, headers } = response;
  return {
    status, // 0 for a redirect in a browser
    retryAfter: retryAfter(headers),
    shouldRetry: flag(headers.get('stripe-should-retry')),
    body: await text(response),
  };
}

/**
 * `Retry-After` in ms from now: seconds, or a date (RFC 9110 section 10.2.3). A date is read by the server's clock
 * where its `Date` header can be read: the shopper's may be hours off.
 */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, Number.MAX_SAFE_INTEGER);
  const until = date(value);
  if (until === undefined) return undefined;
  return Math.max(0, until - (date(headers.get('date') ?? '') ?? Date.now()));
}

/** An HTTP date. `Date.parse` alone takes far more than that for one ("attempt 2"). */
function date(value: string): number | undefined {
  const at = /^[A-Za-z]+, .* GMT$/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

function flag(value: string | null): boolean | undefined {
  return value === 'true' ? true : value === 'false' ? false : undefined;
}
