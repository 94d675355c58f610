/** How amounts, times and identifiers look on this page. */

import { h } from './dom';
import { locale } from './language';

/** An amount in minor units, as people of a language write it; the shopper's, by default. */
export function money(amount: number, currency: string, language = locale().language): string {
  const format = new Intl.NumberFormat(language, { style: 'currency', currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

/** A duration: `340 ms`, `1.2 s`. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** A time of day with milliseconds. */
export function timeOfDay(at: number): string {
  return `${CLOCK.format(at)}.${String(Math.floor(at % 1000)).padStart(3, '0')}`;
}

/** `payment_declined` as words. */
export function words(code: string): string {
  return code.replaceAll('_', ' ');
}

/** An identifier by its first digits, with a colour of its own: the same key is the same everywhere on the page. */
export function idChip(id: string): HTMLElement {
  const chip = h('code', { class: 'id', title: id }, id.slice(0, 8));
  chip.style.setProperty('--hue', String(Number.parseInt(id.slice(0, 4), 16) % 360 || 0));
  return chip;
}
