/**
 * The authorization server: oidc-provider, a certified implementation, as it comes. A code that is used twice has its
 * grant revoked, as RFC 6749 section 4.1.2 says.
 */

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import Provider from 'oidc-provider';
import { read } from './http.js';

/** The storefront, as the provider knows it. */
export interface Client {
  readonly id: string;
  readonly secret: string;
}

/** What the provider saw. */
export interface Events {
  /** Requests to the token endpoint that were granted, and that were not. */
  granted: number;
  refused: number;
  /** Grants that were revoked because a code came twice. */
  revoked: number;
}

export interface AuthorizationServer {
  readonly issuer: string;
  readonly events: Events;
  stop(): void;
}

/** Starts it on a port of 127.0.0.1; 0 takes a free one. */
export async function startProvider(
  port: number,
  { id, secret }: Client,
  redirectUris: readonly string[],
): Promise<AuthorizationServer> {
  const server = createServer();
  const issuer = await listen(server, port);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const provider = new Provider(issuer, {
    clients: [{ client_id: id, client_secret: secret, redirect_uris: [...redirectUris] }],
    cookies: { keys: [randomUUID()] },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' }] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    ttl: { AccessToken: 3600, AuthorizationCode: 600, Grant: 3600, IdToken: 3600, Interaction: 3600, Session: 3600 },
  });
  const events: Events = { granted: 0, refused: 0, revoked: 0 };
  provider.on('grant.success', () => (events.granted += 1));
  provider.on('grant.error', () => (events.refused += 1));
  provider.on('grant.revoked', () => (events.revoked += 1));
  const protocol = provider.callback();
  server.on('request', (request, response) => {
    const uid = /^\/interaction\/([\w-]+)$/.exec(request.url ?? '')?.[1];
    if (uid === undefined) void protocol(request, response);
    else interact(provider, request, response).catch((error: unknown) => response.writeHead(400).end(String(error)));
  });
  return {
    issuer,
    events,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** One page, one question. Nobody needs a password here. */
async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(PAGE);
    return;
  }
  if (new URLSearchParams(await read(request)).get('answer') !== 'allow') {
    await provider.interactionFinished(
      request,
      response,
      { error: 'access_denied' },
      { mergeWithLastSubmission: false },
    );
    return;
  }
  const accountId = 'merchant';
  const grant = new provider.Grant({ accountId, clientId: String(params['client_id']) });
  grant.addOIDCScope('openid');
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { login: { accountId }, consent });
}

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Mock Payouts</title>
    <link rel="icon" href="data:,">
    <style>
      body { max-width: 26rem; margin: 15vh auto 0; padding: 1rem; font: 1.05rem/1.5 system-ui, sans-serif }
      button { min-height: 44px; margin: 1rem .5rem 0 0; padding: .5rem 1.2rem; font: inherit }
    </style>
  </head>
  <body>
    <main>
      <h1>Mock Payouts</h1>
      <p>May the payonce shop send money to your account here?</p>
      <form method="post">
        <button name="answer" value="allow">Allow</button>
        <button name="answer" value="deny">Deny</button>
      </form>
    </main>
  </body>
</html>
`;

/** Resolves with the server's address. */
export function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address) resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}
