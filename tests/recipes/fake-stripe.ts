/**
 * PaymentIntents with the rules that Stripe documents, and none of its network: which status allows what
 * (https://docs.stripe.com/payments/paymentintents/lifecycle), what `cancel` answers
 * (https://docs.stripe.com/api/payment_intents/cancel), what an idempotency key replays
 * (https://docs.stripe.com/api/idempotent_requests), and that one object is changed by one request at a time
 * (`lock_timeout`, https://docs.stripe.com/error-codes).
 */

import type { Intent, StripeClient } from '../../docs/recipes/stripe';

type Mutable = { -readonly [Name in keyof Intent]: Intent[Name] };

/** An error as stripe-node throws it. */
export class StripeError extends Error {
  readonly type: string;
  readonly code: string | undefined;
  readonly decline_code: string | undefined;
  readonly payment_intent: Intent | undefined;

  constructor(type: string, code?: string, more: { decline_code?: string; payment_intent?: Intent } = {}) {
    super(`${type}: ${code}`);
    this.type = type;
    this.code = code;
    this.decline_code = more.decline_code;
    this.payment_intent = more.payment_intent;
  }
}

/** The token's text says what becomes of it: `ctoken_<card>_<anything>`. */
type Card = 'approved' | 'declined' | 'challenge' | 'processing' | 'manual';

export class FakeStripe implements StripeClient {
  /** What was charged, in minor units: Stripe's own books. */
  readonly charges: { readonly intent: string; readonly amount: number; readonly currency: string }[] = [];
  /** How many replies are lost, after the request was carried out. */
  loseReplies = 0;
  /** How many requests never arrive. */
  loseRequests = 0;
  /** What a confirmation waits for in the middle of it. */
  bank: Promise<void> = Promise.resolve();
  readonly #intents = new Map<string, Mutable & { amount: number; currency: string }>();
  readonly #locked = new Set<string>();
  readonly #replies = new Map<string, { params: string; reply: Promise<Intent>; done: boolean }>();

  readonly paymentIntents = {
    create: (params: { amount: number; currency: string }, { idempotencyKey }: { idempotencyKey: string }) =>
      this.#once(idempotencyKey, `create ${JSON.stringify(params)}`, async () => {
        const id = `pi_${this.#intents.size + 1}`;
        const status = 'requires_payment_method';
        this.#intents.set(id, { id, status, client_secret: `${id}_secret`, last_payment_error: null, ...params });
        return this.look(id);
      }),
    confirm: (id: string, params: { confirmation_token: string }, { idempotencyKey }: { idempotencyKey: string }) =>
      this.#once(idempotencyKey, `confirm ${id} ${JSON.stringify(params)}`, () =>
        this.#alone(id, async (intent) => {
          if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
            throw this.#unexpected(id);
          }
          await this.bank;
          this.#charge(intent, /^ctoken_([a-z]+)_/.exec(params.confirmation_token)?.[1] as Card);
        }),
      ),
    retrieve: (id: string) => this.#network(async () => this.look(id)),
    cancel: (id: string) =>
      this.#network(() =>
        this.#alone(id, async (intent) => {
          if (['succeeded', 'canceled', 'processing'].includes(intent.status)) throw this.#unexpected(id);
          intent.status = 'canceled';
        }),
      ),
  };

  look(id: string): Intent {
    const { status, client_secret, last_payment_error } = this.#get(id);
    return { id, status, client_secret, last_payment_error };
  }

  get intents(): readonly Intent[] {
    return [...this.#intents.keys()].map((id) => this.look(id));
  }

  /** What the shopper's browser does with the client secret: the challenge is passed or failed. */
  challenge(clientSecret: string, passed: boolean): void {
    const intent = this.#get(clientSecret.replace(/_secret$/, ''));
    if (intent.status !== 'requires_action') throw this.#unexpected(intent.id);
    if (passed) return this.#charge(intent, 'approved');
    intent.status = 'requires_payment_method';
    intent.last_payment_error = { code: 'payment_intent_authentication_failure' };
  }

  /** The bank, days later. */
  clear(id: string): void {
    this.#charge(this.#get(id), 'approved');
  }

  #charge(intent: Mutable & { amount: number; currency: string }, card: Card): void {
    if (card === 'challenge') intent.status = 'requires_action';
    else if (card === 'processing') intent.status = 'processing';
    else if (card === 'manual') intent.status = 'requires_capture';
    else if (card === 'approved') {
      intent.status = 'succeeded';
      this.charges.push({ intent: intent.id, amount: intent.amount, currency: intent.currency });
    } else if (card === 'declined') {
      intent.status = 'requires_payment_method';
      intent.last_payment_error = { code: 'card_declined', decline_code: 'insufficient_funds' };
      const payment_intent = this.look(intent.id);
      throw new StripeError('StripeCardError', 'card_declined', { decline_code: 'insufficient_funds', payment_intent });
    } else throw new StripeError('StripeInvalidRequestError', 'resource_missing');
  }

  #get(id: string): Mutable & { amount: number; currency: string } {
    const intent = this.#intents.get(id);
    if (intent === undefined) throw new StripeError('StripeInvalidRequestError', 'resource_missing');
    return intent;
  }

  #unexpected(id: string): StripeError {
    const payment_intent = this.look(id);
    return new StripeError('StripeInvalidRequestError', 'payment_intent_unexpected_state', { payment_intent });
  }

  async #alone(id: string, change: (intent: Mutable & { amount: number; currency: string }) => Promise<void>) {
    if (this.#locked.has(id)) throw new StripeError('StripeRateLimitError', 'lock_timeout');
    this.#locked.add(id);
    try {
      await change(this.#get(id));
    } finally {
      this.#locked.delete(id);
    }
    return this.look(id);
  }

  /** The first answer of a key is its answer for ever, an error too; only a lock is no answer. */
  #once(key: string, params: string, run: () => Promise<Intent>): Promise<Intent> {
    return this.#network(async () => {
      const known = this.#replies.get(key);
      if (known !== undefined) {
        if (known.params !== params) throw new StripeError('StripeIdempotencyError');
        if (!known.done) throw new StripeError('StripeIdempotencyError', 'idempotency_key_in_use');
        return known.reply;
      }
      const entry = { params, reply: run(), done: false };
      this.#replies.set(key, entry);
      try {
        return await entry.reply;
      } catch (error) {
        if ((error as StripeError).code === 'lock_timeout') this.#replies.delete(key);
        throw error;
      } finally {
        entry.done = true;
      }
    });
  }

  async #network(run: () => Promise<Intent>): Promise<Intent> {
    await Promise.resolve();
    if (this.loseRequests > 0) {
      this.loseRequests -= 1;
      throw new StripeError('StripeConnectionError');
    }
    const lost = this.loseReplies > 0;
    if (lost) this.loseReplies -= 1;
    const reply = run();
    if (!lost) return reply;
    await reply.catch(() => undefined);
    throw new StripeError('StripeConnectionError');
  }
}
