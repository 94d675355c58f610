/** A file server with the merchant behind it, as many storefronts have it. */

import { readFile } from 'node:fs/promises';
import { createServer, request as ask, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

export interface FileServer {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Serves `directory` on a free port of this machine; what is not a GET goes to the merchant. `policy` is the pages'
 * Content-Security-Policy.
 */
export async function serveFiles(
  directory: string,
  merchant: string,
  policy?: string,
  types: Readonly<Record<string, string>> = TYPES,
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
    const path = normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    readFile(join(directory, path)).then(
      (content) => {
        if (policy !== undefined) response.setHeader('content-security-policy', policy);
        response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' });
        response.end(content);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };
}
