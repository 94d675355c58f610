/** A merchant in memory that keeps docs/merchant.md, and a ledger of what was really charged. */

import type {
  AttemptRequest,
  DiscardRequest,
  HttpReply,
  Merchant,
  Outcome,
  SettleAnswer,
  SettleRequest,
} from '../../src/index.js';

export interface Charge {
  readonly key: string;
  readonly token: string;
  readonly amount: number;
}

interface Body {
  readonly cart: { readonly total: number };
  readonly token: string;
  readonly details?: unknown;
}

/**
 * Tokens are `tok_<card>_<random>`, wherever they stand in the token's text, as those of the reference merchant: the
 * card is `approved`, or the code by which it is declined.
 */
export class LedgerMerchant implements Merchant {
  readonly profile = 'ietf';
  readonly charges: Charge[] = [];
  /** All that arrived, resends included. */
  readonly arrivals: Body[] = [];
  readonly discarded: string[] = [];
  /** How many replies get lost from now on, after their requests have done their work. */
  lost = 0;
  /** What the bank waits for before it answers. */
  bank: Promise<void> = Promise.resolve();
  readonly #answers = new Map<string, SettleAnswer>();
  readonly #tokens = new Map<string, string>();

  async send({ key, body }: AttemptRequest): Promise<HttpReply | Outcome> {
    const request = JSON.parse(body) as Body;
    this.arrivals.push(request);
    await this.bank;
    const outcome = this.#attempt(key, request);
    if (this.lost > 0) {
      this.lost -= 1;
      throw new TypeError('the connection broke');
    }
    return outcome;
  }

  #attempt(key: string, { cart, token }: Body): HttpReply | Outcome {
    const known = this.#answers.get(key);
    if (known?.outcome === 'voided') return { status: 410, body: '{"outcome":"voided","tokenConsumed":false}' };
    if (known) return known as Outcome;
    const spent = this.#tokens.get(token);
    if (spent !== undefined && spent !== key) return { status: 409, body: '{"code":"token_already_used"}' };
    this.#tokens.set(token, key);
    const card = /tok_(\w+)_/.exec(token)?.[1];
    let outcome: Outcome = { outcome: 'declined', code: card ?? 'invalid_number' };
    if (card === 'challenge') outcome = { outcome: 'action_required', action: { kind: 'challenge' } };
    if (card === 'refused') outcome = { outcome: 'rejected', code: 'blocked', mayRetry: false };
    if (card === 'approved') {
      this.charges.push({ key, token, amount: cart.total });
      outcome = { outcome: 'approved', reference: `ch_${this.charges.length}` };
    }
    this.#answers.set(key, outcome);
    return outcome;
  }

  async settle({ key }: SettleRequest): Promise<SettleAnswer> {
    const known = this.#answers.get(key);
    if (known && known.outcome !== 'action_required') return known;
    this.#answers.set(key, { outcome: 'voided' });
    return { outcome: 'voided' };
  }

  async discard({ session }: DiscardRequest): Promise<void> {
    this.discarded.push(session);
  }

  async performAction(): Promise<boolean> {
    return false;
  }

  /** What was sent as tokens, in order. */
  get tokens(): readonly string[] {
    return this.arrivals.map(({ token }) => token);
  }

  /** What was charged. */
  get amounts(): readonly number[] {
    return this.charges.map(({ amount }) => amount);
  }
}
