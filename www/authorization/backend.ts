/**
 * The storefront's backend for `/connect/...`: it holds the client secret, exchanges codes and knows what became of each
 * flow. What it does for real is `exchange` and `status`; the rest is for the page that shows it, and for tests.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { read } from './http.js';
import { type AuthorizationServer, type Client, listen } from './provider.js';

/**
 * What goes wrong with the next exchange. It is made, but for `error_before`, and
 *
 * - `drop_reply`: the reply breaks off;
 * - `close_socket`: the connection is cut without a reply, and browsers send such a request again by themselves;
 * - `already_used`: something in between sent it twice, and the reply is that of the second time;
 * - `delay`: it takes 2 s.
 */
export type Fault = (typeof FAULTS)[number];
const FAULTS = ['drop_reply', 'close_socket', 'already_used', 'delay', 'error_before'] as const;

/** ms that a delayed exchange takes. */
const DELAY = 2000;

interface Exchange {
  readonly code: string;
  readonly state: string;
  readonly codeVerifier: string | null;
  readonly redirectUri: string;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** What really happened, whatever a page believes. */
export interface ConnectLedger {
  /** Exchanges that arrived, in order, by flow. */
  readonly arrivals: readonly string[];
  /** Flows that are connected. */
  readonly connected: readonly string[];
  /** What the provider saw. */
  readonly provider: AuthorizationServer['events'];
  readonly faults: readonly Fault[];
}

export interface Backend {
  readonly url: string;
  /** The provider that it asks. To be called before anything else. */
  use(provider: AuthorizationServer): void;
  readonly ledger: () => ConnectLedger;
  /** Puts failures in store, in the place of those that were. */
  faults(...faults: readonly Fault[]): void;
  reset(): void;
  stop(): void;
}

/** Starts it on a port of 127.0.0.1; 0 takes a free one. */
export async function startBackend(port: number, client: Client): Promise<Backend> {
  let provider!: AuthorizationServer;
  /** What became of each flow: a request that comes twice is answered twice and exchanged once. */
  const outcomes = new Map<string, Promise<Reply>>();
  const arrivals: string[] = [];
  const connected = new Set<string>();
  let store: Fault[] = [];

  async function exchange({ code, state, codeVerifier, redirectUri }: Exchange): Promise<Reply> {
    const form = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: redirectUri });
    if (codeVerifier !== null) form.set('code_verifier', codeVerifier);
    const authorization = `Basic ${btoa(`${client.id}:${client.secret}`)}`;
    const granted = await fetch(`${provider.issuer}/token`, { method: 'POST', headers: { authorization }, body: form });
    const answer = (await granted.json()) as { error?: string };
    if (!granted.ok) return { status: 400, body: { error: answer.error } };
    connected.add(state); // a real one keeps the tokens, too
    return { status: 200, body: { connected: true } };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<Reply | null> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    switch (`${request.method} ${pathname}`) {
      case 'POST /connect/exchange': {
        const given = JSON.parse(await read(request)) as Exchange;
        arrivals.push(given.state);
        const fault = store.shift();
        if (fault === 'error_before') return { status: 500, body: { error: 'server_error' } };
        if (fault === 'delay') await new Promise((resolve) => setTimeout(resolve, DELAY));
        const outcome = outcomes.get(given.state) ?? exchange(given);
        outcomes.set(given.state, outcome);
        const reply = await outcome;
        if (fault === 'already_used') return { status: 400, body: { error: 'invalid_grant' } };
        if (fault !== 'drop_reply' && fault !== 'close_socket') return reply;
        if (fault === 'drop_reply') {
          response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
          await new Promise((resolve) => response.write('{', resolve));
        }
        response.destroy();
        return null;
      }
      case 'GET /connect/status':
        return { status: 200, body: { connected: connected.has(searchParams.get('state') ?? '') } };
      case 'GET /connect/provider':
        return { status: 200, body: { issuer: provider.issuer, clientId: client.id } };
      case 'GET /connect/ledger':
        return { status: 200, body: ledger() };
      case 'POST /connect/faults': {
        const { faults } = JSON.parse(await read(request)) as { faults: readonly string[] };
        store = FAULTS.filter((fault) => faults.includes(fault));
        return { status: 200, body: { faults: store } };
      }
      default:
        return { status: 404, body: { error: 'not_found' } };
    }
  }

  function ledger(): ConnectLedger {
    return { arrivals, connected: [...connected], provider: { ...provider.events }, faults: store };
  }

  const server = createServer((request, response) => {
    answer(request, response).then(
      (reply) => {
        if (!reply) return;
        const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
        response.writeHead(reply.status, headers).end(JSON.stringify(reply.body));
      },
      () => response.writeHead(400).end(),
    );
  });
  const url = await listen(server, port);
  return {
    url,
    use(asked) {
      provider = asked;
    },
    ledger,
    faults(...faults) {
      store = [...faults];
    },
    reset() {
      outcomes.clear();
      connected.clear();
      arrivals.length = 0;
      store = [];
      Object.assign(provider.events, { granted: 0, refused: 0, revoked: 0 });
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
