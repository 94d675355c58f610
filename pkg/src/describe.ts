import { en } from './locales/en.js';
import type { Advice, Notice, NoticeCode } from './types.js';

/** The texts of one language. A missing notice or advice is a type error. */
export interface Locale {
  /** One text for each notice. `{reason}` and `{advice}` stand for a text from below. */
  readonly notices: Readonly<Record<NoticeCode, string>>;
  /** What a shopper may try after a decline. */
  readonly advice: Readonly<Record<Advice, string>>;
  /** Codes of declines and refusals. A code that is not here is not shown: it would mean nothing to a shopper. */
  readonly reasons: Readonly<Record<string, string>>;
}

/** The text of a notice, for the shopper; empty for a notice that the catalogue does not know. */
export function describe(notice: Pick<Notice, 'code' | 'params'>, locale: Locale = en): string {
  const phrases: Record<string, Readonly<Record<string, string>>> = { reason: locale.reasons, advice: locale.advice };
  return find(locale.notices, notice.code)
    .replace(/ ?\{(\w+)\}/g, (_, name: string) => {
      const text = find(phrases[name], (notice.params as Notice['params'] | undefined)?.[name]);
      return text && ` ${text}`;
    })
    .trim();
}

/** A code comes from a provider: `constructor` is as good a code as any and must find nothing. */
function find(phrases: Readonly<Record<string, string>> | undefined, code: string | undefined): string {
  return (phrases && code !== undefined && Object.hasOwn(phrases, code) && phrases[code]) || '';
}
