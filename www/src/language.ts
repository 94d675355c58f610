/** The shopper's language: of what payonce says, and of amounts. The rest of this page speaks English. */

import { findLocale, type Locale } from 'payonce';
import { de } from 'payonce/locales/de';
import { en } from 'payonce/locales/en';
import { es } from 'payonce/locales/es';
import { fr } from 'payonce/locales/fr';
import { ja } from 'payonce/locales/ja';
import { ptBR } from 'payonce/locales/pt-BR';
import { zhCN } from 'payonce/locales/zh-CN';
import { byId, h } from './dom';

const LOCALES = [de, en, es, fr, ja, ptBR, zhCN];
const STORED = 'payonce-demo-language';

let chosen = findLocale(LOCALES, [stored(), ...navigator.languages]);

/** The locale that the shopper reads now. */
export function locale(): Locale {
  return chosen;
}

/** Offers the languages, each by its own name; `changed` is called after another one was chosen. */
export function languageSwitch(changed: () => void): void {
  const select = byId<HTMLSelectElement>('language');
  select.append(
    ...LOCALES.map(({ language }) => {
      const name = new Intl.DisplayNames(language, { type: 'language' }).of(language) ?? language;
      return h('option', { value: language, lang: language }, name);
    }),
  );
  select.value = chosen.language;
  select.addEventListener('change', () => {
    chosen = findLocale(LOCALES, select.value);
    try {
      localStorage.setItem(STORED, chosen.language);
    } catch {
      // It lasts as long as the page, then.
    }
    changed();
  });
}

function stored(): string {
  try {
    return localStorage.getItem(STORED) ?? '';
  } catch {
    return '';
  }
}
