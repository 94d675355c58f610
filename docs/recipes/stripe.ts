/**
 * The backend contract on Stripe PaymentIntents: one PaymentIntent for each attempt, confirmed with a ConfirmationToken,
 * and cancelled to fence it. See docs/recipes.md for what each line rests on.
 *
 * `attempt`, `settle` and `discard` answer the three requests of docs/merchant.md; hang them into the server that you
 * have. They are written for automatic capture and for stripe-node, whose errors they read.
 */

import { createHash } from 'node:crypto';
import type { Cart } from 'payonce';

/** One attempt, or the tombstone of a key that must never become one. */
export interface Row {
  readonly session: string;
  /** Of the request's bytes; null in a tombstone. */
  readonly digest: string | null;
  /** Minor units, as Stripe wants them. */
  readonly amount: number;
  readonly currency: string;
  readonly intent: string | null;
}

/** Your database. Each function is one statement. */
export interface Store {
  /** Inserts the row unless there is one of that key, and returns the one that is there then. The key is unique. */
  insert(key: string, row: Row): Promise<Row>;
  setIntent(key: string, intent: string): Promise<void>;
  /** Marks a session as discarded and returns the keys of its attempts. */
  discard(session: string): Promise<readonly string[]>;
  isDiscarded(session: string): Promise<boolean>;
}

/** Of a PaymentIntent, what is read here. */
export interface Intent {
  readonly id: string;
  readonly status:
    | 'requires_payment_method'
    | 'requires_confirmation'
    | 'requires_action'
    | 'processing'
    | 'requires_capture'
    | 'canceled'
    | 'succeeded';
  readonly client_secret: string | null;
  readonly last_payment_error: { readonly code?: string; readonly decline_code?: string } | null;
}

interface IdempotencyKey {
  readonly idempotencyKey: string;
}

/** Of stripe-node, what is called here: `new Stripe(secretKey)` is one. */
export interface StripeClient {
  readonly paymentIntents: {
    create(params: { amount: number; currency: string }, options: IdempotencyKey): Promise<Intent>;
    confirm(id: string, params: { confirmation_token: string }, options: IdempotencyKey): Promise<Intent>;
    retrieve(id: string): Promise<Intent>;
    cancel(id: string): Promise<Intent>;
  };
}

export interface Answer {
  readonly status: number;
  readonly body: { readonly outcome?: string; readonly code?: string; readonly [name: string]: unknown };
}

const VOIDED: Answer = { status: 410, body: { outcome: 'voided' } };
const MISMATCH: Answer = {
  status: 400,
  body: { outcome: 'rejected', code: 'cart_hash_mismatch', tokenConsumed: false, mayRetry: false },
};
const PENDING: Answer = { status: 200, body: { outcome: 'pending' } };
const TOMBSTONE: Row = { session: '', digest: null, amount: 0, currency: '', intent: null };

/** `cartHash` is that of payonce, after `await init()`. */
export function stripeBackend(stripe: StripeClient, store: Store, cartHash: (cart: Cart) => string) {
  const intents = stripe.paymentIntents;

  /**
   * `POST /attempts`: `text` is the body as it came, `own` the cart that you keep for this shopper, at your prices; null
   * where there is none any more. What is charged is `own`: anybody can send a cart with prices of their own.
   */
  async function attempt(key: string, text: string, own: Cart | null): Promise<Answer> {
    const request = JSON.parse(text) as { cartHash: string; session: string; token: string };
    const { session, token } = request;
    const digest = createHash('sha256').update(text).digest('hex');
    // A known key goes on with its row, for `own` may have changed since. An unknown one that is refused is fenced: a
    // copy of the request may still be on its way when `own` is changed back.
    const agreed = own !== null && cartHash(own) === request.cartHash;
    const row = await store.insert(
      key,
      agreed ? { session, digest, amount: own.total, currency: own.currency.toLowerCase(), intent: null } : TOMBSTONE,
    );
    if (row.digest === null) return agreed ? VOIDED : MISMATCH;
    if (row.digest !== digest) return { status: 422, body: { code: 'idempotency_key_reused' } };
    // Only now: whoever discards the session marks it first and looks for its attempts then, so one sees the other.
    if (await store.isDiscarded(session)) return settle(key);
    try {
      const intent = await intentOf(key, row);
      return read(await intents.confirm(intent, { confirmation_token: token }, { idempotencyKey: key }));
    } catch (error) {
      return refused(key, error);
    }
  }

  /** `POST /attempts/{key}/settle` */
  async function settle(key: string): Promise<Answer> {
    const row = await store.insert(key, TOMBSTONE);
    if (row.digest === null) return VOIDED;
    try {
      const id = await intentOf(key, row);
      const intent = await intents.retrieve(id);
      if (!/^requires_(?:payment_method|confirmation|action)$/.test(intent.status)) return read(intent);
      const canceled = await intents.cancel(id);
      // A decline is over, too, once nobody can confirm the PaymentIntent again.
      return read(intent.last_payment_error === null ? canceled : intent);
    } catch (error) {
      return unexpected(error) ?? nobodyKnows(error);
    }
  }

  /** `POST /sessions/{session}/discard` */
  async function discard(session: string): Promise<Answer> {
    for (const key of await store.discard(session)) {
      const { body } = await settle(key);
      // Not certain yet: payonce tells again.
      if (body.outcome === undefined || body.outcome === 'pending') return { status: 503, body: {} };
    }
    return { status: 204, body: {} };
  }

  /** The attempt's PaymentIntent. The key makes it the same one, whoever asks first and however often. */
  async function intentOf(key: string, { intent, amount, currency }: Row): Promise<string> {
    if (intent !== null) return intent;
    const { id } = await intents.create({ amount, currency }, { idempotencyKey: `${key}:create` });
    await store.setIntent(key, id);
    return id;
  }

  /** What Stripe's refusal to confirm means. */
  async function refused(key: string, error: unknown): Promise<Answer> {
    const { type, code, decline_code } = error as { type?: string; code?: string; decline_code?: string };
    if (type === 'StripeCardError') return declined({ code, decline_code });
    if (code === 'idempotency_key_in_use') return { status: 409, body: { code: 'idempotency_key_in_flight' } };
    if (type === 'StripeIdempotencyError') return { status: 422, body: { code: 'idempotency_key_reused' } };
    const answer = unexpected(error);
    if (answer !== undefined) return answer;
    // Stripe did not like the request, and will not like it better: what is true now stays true.
    return type === 'StripeInvalidRequestError' ? settle(key) : nobodyKnows(error);
  }

  return { attempt, settle, discard };
}

/** What a PaymentIntent says about its attempt. */
function read(intent: Intent): Answer {
  switch (intent.status) {
    case 'succeeded':
    case 'requires_capture':
      return { status: 200, body: { outcome: 'approved', reference: intent.id } };
    case 'requires_action': {
      const action = { kind: 'stripe_next_action', clientSecret: intent.client_secret };
      return { status: 200, body: { outcome: 'action_required', action } };
    }
    case 'canceled':
      return VOIDED;
    case 'requires_payment_method':
    case 'requires_confirmation':
      return intent.last_payment_error === null ? PENDING : declined(intent.last_payment_error);
    case 'processing':
      return PENDING;
  }
}

function declined({ code, decline_code }: { code?: string | undefined; decline_code?: string | undefined }): Answer {
  return { status: 402, body: { outcome: 'declined', code: decline_code ?? code ?? 'generic_decline' } };
}

/** The PaymentIntent was in another state than we thought: then that is what counts. */
function unexpected(error: unknown): Answer | undefined {
  const { code, payment_intent } = error as { code?: string; payment_intent?: Intent };
  return code === 'payment_intent_unexpected_state' && payment_intent ? read(payment_intent) : undefined;
}

/** No reply, a 5xx, a lock, too many requests: no `outcome`, so payonce asks again. What is no error of Stripe is yours. */
function nobodyKnows(error: unknown): Answer {
  if (!(error as { type?: string }).type?.startsWith('Stripe')) throw error;
  return { status: 503, body: {} };
}
