import { InputError } from './errors.js';
import type { Summary } from './types.js';
import { decimal } from './wallets/amounts.js';

/**
 * An amount of a summary as people of a language write it: `formatAmount(summary.total, summary, 'de')` is `12,50 €`.
 *
 * `amount` is in minor units. `language` is a BCP 47 tag, or several; default: the browser's. The decimals are those of
 * ISO 4217, which the summary has from the core: by itself `Intl` would show Hungarian forints without theirs. Throws
 * InputError for what is no amount, no currency or no language.
 */
export function formatAmount(
  amount: number,
  { currency, decimals }: Pick<Summary, 'currency' | 'decimals'>,
  language?: string | readonly string[],
): string {
  if (!Number.isSafeInteger(amount)) throw new InputError('not_an_amount', 'amount');
  try {
    return new Intl.NumberFormat(language as string | string[] | undefined, {
      style: 'currency',
      currency,
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      // As text it is exact, however large (ECMA-402 since 2023; older browsers take the nearest number).
    }).format(decimal(amount, decimals) as unknown as number);
  } catch {
    throw new InputError('not_formattable', 'currency');
  }
}
