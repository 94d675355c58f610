import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AttemptRequest, ConfigError, type HttpReply, httpMerchant, type Merchant } from '../src/index.js';

const ATTEMPT: AttemptRequest = {
  key: '8e03978e-40d5-43dd-bc93-6894a57f9324',
  session: '0b7c1f7e-53a6-4a0c-9d0c-3f6f4a4d8d10',
  cartHash: 'c'.repeat(64),
  providerRef: 'pi_1',
  headers: { 'Idempotency-Key': '"8e03978e-40d5-43dd-bc93-6894a57f9324"' },
  body: '{"token":"tok_ü"}',
  send: 1,
};
const { key, session } = ATTEMPT;

interface Seen {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

let answer: (request: IncomingMessage, response: ServerResponse) => void;
const seen: Seen[] = [];
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, headers } = request;
    seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    answer(request, response);
  });
});
let url: string;
let merchant: Merchant;
const never = new AbortController().signal;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/pay`;
  merchant = httpMerchant({ url });
});
beforeEach(() => {
  seen.length = 0;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function send(signal = never, request = ATTEMPT): Promise<HttpReply> {
  return merchant.send(request, signal) as Promise<HttpReply>;
}

function reply(status: number, headers: Record<string, string>, body = ''): void {
  answer = (_, response) => response.writeHead(status, headers).end(body);
}

describe('httpMerchant sends', () => {
  it('posts the body and the key as they are', async () => {
    reply(200, { 'content-type': 'application/json' }, '{"outcome":"approved"}');
    expect(await send()).toEqual({
      status: 200,
      retryAfter: undefined,
      shouldRetry: undefined,
      body: '{"outcome":"approved"}',
    });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: '/pay/attempts',
      body: ATTEMPT.body,
      headers: { 'idempotency-key': `"${key}"`, 'content-type': 'application/json', accept: 'application/json' },
    });
  });

  it('adds the page’s headers, which cannot take the place of the key', async () => {
    reply(200, {});
    let n = 0;
    merchant = httpMerchant({
      url: new URL(`${url}/`),
      headers: () => Promise.resolve({ 'x-csrf': `t${++n}`, 'idempotency-key': 'mine', 'content-type': 'text/plain' }),
      paths: { attempt: '/orders/{session}/charge' },
    });
    await send();
    await send();
    merchant = httpMerchant({ url });
    expect(seen.map(({ url, headers }) => [url, headers['x-csrf']])).toEqual([
      [`/pay/orders/${session}/charge`, 't1'],
      [`/pay/orders/${session}/charge`, 't2'],
    ]);
    expect(seen[0]?.headers).toMatchObject({ 'idempotency-key': `"${key}"`, 'content-type': 'application/json' });
  });

  it.each<[string, Partial<AttemptRequest>, boolean]>([
    ['the first', {}, true],
    ['a long', { body: 'x'.repeat(40_000) }, false],
    ['a long in bytes', { body: 'ü'.repeat(20_000) }, false],
    ['a short enough in bytes', { body: 'ü'.repeat(16_000) }, true],
    ['a later', { send: 2 }, false],
  ])('lets %s send outlive the page, or not', async (_, change, keepalive) => {
    const inits: (RequestInit | undefined)[] = [];
    const recording = httpMerchant({
      url,
      credentials: 'include',
      fetch(_, init) {
        inits.push(init);
        return Promise.resolve(new Response('{}'));
      },
    });
    await recording.send({ ...ATTEMPT, ...change }, never);
    expect(inits).toEqual([
      expect.objectContaining({
        keepalive,
        redirect: 'manual',
        cache: 'no-store',
        credentials: 'include',
        signal: never,
      }),
    ]);
  });

  it('settles and discards where the contract says', async () => {
    reply(200, {}, '{"outcome":"voided"}');
    expect(await merchant.settle({ key, session, providerRef: null }, never)).toMatchObject({
      status: 200,
      body: '{"outcome":"voided"}',
    });
    reply(204, {});
    await merchant.discard({ session, providerRef: 'pi_1' }, never);
    expect(seen.map(({ method, url, body }) => [method, url, JSON.parse(body) as unknown])).toEqual([
      ['POST', `/pay/attempts/${key}/settle`, { session, providerRef: null }],
      ['POST', `/pay/sessions/${session}/discard`, { providerRef: 'pi_1' }],
    ]);
  });

  it.each([404, 409, 410])('takes %i for a definitive answer to a discard', async (status) => {
    reply(status, {});
    await expect(merchant.discard({ session, providerRef: null }, never)).resolves.toBeUndefined();
  });

  it.each([302, 400, 429, 500, 503])('rejects a discard that ended with %i', async (status) => {
    reply(status, { location: '/' });
    await expect(merchant.discard({ session, providerRef: null }, never)).rejects.toThrow(String(status));
  });

  it('escapes what it puts into an address', async () => {
    reply(204, {});
    await merchant.discard({ session: 'a/../b?c', providerRef: null }, never);
    expect(seen[0]?.url).toBe('/pay/sessions/a%2F..%2Fb%3Fc/discard');
  });

  it('performs actions only where it was given how', () => {
    const performAction = (): Promise<boolean> => Promise.resolve(true);
    expect(httpMerchant({ url, performAction })).toHaveProperty('performAction', performAction);
    expect('performAction' in merchant).toBe(false);
  });

  it('refuses what is no address', () => {
    expect(() => httpMerchant({} as never)).toThrow(ConfigError);
    expect(() => httpMerchant({ url: 'http://[' })).toThrow('not_a_url');
  });
});

describe('httpMerchant reads', () => {
  it.each<[string, number, string]>([
    ['HTML', 502, '<!doctype html><h1>Bad gateway</h1>'],
    ['nothing', 200, ''],
    ['other languages', 200, '{"message":"grüße 🧾"}'],
  ])('%s as it is', async (_, status, body) => {
    reply(status, {}, body);
    expect(await send()).toMatchObject({ status, body });
  });

  it('letters that arrive in pieces', async () => {
    answer = (_, response) => {
      const bytes = Buffer.from('{"message":"grüße"}');
      response.writeHead(200);
      bytes.forEach((_, at) => setTimeout(() => response.write(bytes.subarray(at, at + 1)), at));
      setTimeout(() => response.end(Buffer.from('ü').subarray(0, 1)), bytes.length); // and half a letter
    };
    expect((await send()).body).toBe('{"message":"grüße"}\ufffd');
  });

  it('does not follow a redirect', async () => {
    reply(302, { location: '/elsewhere' });
    expect(await send()).toMatchObject({ status: 302, body: '' });
    expect(seen.map(({ url }) => url)).toEqual(['/pay/attempts']);
  });

  it('drops a body that is too long to be an answer, and keeps the rest of the reply', async () => {
    reply(503, { 'retry-after': '7' }, 'x'.repeat(300 * 1024));
    expect(await send()).toMatchObject({ status: 503, retryAfter: 7000, body: '' });
    reply(200, {}, 'x'.repeat(256 * 1024));
    expect((await send()).body).toHaveLength(256 * 1024);
  });

  it('stops reading an endless body', async () => {
    let wanted = true;
    answer = (_, response) => {
      response.writeHead(200);
      const chunk = 'x'.repeat(64 * 1024);
      const pour = (): void => {
        while (wanted && response.write(chunk));
      };
      response.on('drain', pour).on('close', () => {
        wanted = false;
      });
      pour();
    };
    expect(await send()).toMatchObject({ status: 200, body: '' });
    await expect.poll(() => wanted).toBe(false);
  });

  it('ends a body that drips when it is told to', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(drip));
    };
    const controller = new AbortController();
    const sent = send(controller.signal);
    setTimeout(() => controller.abort(), 40);
    await expect(sent).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('rejects where the reply breaks off or never comes', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"outcome":');
      setTimeout(() => response.destroy(), 10);
    };
    await expect(send()).rejects.toBeInstanceOf(Error);
    answer = (request) => request.socket.destroy();
    await expect(send()).rejects.toBeInstanceOf(Error);
  });

  it.each<[string, Record<string, string>, number | undefined]>([
    ['seconds', { 'retry-after': '3' }, 3000],
    ['no wait', { 'retry-after': '0' }, 0],
    [
      'a date, by the server’s clock',
      { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT', date: 'Fri, 31 Dec 1999 23:59:29 GMT' },
      30_000,
    ],
    [
      'an old form of date',
      { 'retry-after': 'Friday, 31-Dec-99 23:59:59 GMT', date: 'Fri, 31 Dec 1999 23:59:58 GMT' },
      1000,
    ],
    [
      'a date that is over',
      { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT', date: 'Sat, 01 Jan 2000 00:00:00 GMT' },
      0,
    ],
    ['more seconds than there are', { 'retry-after': '9'.repeat(40) }, Number.MAX_SAFE_INTEGER],
    ['a fraction', { 'retry-after': '1.5' }, undefined],
    ['less than nothing', { 'retry-after': '-5' }, undefined],
    ['a text that Date.parse takes for a date', { 'retry-after': 'attempt 2' }, undefined],
    ['nothing', {}, undefined],
  ])('Retry-After: %s', async (_, headers, retryAfter) => {
    answer = (_, response) => {
      response.sendDate = !('date' in headers);
      response.writeHead(429, headers).end();
    };
    expect((await send()).retryAfter).toBe(retryAfter);
  });

  it('reads a date by the page’s clock where the server tells no time', async () => {
    answer = (_, response) => {
      response.sendDate = false;
      response.writeHead(503, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }).end();
    };
    const { retryAfter } = await send();
    expect(retryAfter).toBeGreaterThan(55_000);
    expect(retryAfter).toBeLessThanOrEqual(60_000);
  });

  it.each<[string, boolean | undefined]>([
    ['true', true],
    ['false', false],
    ['perhaps', undefined],
  ])('Stripe-Should-Retry: %s', async (value, expected) => {
    reply(409, { 'stripe-should-retry': value });
    expect((await send()).shouldRetry).toBe(expected);
  });
});
