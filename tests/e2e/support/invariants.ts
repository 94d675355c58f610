/** What must hold after every test, whatever it did. */

import { expect } from 'vitest';
import type { AttemptBody, Watch } from './browser';
import type { Merchant } from './merchant';

/**
 * One key is one request, one token is one key, one session is one charge.
 *
 * `released` are the tokens that the merchant gave back, saying that the provider never saw them (rule T4).
 */
export async function expectOnceOnly(watch: Watch, merchant: Merchant, released: ReadonlySet<string>): Promise<void> {
  const texts = new Map<string, string>();
  for (const { id, text } of watch.attempts) {
    // A UUID of version 4 (rule K8), and the same bytes on each resend (rule K2).
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(text, 'the bytes of a resend').toBe(texts.get(id) ?? text);
    texts.set(id, text);
  }
  const keys = new Map<string, string>();
  for (const [id, text] of texts) {
    const { token } = JSON.parse(text) as AttemptBody;
    if (!released.has(token)) expect(id, 'the key of a token').toBe(keys.get(token) ?? id);
    keys.set(token, id);
  }
  const sessions = (await merchant.ledger()).charges.map(({ session }) => session);
  expect(new Set(sessions).size, 'sessions that were charged').toBe(sessions.length);
}

/** No text holds a token (rule T6). */
export function expectNoToken(texts: readonly string[], tokens: Iterable<string>): void {
  for (const token of tokens) {
    for (const text of texts) expect(text.includes(token), 'a token in the open').toBe(false);
  }
}
