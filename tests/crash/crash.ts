/**
 * `make crash`: shoppers whose pages die at random moments of random payments, and what the merchant's ledger says of
 * it in the end.
 *
 *   SEEDS=1000 make crash   that many, from seed 1 on (default 50)
 *   SEED=17 make crash      that one alone, telling what happens
 *
 * A seed decides everything but the machine's own timing: cards, cart edits, faults of the merchant, second tabs, when
 * the page dies and how, and whether it does so again while it is being put right. Then nothing goes wrong any more, the
 * page is loaded once more, and once it has settled this must hold:
 *
 * - no session was charged twice, and no cart;
 * - each charge is of the cart that was on the page when the shopper agreed, to the cent;
 * - no token was sent under two keys, no key with two bodies;
 * - the journal names no open attempt, and no attempt is left in the air at the merchant;
 * - whoever has not paid can.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Snapshot } from 'payonce';
import type { BrowserContext, HTTPRequest } from 'puppeteer-core';
import { crash, Device } from '../e2e/durable/support/device';
import { deleteSiteData, stored } from '../e2e/durable/support/storage';
import { type Card, mugs, PATIENCE, Tab, tokenOf } from '../e2e/durable/support/tab';
import { buildSite } from '../e2e/support/build';
import { type Fault, Merchant } from '../e2e/support/merchant';

type Death = 'reload' | 'crash' | 'kill';

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Dice {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = generator(seed);
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** An integer below `bound`. */
  below(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

const CARDS: readonly Card[] = ['approved', 'approved', 'approved', 'insufficient_funds', 'challenge'];

function fault(dice: Dice): Fault {
  const kind = dice.of([
    'drop_request',
    'drop_reply',
    'close_socket',
    'close_socket_before',
    'error_before',
    'error_after',
    'delay',
    'late_charge',
    'html',
    'empty',
    'drip',
  ] as const);
  const on = dice.chance(0.2) && kind !== 'late_charge' ? 'settle' : 'attempt';
  return { kind, on, times: 1 + dice.below(2), ms: dice.below(600) };
}

/** A tab, and the cart that it shows. */
interface Visitor {
  readonly tab: Tab;
  quantity: number;
}

/** One seed. */
class Life {
  readonly #dice: Dice;
  readonly #merchant: Merchant;
  readonly #device: Device;
  /** Where tabs are opened; null for the shopper's own pages, which outlive the browser. */
  readonly #context: BrowserContext | null;
  readonly #say: (what: string) => void;
  /** What the shopper agreed to pay with each token. */
  readonly #agreed = new Map<string, number>();
  /** Key and body of every send that left a page. */
  readonly #sent: { readonly key: string; readonly body: string }[] = [];
  readonly #retriesInPlace: boolean;
  /** The newest cart. No two are alike, so that each is one thing that the shopper wants to buy. */
  #quantity = 1;

  constructor(
    dice: Dice,
    merchant: Merchant,
    device: Device,
    context: BrowserContext | null,
    say: (what: string) => void,
  ) {
    this.#dice = dice;
    this.#merchant = merchant;
    this.#device = device;
    this.#context = context;
    this.#say = say;
    this.#retriesInPlace = dice.chance(0.5);
  }

  /** Lives it to its end, and tells whether what was under way turned out to be paid. */
  async live(deaths: readonly Death[]): Promise<boolean> {
    let visitors = [await this.#visit()];
    if (this.#dice.chance(0.3)) visitors.push(await this.#visit());
    for (const death of deaths) {
      const dying = new AbortController();
      const moment = this.#dice.below(900);
      const living = this.#shop(visitors, dying.signal);
      await sleep(moment);
      dying.abort();
      this.#say(`after ${moment} ms: ${death}`);
      visitors = await this.#die(death, visitors);
      await living;
    }
    return this.#settle(visitors);
  }

  /** Does what shoppers do, for as long as it lasts. */
  async #shop(visitors: readonly Visitor[], dying: AbortSignal): Promise<void> {
    for (let n = 0; n < 6 && !dying.aborted; n += 1) {
      const visitor = this.#dice.of(visitors);
      const act = this.#dice.below(10);
      const pause = this.#dice.below(250);
      try {
        if (act < 3) {
          const faults = [fault(this.#dice), fault(this.#dice)].slice(0, 1 + this.#dice.below(2));
          this.#say(`faults ${JSON.stringify(faults)}`);
          await this.#merchant.faults(...faults);
        }
        if (act === 9) await this.#edit(visitor);
        else await this.#pay(visitor, this.#dice.of(CARDS));
      } catch (error) {
        // The page is gone, or shows no sheet to agree in: nothing that a shopper could not do.
        this.#say(`not done: ${String(error).split('\n')[0]}`);
      }
      await sleep(pause);
    }
  }

  async #edit(visitor: Visitor): Promise<void> {
    this.#quantity += 1;
    const quantity = this.#quantity;
    this.#say(`cart ${quantity}`);
    visitor.quantity = quantity;
    await visitor.tab.setCart(mugs(quantity));
  }

  async #pay({ tab, quantity }: Visitor, card: Card): Promise<void> {
    const token = tokenOf(card);
    this.#agreed.set(token, mugs(quantity).total);
    this.#say(`pays cart ${quantity}: ${card}`);
    await tab.pay(card, token);
  }

  /** Forgets what the shopper before left in the browser. */
  async clear(): Promise<void> {
    const { tab } = await this.#visit();
    await deleteSiteData(tab.page);
    await tab.page.close();
  }

  async #visit(): Promise<Visitor> {
    const tab = await Tab.open(this.#context ?? this.#device.own, this.#merchant.url);
    tab.page.on('request', (request: HTTPRequest) => {
      if (request.method() !== 'POST' || !request.url().endsWith('/attempts')) return;
      this.#sent.push({ key: request.headers()['idempotency-key'] ?? '', body: request.postData() ?? '' });
    });
    return this.#load({ tab, quantity: this.#quantity });
  }

  async #load(visitor: Visitor): Promise<Visitor> {
    visitor.quantity = this.#quantity;
    await visitor.tab.visit(
      {
        retriesInPlace: this.#retriesInPlace,
        retry: { base: 50, cap: 200, sendTimeout: 500, totalTime: 3000, maxSettles: 5 },
      },
      mugs(this.#quantity),
    );
    return visitor;
  }

  async #die(death: Death, visitors: readonly Visitor[]): Promise<Visitor[]> {
    const [first, ...others] = visitors;
    if (!first) return [await this.#visit()];
    switch (death) {
      case 'reload':
        return [await this.#load(first), ...others];
      case 'crash': {
        // Tabs of one site may share their process: those that die, too, are not looked at any more.
        await crash(first.tab.page);
        for (const { tab } of visitors) await tab.page.close().catch(() => {});
        return [await this.#visit()];
      }
      case 'kill':
        await this.#device.kill();
        return [await this.#visit()];
    }
  }

  /** Nothing goes wrong any more: waits for the end, and checks what must hold then. */
  async #settle(visitors: readonly Visitor[]): Promise<boolean> {
    await this.#merchant.faults();
    const [first, ...others] = visitors;
    const visitor = first ? await this.#load(first) : await this.#visit();
    await Promise.all(others.map(({ tab }) => this.#rest(tab)));
    const paid = (await this.#rest(visitor.tab)).state === 'succeeded';
    if (!paid) {
      await this.#pay(visitor, 'approved');
      await visitor.tab.reaches('succeeded');
    }
    await this.#check(visitor.tab);
    return paid;
  }

  /** Waits until nothing is under way in the tab, and helps where a shopper would have to. */
  async #rest(tab: Tab): Promise<Snapshot> {
    for (const since = Date.now(); Date.now() - since < PATIENCE; await sleep(20)) {
      const snapshot = await tab.snapshot();
      if (['ready', 'sheet_open', 'succeeded', 'failed'].includes(snapshot.state)) return snapshot;
      await tab.page.evaluate(() => {
        document.getElementById('challenge-close')?.click();
        window.shop.checkout.checkAgain();
      });
    }
    const { state, notices } = await tab.snapshot();
    throw new Error(`still ${state} after ${PATIENCE} ms: ${JSON.stringify(notices)}`);
  }

  async #check(tab: Tab): Promise<void> {
    const keys = new Map<string, string>();
    const bodies = new Map<string, string>();
    for (const { key, body } of this.#sent) {
      const { token } = JSON.parse(body) as { token: string };
      assert.equal(keys.get(token) ?? key, key, 'a token was sent under two keys');
      assert.equal(bodies.get(key) ?? body, body, 'a key was sent with two bodies');
      keys.set(token, key);
      bodies.set(key, body);
    }

    // A request that the network holds back may still arrive, and must find the door shut.
    const ledger = await this.#quiet();
    const { charges } = ledger;
    assert.equal(new Set(charges.map(({ session }) => session)).size, charges.length, 'a session was charged twice');
    assert.equal(new Set(charges.map(({ cartHash }) => cartHash)).size, charges.length, 'a cart was charged twice');
    const agreed = new Map([...this.#agreed].map(([token, total]) => [fingerprint(token), total]));
    for (const { key, amount } of charges) {
      const token = ledger.tokens.find((spent) => spent.key === key);
      assert.equal(amount, agreed.get(token?.fingerprint ?? ''), 'a charge is not what the shopper agreed to');
    }
    for (const { state, key } of ledger.attempts) {
      assert.ok(state !== 'in_flight' && state !== 'action_required', `attempt ${key} is left ${state}`);
    }
    const journal = await stored(tab.page);
    assert.match(journal, /\\"open\\":null/, 'the journal names an open attempt');
    for (const token of this.#agreed.keys()) assert.ok(!journal.includes(token), 'the journal holds a token');
  }

  /** The ledger, once nothing moves in it. */
  async #quiet(): ReturnType<Merchant['ledger']> {
    await sleep(650); // longer than any fault holds a request back
    return this.#merchant.ledger();
  }
}

/** As the merchant's ledger names tokens. */
function fingerprint(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 16);
}

// ---------------------------------------------------------------------------------------------------- the run

interface Result {
  readonly seed: number;
  readonly deaths: readonly Death[];
  readonly paid: boolean;
  readonly failure: string | null;
}

/** What lives share that follow each other. */
class Worker {
  readonly #merchant: Merchant;
  readonly #device: Device;
  /** One that may be killed. */
  #mortal: Device | undefined;

  private constructor(merchant: Merchant, device: Device) {
    this.#merchant = merchant;
    this.#device = device;
  }

  static async start(site: string): Promise<Worker> {
    return new Worker(await Merchant.start(site), await Device.start('chromium'));
  }

  async stop(): Promise<void> {
    await Promise.all([this.#merchant.stop(), this.#device.stop(), this.#mortal?.stop()]);
  }

  async run(seed: number, say: (what: string) => void): Promise<Result> {
    const dice = new Dice(seed);
    const first: Death = dice.chance(0.2) ? 'kill' : dice.of(['reload', 'crash']);
    // Again, while what the first one left is being put right.
    const deaths: Death[] = dice.chance(0.3) ? [first, dice.of(['reload', 'crash'])] : [first];
    await this.#merchant.reset();
    let context: BrowserContext | null = null;
    try {
      let device = this.#device;
      if (first === 'kill') device = this.#mortal ??= await Device.start('chromium');
      else context = await device.visitor();
      const life = new Life(dice, this.#merchant, device, context, say);
      if (context === null) await life.clear();
      return { seed, deaths, paid: await life.live(deaths), failure: null };
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      say(`${failure}\n${JSON.stringify(await this.#merchant.ledger(), null, 2)}`);
      return { seed, deaths, paid: false, failure };
    } finally {
      if (context) await context.close();
      else await this.#mortal?.closePages();
    }
  }
}

const site = await buildSite(fileURLToPath(new URL('../e2e/harness', import.meta.url)), 'crash');
const only = process.env['SEED'];
const total = Number(process.env['SEEDS'] ?? 50);
const seeds = only === undefined ? Array.from({ length: total }, (_, n) => n + 1) : [Number(only)];
assert.ok(seeds.length > 0 && seeds.every(Number.isSafeInteger), 'SEED and SEEDS are integers, SEEDS is above zero');

const started = performance.now();
const results: Result[] = [];
const left = [...seeds];
// A life waits most of its time.
const workers = await Promise.all(Array.from({ length: Math.min(3, seeds.length) }, () => Worker.start(site)));
await Promise.all(
  workers.map(async (worker) => {
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
      const result = await worker.run(seed, only === undefined ? () => {} : console.log);
      results.push(result);
      if (result.failure !== null) console.log(`seed ${seed} (${result.deaths.join(', then ')}): ${result.failure}`);
    }
    await worker.stop();
  }),
);

const columns = ['page died by', 'tried', 'turned out paid', 'free to pay, paid then', 'failed'] as const;
const rows = new Map<string, number[]>();
for (const { deaths, paid, failure } of results) {
  const row = rows.get(deaths.join(', then ')) ?? [0, 0, 0, 0];
  rows.set(deaths.join(', then '), row);
  const end = failure !== null ? 3 : paid ? 1 : 2;
  row[0] = (row[0] ?? 0) + 1;
  row[end] = (row[end] ?? 0) + 1;
}
console.log(`seeds ${seeds.at(0)} to ${seeds.at(-1)}, ${Math.round((performance.now() - started) / 1000)} s`);
const width = Math.max(...[columns[0], ...rows.keys()].map(({ length }) => length));
console.log([columns[0].padEnd(width), ...columns.slice(1)].join('  '));
for (const [death, counts] of [...rows].sort(([a], [b]) => a.localeCompare(b))) {
  const numbers = counts.map((count, n) => String(count).padStart(columns[n + 1]?.length ?? 0));
  console.log([death.padEnd(width), ...numbers].join('  '));
}
const failed = results.filter(({ failure }) => failure !== null);
if (failed.length > 0) console.log(`again: SEED=${failed[0]?.seed} make crash`);
console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
