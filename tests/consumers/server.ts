/** A file server with the merchant behind it, as many storefronts have it. */

import { readFile } from 'node:fs/promises';
import { createServer, request as ask, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

export interface FileServer {
  readonly url: string;
  stop(): Promise<void>;
}

export interface ServeOptions {
  /** The pages' Content-Security-Policy. */
  readonly policy?: string;
  readonly types?: Readonly<Record<string, string>>;
  /** Files of this kind are not there. */
  readonly without?: string;
  /** What is answered for a file that is not there. */
  readonly missing?: { readonly status: number; readonly body: string };
  /** Whether pages of other origins may load from it. */
  readonly shared?: boolean;
}

/** Serves `directory` on a free port of this machine; what is not a GET goes to the merchant. */
export async function serveFiles(
  directory: string,
  merchant: string,
  { policy, types = TYPES, without = '?', missing = { status: 404, body: '' }, shared = false }: ServeOptions = {},
): Promise<FileServer> {
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', merchant);
    if (request.method !== 'GET') {
      const { headers, method } = request;
      const proxied = ask(new URL(pathname, merchant), { headers, method: method ?? 'POST' }, (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(response);
      });
      // The merchant hung up: so does this.
      proxied.on('error', () => response.destroy());
      request.pipe(proxied);
      return;
    }
    if (policy !== undefined) response.setHeader('content-security-policy', policy);
    if (shared) response.setHeader('access-control-allow-origin', '*');
    const path = normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    const file = path.endsWith(without) ? Promise.reject(new Error('left out')) : readFile(join(directory, path));
    file.then(
      (content) => {
        response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' });
        response.end(content);
      },
      () => response.writeHead(missing.status, { 'content-type': 'text/html' }).end(missing.body),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };
}
