/** The reference merchant as a process of its own, with a ledger of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** `GET /ledger`: what really happened, whatever anybody else believes. */
export interface Ledger {
  readonly charges: readonly {
    readonly key: string;
    readonly session: string;
    readonly cartHash: string;
    readonly amount: number;
    readonly currency: string;
    readonly reference: string;
  }[];
  readonly attempts: readonly {
    readonly key: string;
    readonly session: string | null;
    readonly cartHash: string | null;
    readonly state: 'in_flight' | 'approved' | 'declined' | 'rejected' | 'action_required' | 'voided';
    readonly arrivals: number;
    readonly code: string | null;
  }[];
  readonly tokens: readonly { readonly fingerprint: string; readonly key: string }[];
  readonly discarded: readonly { readonly session: string; readonly providerRef: string | null }[];
  /** How many sends of attempts arrived, those that a fault struck included. */
  readonly arrivals: number;
  readonly settles: number;
}

/** One failure to order. */
export interface Fault {
  readonly kind:
    | 'drop_request'
    | 'drop_reply'
    | 'close_socket'
    | 'close_socket_before'
    | 'error_before'
    | 'error_after'
    | 'rate_limited'
    | 'delay'
    | 'late_charge'
    | 'html'
    | 'empty'
    | 'redirect'
    | 'drip';
  readonly times?: number;
  readonly on?: 'attempt' | 'settle' | 'discard';
  readonly ms?: number;
  readonly retryAfter?: number;
}

export class Merchant {
  readonly url: string;
  readonly #site: string;
  readonly #directory: string;
  readonly #connect: string | undefined;
  #process: ChildProcess;

  private constructor(url: string, process: ChildProcess, site: string, directory: string, connect?: string) {
    this.url = url;
    this.#connect = connect;
    this.#process = process;
    this.#site = site;
    this.#directory = directory;
  }

  /** Starts a merchant that serves the page in `site`, and has `/connect/...` answered at the address `connect`. */
  static async start(site: string, connect?: string): Promise<Merchant> {
    const directory = await mkdtemp(join(tmpdir(), 'payonce-e2e-'));
    const { url, child } = await launch('127.0.0.1:0', site, directory, connect);
    return new Merchant(url, child, site, directory, connect);
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    await rm(this.#directory, { recursive: true });
  }

  /** Kills the merchant as a power cut would, and starts it again on the ledger that is left. */
  async crash(): Promise<void> {
    await this.#end('SIGKILL');
    this.#process = (await launch(new URL(this.url).host, this.#site, this.#directory, this.#connect)).child;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    await ended;
  }

  async ledger(): Promise<Ledger> {
    const reply = await this.#ask('GET', '/ledger');
    return (await reply.json()) as Ledger;
  }

  /** Puts failures in store, in the place of those that were. */
  async faults(...faults: readonly Fault[]): Promise<void> {
    await this.#ask('POST', '/faults', { faults });
  }

  /** How many failures are still in store. */
  async faultsLeft(): Promise<number> {
    const reply = await this.#ask('GET', '/faults');
    const { faults } = (await reply.json()) as { faults: readonly unknown[] };
    return faults.length;
  }

  /** Forgets everything and behaves. */
  async reset(): Promise<void> {
    await this.faults();
    await this.#ask('DELETE', '/ledger');
  }

  /** Sends an attempt past payonce. */
  async attempt(key: string, body: unknown): Promise<{ status: number; body: unknown }> {
    const reply = await fetch(`${this.url}/attempts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
      body: JSON.stringify(body),
    });
    return { status: reply.status, body: await reply.json() };
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Response> {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const reply = await fetch(this.url + path, { method, ...init });
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
    return reply;
  }
}

async function launch(
  listen: string,
  site: string,
  directory: string,
  connect?: string,
): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const program = process.env['PAYONCE_MERCHANT'];
  if (program === undefined) throw new Error('PAYONCE_MERCHANT is not set: run `make test-e2e`');
  const database = join(directory, 'ledger.sqlite');
  const args = ['--listen', listen, '--database', database, '--static', site, '--faults'];
  if (connect !== undefined) args.push('--connect', new URL(connect).host);
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // A test run that is broken off leaves nothing behind.
  process.once('exit', () => child.kill());
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^listening on (\S+)$/.exec(line)?.[1];
    if (url !== undefined) return { url, child };
  }
  throw new Error('the merchant ended before it listened');
}
