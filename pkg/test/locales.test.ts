import { readFile } from 'node:fs/promises';
import { describe as suite, expect, it } from 'vitest';
import {
  type Advice,
  describe,
  findLocale,
  formatAmount,
  InputError,
  type Locale,
  type NoticeCode,
  withTexts,
} from '../src/index.js';
import { de } from '../src/locales/de.js';
import { en } from '../src/locales/en.js';
import { es } from '../src/locales/es.js';
import { fr } from '../src/locales/fr.js';
import { ja } from '../src/locales/ja.js';
import { ptBR } from '../src/locales/pt-BR.js';
import { zhCN } from '../src/locales/zh-CN.js';

const LOCALES = [de, en, es, fr, ja, ptBR, zhCN];
const each = it.each(LOCALES.map((locale) => [locale.language, locale] as const));

/** How each language says what must not be misunderstood. Reviewed by hand: whoever changes a text, looks here. */
const WORDS: Record<string, { notCharged: string; doNotPay: RegExp; payAgain: RegExp; received: RegExp }> = {
  de: {
    notCharged: 'nicht belastet',
    doNotPay: /^Bitte bezahlen Sie nicht noch einmal\./,
    payAgain: /unbesorgt noch einmal bezahlen\.$/,
    received: /Zahlung ist eingegangen/,
  },
  en: {
    notCharged: 'have not been charged',
    doNotPay: /^Please do not pay again\./,
    payAgain: /can safely pay again\.$/,
    received: /have received your payment/,
  },
  es: {
    notCharged: 'no se le ha cobrado nada',
    doNotPay: /^No vuelva a pagar/,
    payAgain: /Puede volver a pagar con tranquilidad\.$/,
    received: /Hemos recibido su pago/,
  },
  fr: {
    notCharged: 'n’avez pas été débité',
    doNotPay: /^Veuillez ne pas payer une deuxième fois\./,
    payAgain: /pouvez payer à nouveau sans risque\.$/,
    received: /avons bien reçu votre paiement/,
  },
  ja: {
    notCharged: '請求は行われていません',
    doNotPay: /^もう一度お支払いにならないでください。/,
    payAgain: /もう一度お支払いいただけます。$/,
    received: /お支払いを受け付けました/,
  },
  'pt-BR': {
    notCharged: 'nada foi cobrado',
    doNotPay: /^Não pague novamente/,
    payAgain: /pode pagar novamente com segurança\.$/,
    received: /Recebemos seu pagamento/,
  },
  'zh-CN': {
    notCharged: '没有被扣款',
    doNotPay: /^请不要再次付款。/,
    payAgain: /可以放心地重新付款。$/,
    received: /已收到您的付款/,
  },
};
/** Nothing was charged: known, and therefore said. Of all others it is not known, or not the point. */
const NOT_CHARGED: readonly NoticeCode[] = ['payment_declined', 'payment_rejected', 'payment_not_made'];
const RECEIVED: readonly NoticeCode[] = ['payment_received', 'earlier_cart_paid'];

const texts = (locale: Locale): string[] =>
  [locale.notices, locale.advice, locale.reasons].flatMap((phrases) => Object.values(phrases));
const codesSaying = (locale: Locale, words: string | RegExp): string[] =>
  Object.entries(locale.notices).flatMap(([code, text]) =>
    (typeof words === 'string' ? text.includes(words) : words.test(text)) ? [code] : [],
  );

suite('each language', () => {
  it('is an entry of the package', async () => {
    const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8');
    const { exports } = JSON.parse(manifest) as { exports: object };
    const entries = Object.keys(exports).filter((entry) => entry.startsWith('./locales/'));
    expect(entries).toEqual(LOCALES.map(({ language }) => `./locales/${language}`));
  });

  each('%s says all that English says, and nothing else', (_, locale) => {
    for (const part of ['notices', 'advice', 'reasons'] as const) {
      expect(Object.keys(locale[part]).toSorted(), part).toEqual(Object.keys(en[part]).toSorted());
    }
  });

  each('%s has the same parameters', (_, locale) => {
    const parameters = (text: string): string[] => (text.match(/\{\w*\}/g) ?? []).toSorted();
    for (const [code, text] of Object.entries(locale.notices)) {
      expect(parameters(text), code).toEqual(parameters(en.notices[code as NoticeCode]));
    }
    for (const text of [...Object.values(locale.advice), ...Object.values(locale.reasons)]) {
      expect(text).not.toMatch(/[{}]/);
    }
  });

  each('%s has whole sentences, none of them in another language', (language, locale) => {
    for (const text of texts(locale)) {
      expect(text).toMatch(/^\S.*[.。}]$/);
      expect(text).not.toMatch(/ {2}|\.\.|TODO|undefined/);
      expect(LOCALES.filter((other) => texts(other).includes(text)).map((other) => other.language)).toEqual([language]);
    }
  });

  each('%s says that nothing was charged where that is known, and only there', (language, locale) => {
    expect(codesSaying(locale, WORDS[language]?.notCharged ?? '?').toSorted()).toEqual(NOT_CHARGED.toSorted());
  });

  each('%s tells not to pay again, and that one may, each where it is so', (language, locale) => {
    const { doNotPay, payAgain, received } = WORDS[language] ?? { doNotPay: /$^/, payAgain: /$^/, received: /$^/ };
    expect(codesSaying(locale, doNotPay)).toEqual(['do_not_pay_again']);
    expect(codesSaying(locale, payAgain)).toEqual(['payment_not_made']);
    expect(codesSaying(locale, received).toSorted()).toEqual(RECEIVED.toSorted());
  });

  each('%s puts a decline together', (_, locale) => {
    const decline = (params: Record<string, string>): string => describe({ code: 'payment_declined', params }, locale);
    const whole = decline({ reason: 'expired_card', advice: 'other_card' });
    const apart = [locale.reasons['expired_card'], locale.advice.other_card];
    for (const part of apart) expect(whole).toContain(part);
    expect(whole).not.toMatch(/[{}]|。 | {2}/);
    expect(whole.endsWith(locale.advice.other_card)).toBe(true);
    // A reason that means nothing leaves nothing behind.
    expect(decline({ reason: 'do_not_honor', advice: 'other_card' })).toBe(
      locale.notices.payment_declined.replace(/ ?\{reason\}/, '').replace('{advice}', locale.advice.other_card),
    );
  });
});

suite('own texts', () => {
  it('replace those of a language, and nothing else', () => {
    const own = withTexts(de, { notices: { payment_received: 'Danke!' }, reasons: { voucher_expired: 'Abgelaufen.' } });
    expect(describe({ code: 'payment_received', params: {} }, own)).toBe('Danke!');
    expect(describe({ code: 'payment_rejected', params: { reason: 'voucher_expired' } }, own)).toMatch(
      / Abgelaufen\.$/,
    );
    expect(describe({ code: 'offline', params: {} }, own)).toBe(de.notices.offline);
    expect(own.language).toBe('de');
    expect(de.notices.payment_received).not.toBe('Danke!');
  });

  it('that are missing are English', () => {
    const some = {
      notices: { payment_declined: 'Geweigerd. {reason} {advice}' },
      advice: { other_card: 'Andere kaart.' },
    };
    expect(describe({ code: 'payment_declined', params: { reason: 'expired_card', advice: 'other_card' } }, some)).toBe(
      `Geweigerd. ${en.reasons['expired_card']} Andere kaart.`,
    );
    expect(describe({ code: 'offline', params: {} }, some)).toBe(en.notices.offline);
    expect(describe({ code: 'offline', params: {} }, {})).toBe(en.notices.offline);
  });

  it('take no parameter but the two that there are', () => {
    const odd = { notices: { offline: 'Odd {constructor} {reasons} {reason}.' } };
    expect(describe({ code: 'offline', params: { reasons: 'x', constructor: 'y' } }, odd)).toBe('Odd.');
  });
});

suite('findLocale', () => {
  it.each<[string | readonly string[], string]>([
    ['de-AT', 'de'],
    ['pt', 'pt-BR'],
    ['pt-PT', 'pt-BR'],
    ['zh', 'zh-CN'],
    ['zh-Hans-SG', 'zh-CN'],
    [['zh-TW', 'ja-JP'], 'ja'],
    ['zh-Hant', 'en'],
    [['nl', 'fr-CA', 'de'], 'fr'],
    [['not a tag', 'es-419'], 'es'],
    ['EN-gb', 'en'],
    ['eo', 'en'],
    [[], 'en'],
  ])('%j reads %s', (languages, expected) => {
    expect(findLocale(LOCALES, languages).language).toBe(expected);
  });

  it('prefers the region, whatever the order', () => {
    const pt: Locale = { ...ptBR, language: 'pt-PT' };
    expect(findLocale([ptBR, pt], 'pt-PT')).toBe(pt);
    expect(findLocale([pt, ptBR], 'pt-BR')).toBe(ptBR);
    expect(findLocale([pt, ptBR], 'pt')).toBe(ptBR);
  });
});

suite('formatAmount', () => {
  it.each<[number, string, number, string, string]>([
    [1250, 'EUR', 2, 'de', '12,50 €'],
    [1250, 'USD', 2, 'en', '$12.50'],
    [1250, 'JPY', 0, 'ja', '¥1,250'],
    [-500, 'BHD', 3, 'en', '-BHD 0.500'],
    // By itself Intl shows these two without their decimals.
    [1250, 'HUF', 2, 'de', '12,50 HUF'],
    [1250, 'IQD', 3, 'en', 'IQD 1.250'],
    [123456, 'BRL', 2, 'pt-BR', 'R$ 1.234,56'],

    // As a number it would end with 0.
    [9007199254740991, 'EUR', 2, 'en', '€90,071,992,547,409.91'],
    [9007199254740989, 'CLF', 4, 'en', 'CLF 900,719,925,474.0989'],
  ])('%i %s with %i decimals in %s', (amount, currency, decimals, language, expected) => {
    expect(
      formatAmount(amount, { currency, decimals }, language)
        .replace(/\u00a0/g, ' ')
        .replace('￥', '¥'),
    ).toBe(expected);
  });

  it('takes what findLocale takes, and by default the language of the browser', () => {
    expect(formatAmount(100, { currency: 'EUR', decimals: 2 }, ['fr-CA', 'en'])).toContain('1,00');
    expect(formatAmount(100, { currency: 'EUR', decimals: 2 })).toMatch(/1[.,]00/);
  });

  it.each<[number, string, string]>([
    [1.5, 'EUR', 'amount'],
    [2 ** 53, 'EUR', 'amount'],
    [1, 'no currency', 'currency'],
  ])('refuses %d %s', (amount, currency, path) => {
    const refused = (): string => formatAmount(amount, { currency, decimals: 2 }, 'en');
    expect(refused).toThrow(InputError);
    expect(refused).toThrow(expect.objectContaining({ path }) as Error);
  });
});

// Typed so that an advice that is missing here does not compile.
const ADVICE: Record<Advice, true> = {
  try_again_later: true,
  other_card: true,
  correct_details: true,
  do_not_retry: true,
};

it('the languages know the advice of the core', async () => {
  const source = await readFile(new URL('../../src/outcome.rs', import.meta.url), 'utf8');
  const body = /pub enum Advice \{(.*?)^\}/ms.exec(source)?.[1] ?? '';
  const inCore = [...body.matchAll(/^ {4}(\w+),/gm)].map(([, name = '']) =>
    name.replace(/\B[A-Z]/g, '_$&').toLowerCase(),
  );
  expect(inCore.toSorted()).toEqual(Object.keys(ADVICE).toSorted());
});
