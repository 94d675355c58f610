import { en } from './locales/en.js';
import type { Advice, Notice, NoticeCode } from './types.js';

/** The texts of one language. A missing notice or advice is a type error. */
export interface Locale {
  /** BCP 47, as the `lang` attribute and `Intl` want it. */
  readonly language: string;
  /**
   * One text for each notice. `{reason}` and `{advice}` stand for a text from below, or for nothing, and `{reference}` for
   * the notice's own parameter.
   */
  readonly notices: Readonly<Record<NoticeCode, string>>;
  /** What a shopper may try after a decline. */
  readonly advice: Readonly<Record<Advice, string>>;
  /** Codes of declines and refusals. A code that is not here is not shown: it would mean nothing to a shopper. */
  readonly reasons: Readonly<Record<string, string>>;
}

/** Some texts of a language: what is missing is English. */
export type LocaleTexts = { readonly [Part in Exclude<keyof Locale, 'language'>]?: Partial<Locale[Part]> };

/**
 * The text of a notice, for the shopper; empty for a notice that payonce does not know. A text that `locale` does not
 * have is English.
 */
export function describe(notice: Pick<Notice, 'code' | 'params'>, locale: LocaleTexts = en): string {
  const params = notice.params as Notice['params'] | undefined;
  return find('notices', notice.code, locale)
    .replace(/( ?)\{(\w+)\}/g, (_, space: string, name: string) => {
      const part = name === 'reason' ? 'reasons' : name === 'advice' ? 'advice' : undefined;
      const text = part ? find(part, params?.[name], locale) : name === 'reference' ? params?.[name] : undefined;
      return text ? space + text : '';
    })
    .trim();
}

/** A code comes from a provider: `constructor` is as good a code as any and must find nothing. */
function find(part: keyof LocaleTexts, code: string | undefined, locale: LocaleTexts): string {
  for (const phrases of [locale[part], en[part]] as (Readonly<Record<string, string>> | undefined)[]) {
    if (phrases && code !== undefined && Object.hasOwn(phrases, code) && phrases[code]) return phrases[code];
  }
  return '';
}

/** A locale with some texts of the storefront's own. */
export function withTexts(locale: Locale, { notices, advice, reasons }: LocaleTexts): Locale {
  return {
    language: locale.language,
    notices: { ...locale.notices, ...notices },
    advice: { ...locale.advice, ...advice },
    reasons: { ...locale.reasons, ...reasons } as Locale['reasons'],
  };
}

/**
 * The locale that fits what the shopper reads, `navigator.languages` or an `Accept-Language` of BCP 47 tags, best first.
 * A language fits in whatever region (`pt` and `pt-PT` find `pt-BR`), but not in another script (`zh-TW` does not find
 * `zh-CN`). English where nothing fits.
 */
export function findLocale(locales: readonly Locale[], languages: string | readonly string[]): Locale {
  for (const tag of [languages].flat()) {
    const wanted = likely(tag);
    if (!wanted) continue;
    const readable = locales.filter(({ language }) => {
      const offered = likely(language);
      return offered?.language === wanted.language && offered.script === wanted.script;
    });
    const found = readable.find(({ language }) => likely(language)?.region === wanted.region) ?? readable[0];
    if (found) return found;
  }
  return en;
}

/** A tag with the script and region that most of its readers have; undefined for what is no tag. */
function likely(tag: string): Intl.Locale | undefined {
  try {
    return new Intl.Locale(tag).maximize();
  } catch {
    return undefined;
  }
}
