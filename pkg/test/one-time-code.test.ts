/** The driver of one-time codes, with the real core and the journal that browsers have. */

import { IDBFactory, IDBObjectStore as FakeStore } from 'fake-indexeddb';
import { JSDOM } from 'jsdom';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { indexedDbJournal, init, memoryJournal } from '../src/index.js';
import {
  createOneTimeCode,
  type ExchangeAnswer,
  type ExchangeRequest,
  type OneTimeCode,
  type OneTimeCodeOptions,
  type OneTimeCodeSnapshot,
} from '../src/one-time-code/index.js';
import load from '../wasm/one_time_code.js';
import { Call, last, settled, TestClock } from './harness.js';

const CALLBACK = 'https://shop.example/connect?tab=payouts';
const PROVIDER = 'https://provider.example/authorize?prompt=consent';

type Answer = Pick<Response, 'status' | 'body'> | ExchangeAnswer;

/** One browser: what its pages share. */
class Shopper {
  readonly exchanges: Call<ExchangeRequest, Answer>[] = [];
  readonly questions: Call<{ readonly state: string }, boolean>[] = [];
  readonly reported: unknown[] = [];
  readonly clock = new TestClock();
  readonly #open: OneTimeCode[] = [];

  make(options: Partial<OneTimeCodeOptions> = {}): OneTimeCode {
    const call = <Q, A>(calls: Call<Q, A>[], request: Q, signal: AbortSignal): Promise<A> => {
      calls.push(new Call<Q, A>(request, signal));
      return last(calls).promise;
    };
    const made = createOneTimeCode({
      authorizationUrl: PROVIDER,
      clientId: 'shop',
      redirectUri: CALLBACK,
      exchange: (request, signal) => call(this.exchanges, request, signal),
      connected: (request, signal) => call(this.questions, request, signal),
      clock: this.clock,
      onError: (error) => this.reported.push(error),
      ...options,
    });
    this.#open.push(made);
    return made;
  }

  /** Goes to the provider, who sends the shopper back: the address of the next page. */
  async goes(from: OneTimeCode, parameters: Readonly<Record<string, string>> = { code: 'c0de' }): Promise<URL> {
    const sent = new URL(await from.begin());
    const back = new URL(CALLBACK);
    back.searchParams.set('state', sent.searchParams.get('state') ?? '');
    for (const [name, value] of Object.entries(parameters)) back.searchParams.set(name, value);
    return back;
  }

  disposeAll(): void {
    for (const made of this.#open.splice(0)) made.dispose();
  }
}

/** The page is loaded from that address, or reloaded. */
function visits(url: string | URL, state: unknown = null, type = 'navigate'): void {
  const { window } = new JSDOM('', { url: String(url) });
  window.history.replaceState(state, '');
  vi.stubGlobal('location', window.location);
  vi.stubGlobal('history', window.history);
  vi.spyOn(performance, 'getEntriesByType').mockReturnValue([{ type } as unknown as PerformanceEntry]);
}

/** The record as another page would read it. */
async function record(scope = 'default'): Promise<string> {
  const journal = indexedDbJournal({ scope: `one-time-code:${scope}` });
  const found = await journal.read();
  journal.close?.();
  return found ?? '';
}

async function put(text: string): Promise<void> {
  const journal = indexedDbJournal({ scope: 'one-time-code:default' });
  await journal.update(() => text);
  journal.close?.();
}

const reply = (status: number, body: unknown): Response => new Response(JSON.stringify(body), { status });

async function until(made: OneTimeCode, state: OneTimeCodeSnapshot['state']): Promise<OneTimeCodeSnapshot> {
  await vi.waitFor(() => expect(made.getSnapshot().state).toBe(state));
  return made.getSnapshot();
}

let shopper: Shopper;

beforeEach(async () => {
  await init();
  vi.stubGlobal('indexedDB', new IDBFactory());
  shopper = new Shopper();
  shopper.clock.time = Date.now();
});
afterEach(async () => {
  shopper.disposeAll();
  await settled();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('O1: there', () => {
  it('the address has state and challenge, and what was there before', async () => {
    const url = new URL(await shopper.make({ scopes: ['read', 'pay'] }).begin());
    expect(Object.fromEntries(url.searchParams)).toEqual({
      prompt: 'consent',
      response_type: 'code',
      client_id: 'shop',
      redirect_uri: CALLBACK,
      scope: 'read pay',
      state: expect.stringMatching(/^[\w-]{29}$/) as string,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
      code_challenge_method: 'S256',
    });
  });

  it('the verifier that is sent fits the challenge', async () => {
    const from = shopper.make();
    let challenge = '';
    const back = await shopper.goes(
      shopper.make({
        authorizationUrl: ({ state, codeChallenge }) => {
          challenge = codeChallenge ?? '';
          return `${PROVIDER}&state=${state}`;
        },
      }),
    );
    from.dispose();
    visits(back);
    void shopper.make().handleReturn();
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    const verifier = new TextEncoder().encode(last(shopper.exchanges).request.codeVerifier ?? '');
    const digest = await crypto.subtle.digest('SHA-256', verifier);
    expect(Buffer.from(digest).toString('base64url')).toBe(challenge);
  });

  it('two clicks are one flow', async () => {
    const made = shopper.make();
    const [one, two] = await Promise.all([made.begin(), made.begin()]);
    expect(two).toBe(one);
    expect((JSON.parse(await record()) as { flows: unknown[] }).flows).toHaveLength(1);
  });

  it('nobody is sent away where the flow cannot be written down', async () => {
    vi.spyOn(FakeStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore) {
      (this.transaction as unknown as { _abort(name: string): void })._abort('QuotaExceededError');
      return {} as IDBRequest<IDBValidKey>;
    });
    const made = shopper.make();
    await expect(made.begin()).rejects.toMatchObject({ name: 'JournalError', code: 'journal_full' });
    expect(made.getSnapshot()).toMatchObject({ state: 'failed', reason: 'record_unavailable', canBegin: true });
    vi.restoreAllMocks();
    await expect(made.begin()).resolves.toContain(PROVIDER);
  });

  it('a forged state is never sent for', async () => {
    const forged = await shopper.goes(shopper.make(), { code: 'evil' });
    forged.searchParams.set('state', 'A'.repeat(22) + (forged.searchParams.get('state') ?? '').slice(22));
    visits(forged);
    const made = shopper.make();
    const over = made.handleReturn();
    await vi.waitFor(() => expect(shopper.questions).toHaveLength(1));
    last(shopper.questions).resolve(false);
    expect(await over).toMatchObject({ state: 'failed', reason: 'state_unknown', canBegin: true });
    expect(shopper.exchanges).toEqual([]);
    expect(location.href).toBe(CALLBACK);
  });

  it.each([
    [{ error: 'access_denied' }, 'denied'],
    [{ error: 'server_error', error_description: 'call 555-0100' }, 'provider_error'],
    [{ code: 'c0de', error: 'access_denied' }, 'malformed'],
  ])('%o is %s, and nothing is sent', async (parameters, reason) => {
    visits(await shopper.goes(shopper.make(), parameters));
    const snapshot = await shopper.make().handleReturn();
    expect(snapshot).toEqual({ state: 'failed', reason, canBegin: true, canCheck: false });
    expect([location.href, shopper.exchanges.length, shopper.questions.length]).toEqual([CALLBACK, 0, 0]);
  });

  it('a repeated parameter is malformed', async () => {
    const back = await shopper.goes(shopper.make());
    back.searchParams.append('code', 'other');
    visits(back);
    expect(await shopper.make().handleReturn()).toMatchObject({ reason: 'malformed' });
  });

  it('another issuer than the one that was asked is refused', async () => {
    const issuer = 'https://provider.example';
    const first = await shopper.goes(shopper.make({ issuer }), { code: 'c0de', iss: 'https://evil.example' });
    visits(first);
    expect(await shopper.make({ issuer }).handleReturn()).toMatchObject({ reason: 'issuer_mismatch' });
    visits(await shopper.goes(shopper.make({ issuer }), { code: 'c0de', iss: issuer }));
    void shopper.make({ issuer }).handleReturn();
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
  });

  it('a page with several connections gives each the answer that is its own', async () => {
    const back = await shopper.goes(shopper.make({ scope: 'bank' }));
    visits(back);
    const mail = shopper.make({ scope: 'mail' });
    expect(await mail.handleReturn()).toMatchObject({ state: 'idle', canBegin: true });
    expect(await mail.handleReturn(back)).toMatchObject({ state: 'idle', canBegin: true });
    expect([location.href, history.state]).toEqual([back.href, null]);
    const over = shopper.make({ scope: 'bank' }).handleReturn();
    expect(location.href).toBe(CALLBACK);
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    expect(last(shopper.exchanges).request.state).toBe(back.searchParams.get('state'));
    last(shopper.exchanges).resolve('connected');
    expect((await over).state).toBe('connected');
    expect(shopper.questions).toEqual([]);
  });

  it("leaves the answer to another script's login alone", async () => {
    const theirs = `${CALLBACK}&code=login&state=TjBuY2UtNGYyYQ`;
    visits(theirs);
    expect(await shopper.make().handleReturn()).toMatchObject({ state: 'idle', canBegin: true });
    expect([location.href, history.state, shopper.questions]).toEqual([theirs, null, []]);
  });
});

describe('O2: and back', () => {
  it('the code leaves the address before anything is awaited, and everything else stays', async () => {
    const back = await shopper.goes(shopper.make(), { code: 'c0de', iss: 'https://provider.example', page: '2' });
    back.hash = '#accounts';
    visits(back, { router: 7 });
    const made = shopper.make();
    const over = made.handleReturn();
    expect(location.href).toBe(`${CALLBACK}&page=2#accounts`);
    expect(history.state).toMatchObject({ router: 7 });
    expect(made.getSnapshot()).toMatchObject({ state: 'looking', canBegin: false });
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    expect(last(shopper.exchanges).request).toEqual({
      code: 'c0de',
      state: back.searchParams.get('state'),
      codeVerifier: expect.stringMatching(/^[\w-]{43}$/) as string,
      redirectUri: CALLBACK,
    });
    last(shopper.exchanges).resolve(reply(200, { connected: true }));
    expect(await over).toEqual({ state: 'connected', reason: null, canBegin: true, canCheck: false });
    expect(JSON.stringify(history.state)).not.toContain('c0de');
  });

  it.each([
    ['a text', 'a router of its own kind'],
    ['something else under our name', { 'payonce:default': 7 }],
    ['another shape under our name', { 'payonce:default': { state: 7, parameters: { code: [] } } }],
    ['half an answer under our name', { 'payonce:default': { parameters: { code: 'c0de' } } }],
  ])("E1: %s in the history entry is nobody's answer", async (_, state) => {
    visits(CALLBACK, state, 'reload');
    expect(await shopper.make().handleReturn()).toMatchObject({ state: 'idle' });
    visits(await shopper.goes(shopper.make()), state);
    const made = shopper.make();
    void made.handleReturn();
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    expect(Object.keys(history.state as object)).toEqual(['payonce:default']);
  });

  it('parameters of the page stay as they are written', async () => {
    const { search } = await shopper.goes(shopper.make());
    visits(`https://shop.example/${search.replace('?', '?q=a%20b&')}&empty&sig=%7Ex+y`);
    void shopper.make().handleReturn();
    expect(location.search).toBe('?q=a%20b&tab=payouts&empty&sig=%7Ex+y');
  });

  it('without PKCE, and with a parameter of another name', async () => {
    const options = { pkce: false, codeParameter: 'redirect_flow_id' };
    const back = await shopper.goes(shopper.make(options), { redirect_flow_id: 'RE123' });
    visits(back);
    void shopper.make(options).handleReturn();
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    expect(last(shopper.exchanges).request).toMatchObject({ code: 'RE123', codeVerifier: null });
    expect(location.href).toBe(CALLBACK);
  });

  it('scenario 31: mounted twice, disposed in between, the code is sent once', async () => {
    visits(await shopper.goes(shopper.make()));
    const first = shopper.make();
    const gone = first.handleReturn();
    first.dispose();
    const second = shopper.make();
    const over = second.handleReturn();
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    last(shopper.exchanges).resolve('connected');
    expect((await over).state).toBe('connected');
    await gone;
    expect(shopper.exchanges).toHaveLength(1);
  });

  it('disposed while the journal is busy it claims nothing, and harms nobody else of the page', async () => {
    visits(await shopper.goes(shopper.make({ scope: 'bank' })));
    void shopper.make({ scope: 'bank' }).handleReturn();
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));

    visits(await shopper.goes(shopper.make()));
    const journal = indexedDbJournal({ scope: 'one-time-code:default' });
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    const update = vi.fn<typeof journal.update>((change) => released.then(() => journal.update(change)));
    const first = shopper.make({ journal: { ...journal, update } });
    void first.handleReturn();
    await vi.waitFor(() => expect(update).toHaveBeenCalled());
    first.dispose();
    release();
    await settled();
    expect(last(shopper.exchanges).signal.aborted).toBe(false);
    void shopper.make().handleReturn();
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(2));
  });

  it('scenario 31: called twice on one object, the code is sent once, and both learn of it', async () => {
    visits(await shopper.goes(shopper.make()));
    const made = shopper.make();
    const calls = [made.handleReturn(), made.handleReturn()];
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    calls.push(made.handleReturn());
    last(shopper.exchanges).resolve('connected');
    for (const call of calls) expect((await call).state).toBe('connected');
    expect(shopper.exchanges).toHaveLength(1);
  });

  it('two tabs with the same address: one sends, both show the result', async () => {
    const back = await shopper.goes(shopper.make());
    visits(back);
    const first = shopper.make();
    void first.handleReturn();
    visits(back);
    const second = shopper.make();
    void second.handleReturn();
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    await until(second, 'asking');
    last(shopper.exchanges).resolve('connected');
    await until(first, 'connected');
    await until(second, 'connected');
    expect(shopper.exchanges).toHaveLength(1);
  });

  it('a reload before the claim finds the code in the history entry, one after it asks', async () => {
    visits(await shopper.goes(shopper.make()));
    const first = shopper.make();
    void first.handleReturn();
    first.dispose();
    visits(location.href, history.state, 'reload');
    const second = shopper.make();
    void second.handleReturn();
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    await settled();
    second.dispose();
    expect(last(shopper.exchanges).signal.aborted).toBe(true);

    visits(location.href, history.state, 'reload');
    const third = shopper.make();
    const over = third.handleReturn();
    await vi.waitFor(() => expect(shopper.questions).toHaveLength(1));
    last(shopper.questions).resolve(true);
    expect((await over).state).toBe('connected');
    expect(shopper.exchanges).toHaveLength(1);

    // And the next one knows.
    visits(location.href, history.state, 'reload');
    expect((await shopper.make().handleReturn()).state).toBe('connected');
    expect(shopper.questions).toHaveLength(1);
  });

  it('a page that knows nothing of it asks about a claim without an end', async () => {
    visits(await shopper.goes(shopper.make()));
    const first = shopper.make();
    void first.handleReturn();
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    first.dispose(); // as a crash would
    visits('https://shop.example/settings');
    const over = shopper.make().handleReturn();
    await vi.waitFor(() => expect(shopper.questions).toHaveLength(1));
    last(shopper.questions).resolve(true);
    expect((await over).state).toBe('connected');
  });

  it('oidc-client#1635, identity-model-oidc-client-js#940: back to the provider, who sends another code for the same flow', async () => {
    const ends = {
      connected: [{ code: 'c0de' }, 'connected', null],
      denied: [{ error: 'access_denied' }, 'failed', 'denied'],
    };
    for (const [parameters, state, reason] of Object.values(ends) as [
      Record<string, string>,
      string,
      string | null,
    ][]) {
      const back = await shopper.goes(shopper.make(), parameters);
      visits(back);
      const first = shopper.make();
      const over = first.handleReturn();
      if (state === 'connected') {
        await until(first, 'exchanging');
        last(shopper.exchanges).resolve('connected');
      }
      expect(await over).toMatchObject({ state, reason });
      back.searchParams.delete('error');
      for (const code of ['an0ther', 'c0de', 'third']) {
        back.searchParams.set('code', code);
        visits(back, null, 'back_forward');
        expect(await shopper.make().handleReturn()).toMatchObject({ state, reason, canBegin: true });
        expect(location.href).toBe(CALLBACK);
      }
    }
    expect(shopper.exchanges).toHaveLength(1);
    expect(shopper.questions).toEqual([]);
  });

  it('an address without an answer is left alone', async () => {
    visits('https://shop.example/?code=WELCOME10');
    expect(await shopper.make().handleReturn()).toMatchObject({ state: 'idle', canBegin: true });
    expect(location.href).toBe('https://shop.example/?code=WELCOME10');
  });

  it('an address that is handed over is read, and the own one is left alone', async () => {
    const made = shopper.make();
    const back = await shopper.goes(made);
    visits('https://shop.example/?a=1');
    void made.handleReturn(back);
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    expect([location.href, history.state]).toEqual(['https://shop.example/?a=1', null]);
  });
});

describe('O3: the truth', () => {
  async function exchanging(options: Partial<OneTimeCodeOptions> = {}): Promise<OneTimeCode> {
    visits(await shopper.goes(shopper.make()));
    const made = shopper.make(options);
    void made.handleReturn();
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    return made;
  }

  it.each([
    ['invalid_grant', () => reply(400, { error: 'invalid_grant' })],
    ['a page', () => new Response('<!doctype html>')],
    ['an error of the backend', () => new Response('', { status: 502 })],
  ])('scenario 30: %s, and the backend is connected: no error is ever shown', async (_, answer) => {
    const made = await exchanging();
    const shown: string[] = [];
    made.subscribe(() => shown.push(made.getSnapshot().state));
    last(shopper.exchanges).resolve(answer());
    await vi.waitFor(() => expect(shopper.questions).toHaveLength(1));
    expect(last(shopper.questions).request.state).toBe(last(shopper.exchanges).request.state);
    last(shopper.questions).resolve(true);
    await until(made, 'connected');
    expect(shown).toEqual(['asking', 'connected']);
    expect(shopper.exchanges).toHaveLength(1);
  });

  it('a lost reply is asked about until it cannot come any more', async () => {
    const made = await exchanging();
    last(shopper.exchanges).reject(new TypeError('Failed to fetch'));
    for (let asked = 1; asked <= 40 && made.getSnapshot().state !== 'failed'; asked += 1) {
      await vi.waitFor(() => expect(shopper.questions).toHaveLength(asked));
      last(shopper.questions).resolve(false);
      await settled();
      await shopper.clock.advance(8000);
    }
    expect(made.getSnapshot()).toMatchObject({ state: 'failed', reason: 'not_connected', canBegin: true });
    expect(shopper.questions.length).toBeGreaterThan(2);
  });

  it('a backend that does not answer leaves it unresolved, until it does', async () => {
    const made = await exchanging({ retry: { maxSettles: 2 } });
    last(shopper.exchanges).resolve('unknown');
    await vi.waitFor(() => expect(shopper.questions).toHaveLength(1));
    last(shopper.questions).reject(new Error('offline'));
    await settled();
    await shopper.clock.advance(8000);
    await vi.waitFor(() => expect(shopper.questions).toHaveLength(2));
    last(shopper.questions).resolve('yes' as unknown as boolean);
    await until(made, 'unresolved');
    expect(shopper.reported).toMatchObject([{ code: 'not_a_boolean', path: 'connected' }]);
    await expect(made.begin()).rejects.toMatchObject({ code: 'flow_under_way' });
    expect(made.getSnapshot().canCheck && made.checkAgain()).toBe(true);
    last(shopper.questions).resolve(true);
    await until(made, 'connected');
  });

  it('an answer that is none is asked about and reported', async () => {
    const made = await exchanging();
    last(shopper.exchanges).resolve('yes' as ExchangeAnswer);
    await until(made, 'asking');
    expect(shopper.reported).toMatchObject([{ code: 'answer_unknown', path: 'exchange' }]);
  });

  it('a refusal is definitive', async () => {
    const made = await exchanging();
    last(shopper.exchanges).resolve(reply(400, { error: 'unauthorized_client' }));
    expect(await until(made, 'failed')).toMatchObject({ reason: 'refused', canBegin: true });
    expect(shopper.questions).toEqual([]);
  });

  it('an exchange that takes too long is aborted and asked about', async () => {
    const made = await exchanging();
    await shopper.clock.advance(10_000);
    expect(last(shopper.exchanges).signal.aborted).toBe(true);
    await until(made, 'asking');
  });
});

describe('O4: old codes', () => {
  it.each([
    ['navigate', 20, 'exchanging'],
    ['reload', 5, 'exchanging'],
    ['reload', 10, 'failed'],
    ['back_forward', 10, 'failed'],
  ])('of a page that came by %s, %i min after it began: %s', async (type, minutes, state) => {
    const back = await shopper.goes(shopper.make());
    shopper.clock.time += minutes * 60_000;
    vi.spyOn(performance, 'timeOrigin', 'get').mockReturnValue(shopper.clock.time - 1000);
    visits(back, null, type);
    const made = shopper.make();
    void made.handleReturn();
    await until(made, state as OneTimeCodeSnapshot['state']);
    expect(made.getSnapshot().reason).toBe(state === 'failed' ? 'expired' : null);
    expect(shopper.exchanges).toHaveLength(state === 'failed' ? 0 : 1);
  });

  it('the lifetime is an option', async () => {
    const back = await shopper.goes(shopper.make());
    visits(back);
    const receivedAt = shopper.clock.time;
    shopper.clock.time += 60_000;
    expect(await shopper.make({ lifetime: 60_000 }).handleReturn(undefined, { receivedAt })).toMatchObject({
      reason: 'expired',
    });
  });
});

describe('everything else', () => {
  it('D5: a damaged record is set aside and reported, and nothing is sent', async () => {
    const back = await shopper.goes(shopper.make());
    await put((await record()).replace('"away"', '"awry"'));
    visits(back);
    void shopper.make().handleReturn();
    await vi.waitFor(() => expect(shopper.questions).toHaveLength(1));
    expect(shopper.reported).toMatchObject([{ code: 'journal_corrupt', path: 'flows[0].stage' }]);
    expect(shopper.exchanges).toEqual([]);
  });

  it('D5: a newer record stays where it is', async () => {
    const newer = '{"version":2,"flows":[]}';
    await put(newer);
    await expect(shopper.make().begin()).rejects.toMatchObject({ code: 'journal_newer' });
    expect(await record()).toBe(newer);
  });

  it('T6: neither code nor verifier is in the snapshot, the record, the log or an error', async () => {
    visits(await shopper.goes(shopper.make()));
    const made = shopper.make();
    void made.handleReturn();
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    const { codeVerifier } = last(shopper.exchanges).request;
    last(shopper.exchanges).reject(new Error(`c0de ${codeVerifier}`));
    await until(made, 'asking');
    const traces = [made.exportLog(), JSON.stringify(made.getSnapshot()), await record(), String(shopper.reported)];
    for (const trace of traces) {
      expect(trace).not.toContain('c0de');
      expect(trace).not.toContain(codeVerifier);
    }
    expect(made.exportLog()).toContain('exchange_answered');
    expect(JSON.stringify(history.state)).not.toContain('c0de');
  });

  it('E3: after a panic a fresh core asks what became of the code', async () => {
    visits(await shopper.goes(shopper.make()));
    const made = shopper.make();
    void made.handleReturn();
    await vi.waitFor(() => expect(shopper.exchanges).toHaveLength(1));
    new Uint8Array((await load('')).memory.buffer).fill(0xff);
    last(shopper.exchanges).resolve(reply(200, { connected: true }));
    // All that lived in that instance asks: the page that the shopper left from, too.
    await vi.waitFor(() => expect(shopper.questions).toHaveLength(2));
    for (const question of shopper.questions) question.resolve(true);
    await until(made, 'connected');
    expect(shopper.exchanges).toHaveLength(1);
  });

  it('E5: once disposed it does nothing', async () => {
    const made = shopper.make();
    await made.begin();
    made.dispose();
    made.dispose();
    await expect(made.begin()).rejects.toMatchObject({ code: 'disposed' });
    expect(() => made.checkAgain()).toThrow('disposed');
  });

  it('on a server it can be made, and says that there is nothing', async () => {
    const made = shopper.make();
    expect(await made.handleReturn()).toEqual({ state: 'idle', reason: null, canBegin: true, canCheck: false });
  });

  it.each([
    [{ authorizationUrl: '/authorize' }, 'not_a_url', 'authorizationUrl'],
    [{ authorizationUrl: 'javascript:alert(1)' }, 'not_a_url', 'authorizationUrl'],
    [{ exchange: undefined }, 'not_a_function', 'exchange'],
    [{ connected: 'yes' }, 'not_a_function', 'connected'],
    [{ scopes: 'read' }, 'not_strings', 'scopes'],
    [{ pkce: 1 }, 'not_a_boolean', 'pkce'],
    [{ lifetime: '600' }, 'not_a_number', 'lifetime'],
    [{ retry: { maxSettle: 1 } }, 'unknown_option', 'retry.maxSettle'],
    [{ redirectURI: CALLBACK }, 'unknown_option', 'redirectURI'],
    [{ journal: {} }, 'not_a_function', 'journal.read'],
  ])('E1: %o is a ConfigError', (options, code, path) => {
    expect(() => shopper.make(options as unknown as Partial<OneTimeCodeOptions>)).toThrow(
      expect.objectContaining({ name: 'ConfigError', code, path }) as Error,
    );
  });

  it.each([
    [null, 'not_an_object', 'options'],
    [{ received: 1 }, 'unknown_option', 'options.received'],
    [{ receivedAt: 'now' }, 'number_invalid', 'options.receivedAt'],
  ])('E1: handleReturn with %o is an InputError', async (options, code, path) => {
    const coming = shopper.make().handleReturn(CALLBACK, options as unknown as { receivedAt: number });
    await expect(coming).rejects.toMatchObject({ name: 'InputError', code, path });
  });

  it('E1: what only the core can check is refused before anybody is sent away', async () => {
    const made = shopper.make({ lifetime: -1 });
    await expect(made.begin()).rejects.toMatchObject({ name: 'ConfigError', code: 'number_invalid', path: 'lifetime' });
  });
});

describe('a journal that breaks its contract', () => {
  it('never answers: nobody leaves, and a code that may be claimed is asked about and never sent', async () => {
    const silent = { ...memoryJournal(), update: () => new Promise<void>(() => {}) };
    const made = shopper.make({ journal: silent });
    const leaving = made.begin().catch((error: unknown) => error);
    await shopper.clock.advance(10_000);
    expect(await leaving).toMatchObject({ code: 'journal_timeout' });
    expect(made.getSnapshot()).toMatchObject({ state: 'failed', reason: 'record_unavailable' });

    const journal = memoryJournal();
    const back = await shopper.goes(shopper.make({ journal }));
    const next = shopper.make({ journal: { ...silent, read: () => journal.read() } });
    void next.handleReturn(back);
    await until(next, 'claiming');
    await shopper.clock.advance(10_000);
    expect(next.getSnapshot().state).toBe('asking');
    last(shopper.questions).resolve(false);
    await settled();
    expect(next.getSnapshot()).toMatchObject({ state: 'failed', reason: 'record_unavailable' });
    expect(shopper.exchanges).toEqual([]);
  });

  it('never answers when it is read: the backend knows', async () => {
    const journal = { ...memoryJournal(), read: () => new Promise<string | null>(() => {}) };
    visits(`${CALLBACK}&state=${'A'.repeat(29)}`, null, 'reload');
    const made = shopper.make({ journal });
    await made.begin();
    made.dispose();
    const next = shopper.make({ journal });
    void next.handleReturn();
    await shopper.clock.advance(30_000);
    expect(next.getSnapshot().state).not.toBe('looking');
  });

  it.each([undefined, {}, 5])('hands %j over: no panic', async (odd) => {
    const journal = {
      ...memoryJournal(),
      update: async (change: (stored: string | null) => string) => void change(odd as never),
    };
    const left = await shopper
      .make({ journal })
      .begin()
      .catch((error: unknown) => error);
    if (odd === undefined) expect(left).toContain(PROVIDER);
    else expect(left).toMatchObject({ name: 'JournalError', cause: { path: 'journal.update' } });
    expect(shopper.reported).not.toContainEqual(expect.objectContaining({ code: 'internal' }));
  });

  it('throws at the end: whoever waits is told all the same', async () => {
    const fail = (): never => {
      throw new Error('no');
    };
    const silent = { ...memoryJournal(), update: () => new Promise<void>(() => {}), changed: () => fail, close: fail };
    const made = shopper.make({ journal: silent });
    const leaving = made.begin().catch((error: unknown) => error);
    await settled();
    shopper.clock.clearTimeout = fail;
    made.dispose();
    expect(await leaving).toMatchObject({ code: 'disposed' });
    const deaf = { ...memoryJournal(), changed: fail };
    expect(await shopper.make({ journal: deaf }).begin()).toContain(PROVIDER);
  });
});
