/** Reads the options: what is missing gets its default, what is unknown or malformed is a ConfigError. */

import { systemClock } from '../clock.js';
import { toObject } from '../convert.js';
import { ConfigError, type Report, reporter } from '../errors.js';
import { indexedDbJournal } from '../indexeddb.js';
import { checkRetry, refuse } from '../options.js';
import type { Clock, Journal, RetryOptions } from '../types.js';
import { type Place, tagOf } from './address.js';
import type { AuthorizationRequest, OneTimeCodeOptions } from './types.js';

export interface Settings extends Place {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly report: Report;
  readonly retry: RetryOptions;
  readonly pkce: boolean;
  readonly issuer: string | undefined;
  readonly lifetime: number | undefined;
  readonly maxAway: number | undefined;
  readonly redirectUri: string | null;
  readonly exchange: OneTimeCodeOptions['exchange'];
  readonly connected: OneTimeCodeOptions['connected'];
  /** The address to go to. */
  readonly address: (request: AuthorizationRequest) => Promise<string>;
}

export function readOptions(options: OneTimeCodeOptions): Settings {
  toObject(options, ConfigError);
  const {
    authorizationUrl,
    clientId,
    redirectUri,
    scopes = [],
    pkce = true,
    issuer,
    codeParameter = 'code',
    exchange,
    connected,
    journal,
    clock = systemClock,
    scope = 'default',
    lifetime,
    maxAway,
    retry = {},
    onError,
    ...unknown
  } = options;
  refuse(unknown, '');
  checkRetry(retry);
  check('string', { clientId, redirectUri, issuer, codeParameter, scope });
  check('number', { lifetime, maxAway });
  check('boolean', { pkce });
  check('function', { exchange: exchange ?? null, connected: connected ?? null, onError });
  if (!Array.isArray(scopes) || !scopes.every((name) => typeof name === 'string')) {
    throw new ConfigError('not_strings', 'scopes');
  }
  const base = typeof authorizationUrl === 'function' ? undefined : absolute(authorizationUrl);
  const store = journal ?? indexedDbJournal({ scope: `one-time-code:${scope}` });
  ports({ journal: store, clock });

  return {
    journal: store,
    clock,
    report: reporter(onError),
    retry,
    pkce,
    issuer,
    lifetime,
    maxAway,
    redirectUri: redirectUri ?? null,
    codeParameter,
    tag: tagOf(scope),
    key: `payonce:${scope}`,
    exchange,
    connected,
    async address(request) {
      if (typeof authorizationUrl === 'function') return absolute(await authorizationUrl(request)).href;
      const url = new URL(base as URL);
      const parameters = {
        ...(clientId !== undefined && { response_type: 'code', client_id: clientId }),
        ...(redirectUri !== undefined && { redirect_uri: redirectUri }),
        ...(scopes.length > 0 && { scope: scopes.join(' ') }),
        state: request.state,
        ...(request.codeChallenge !== null && {
          code_challenge: request.codeChallenge,
          code_challenge_method: 'S256',
        }),
      };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      return url.href;
    },
  };
}

function check(type: string, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && typeof value !== type) throw new ConfigError(`not_a_${type}`, name);
  }
}

function ports({ journal, clock }: { readonly journal: Journal; readonly clock: Clock }): void {
  const methods = { journal: ['read', 'update'], clock: ['now', 'setTimeout', 'clearTimeout'] };
  for (const [port, names] of Object.entries(methods)) {
    const object = toObject(port === 'journal' ? journal : clock, ConfigError, port);
    for (const name of names) check('function', { [`${port}.${name}`]: object[name] ?? null });
  }
}

/** Only these: a page that is sent to a `javascript:` address runs it. */
function absolute(given: unknown): URL {
  try {
    const url = new URL(given as string);
    if (['https:', 'http:'].includes(url.protocol)) return url;
  } catch {
    // Told below.
  }
  throw new ConfigError('not_a_url', 'authorizationUrl');
}
