import { readFile } from 'node:fs/promises';
import { describe as suite, expect, it } from 'vitest';
import { type Advice, describe, type Locale, type NoticeCode, withTexts } from '../src/index.js';
import { en } from '../src/locales/en.js';

const NO_PARAMS: Record<string, string> = {};
/** Typed so that a code that is missing here does not compile. */
const PARAMS: Record<NoticeCode, Record<string, string>> = {
  cart_changed: NO_PARAMS,
  fresh_token_needed: NO_PARAMS,
  payment_declined: { reason: 'insufficient_funds', advice: 'other_card' },
  payment_rejected: { reason: 'postcode_invalid' },
  payment_not_made: NO_PARAMS,
  checking_payment: NO_PARAMS,
  do_not_pay_again: NO_PARAMS,
  payment_received: NO_PARAMS,
  earlier_cart_paid: NO_PARAMS,
  charged_twice: { reference: 'ch_1' },
  sheet_unavailable: NO_PARAMS,
  another_sheet_open: NO_PARAMS,
  action_required: NO_PARAMS,
  offline: NO_PARAMS,
  record_unavailable: NO_PARAMS,
  another_tab_pays: NO_PARAMS,
};
const codes = Object.keys(PARAMS) as NoticeCode[];

suite('describe', () => {
  it.each(codes)('has whole sentences for %s', (code) => {
    const text = describe({ code, params: PARAMS[code] });
    expect(text).toMatch(/^[A-Z].*\.$/);
    expect(text).not.toMatch(/[{}]|undefined| {2}|\.\./);
  });

  it('knows exactly the codes of the core', async () => {
    const source = await readFile(new URL('../../src/notice.rs', import.meta.url), 'utf8');
    const body = source.slice(source.indexOf('fn code('), source.indexOf('fn severity('));
    const inCore = [...body.matchAll(/=> "(\w+)"/g)].map(([, code]) => code);
    expect(inCore.length).toBeGreaterThan(10);
    expect(inCore.toSorted()).toEqual(codes.toSorted());
    expect(Object.keys(en.notices).toSorted()).toEqual(codes.toSorted());
  });

  it('gives the reason and the advice of a decline', () => {
    const text = describe({ code: 'payment_declined', params: PARAMS.payment_declined });
    expect(text).toContain(en.reasons['insufficient_funds']);
    expect(text).toContain(en.advice.other_card);
  });

  it.each(['generic_decline', 'constructor', '__proto__', 'toString', ''])(
    'leaves out a reason that means nothing to a shopper: %j',
    (reason) => {
      expect(describe({ code: 'payment_declined', params: { reason, advice: 'other_card' } })).toBe(
        'Your payment was declined, and you have not been charged. Please use another card.',
      );
    },
  );

  it('gives the reference of the other charge to a text that asks for it', () => {
    const texts = withTexts(en, { notices: { charged_twice: 'Charged twice {reference}.' } });
    const notice = { code: 'charged_twice', params: { reference: 'ch_1' } } as const;
    expect(describe(notice, texts)).toBe('Charged twice ch_1.');
    expect(describe({ ...notice, params: {} }, texts)).toBe('Charged twice.');
    expect(describe({ code: 'offline', params: { reason: 'toString' } }, texts)).toBe(en.notices.offline);
  });

  it('never shows a code as it is', () => {
    expect(describe({ code: 'payment_rejected', params: { reason: 'cart_hash_mismatch' } })).not.toContain('_');
  });

  it('takes another language', () => {
    const advice: Record<Advice, string> = { ...en.advice, other_card: 'Bitte nehmen Sie eine andere Karte.' };
    const de: Locale = { ...en, advice, notices: { ...en.notices, payment_declined: 'Abgelehnt. {advice}' } };
    expect(describe({ code: 'payment_declined', params: { advice: 'other_card' } }, de)).toBe(
      'Abgelehnt. Bitte nehmen Sie eine andere Karte.',
    );
  });
});
