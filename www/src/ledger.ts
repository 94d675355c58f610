/** The merchant's ledger: what was really charged, whatever anybody on this page believes. */

import { byId, h, setText } from './dom';
import { idChip, money, words } from './format';

/** `GET /ledger`, as far as it is shown. */
export interface Ledger {
  readonly charges: readonly {
    readonly key: string;
    readonly session: string;
    readonly cartHash: string;
    readonly amount: number;
    readonly currency: string;
    readonly reference: string;
  }[];
  readonly attempts: readonly {
    readonly key: string;
    readonly state: string;
    readonly arrivals: number;
    readonly code: string | null;
  }[];
  readonly discarded: readonly { readonly session: string }[];
  readonly arrivals: number;
  readonly settles: number;
}

export interface LedgerView {
  /** Asks the merchant now. */
  refresh(): Promise<void>;
  /** What the merchant said last. */
  readonly latest: Ledger | null;
}

/** Whether any session was charged more than once: what must never be. */
export function chargedTwice({ charges }: Ledger): boolean {
  return new Set(charges.map(({ session }) => session)).size < charges.length;
}

/** Shows the ledger. `changed` is called with each new one. */
export function ledgerView(changed: () => void): LedgerView {
  const verdict = byId('verdict');
  const body = byId('ledger');
  let latest: Ledger | null = null;
  let shown = '';
  let asked = 0;
  let answered = 0;

  return {
    get latest() {
      return latest;
    },
    async refresh() {
      asked += 1;
      const question = asked;
      let text: string;
      let ledger: Ledger;
      try {
        const reply = await fetch('/ledger', { cache: 'no-store' });
        if (!reply.ok) throw new Error(String(reply.status));
        text = await reply.text();
        ledger = JSON.parse(text) as Ledger;
      } catch {
        shown = '';
        verdict.className = 'verdict unknown';
        setText(verdict, 'The merchant cannot be reached.');
        return;
      }
      // An answer that was overtaken shows what is no longer so.
      if (question < answered) return;
      answered = question;
      if (text === shown) return;
      shown = text;
      latest = ledger;
      const twice = chargedTwice(ledger);
      verdict.className = `verdict ${twice ? 'bad' : ledger.charges.length > 0 ? 'good' : 'unknown'}`;
      verdict.replaceChildren(
        h('strong', { 'data-testid': 'charged' }, charged(ledger)),
        h('span', {}, twice ? 'A session was charged twice.' : 'No session was charged twice.'),
      );
      body.replaceChildren(...tables(ledger));
      changed();
    },
  };
}

/** `Charged: 1 time, $30.00` */
export function charged({ charges }: Ledger): string {
  const sums = new Map<string, number>();
  for (const { currency, amount } of charges) sums.set(currency, (sums.get(currency) ?? 0) + amount);
  const amounts = [...sums].map(([currency, amount]) => money(amount, currency, 'en')).join(' + ');
  if (charges.length === 0) return 'Charged: nothing yet';
  return `Charged: ${charges.length} ${charges.length === 1 ? 'time' : 'times'}, ${amounts}`;
}

/** How many rows a table shows, the latest first. */
const SHOWN = 6;

function tables({ charges, attempts, discarded, arrivals, settles }: Ledger): HTMLElement[] {
  return [
    table(
      'Charges',
      ['Amount', 'Cart', 'Key', 'Reference'],
      charges.map(({ amount, currency, cartHash, key, reference }) => [
        h('b', {}, money(amount, currency, 'en')),
        idChip(cartHash),
        idChip(key),
        h('code', { class: 'quiet', title: reference }, reference.slice(0, 9)),
      ]),
      'ledger-charges',
    ),
    table(
      'Attempts',
      ['Key', 'Arrived', 'State'],
      attempts.map(({ key, arrivals: arrived, state, code }) => [
        idChip(key),
        `${arrived} ${arrived === 1 ? 'time' : 'times'}`,
        h('span', { class: `tag ${state}` }, words(state === 'voided' ? 'voided: never chargeable' : (code ?? state))),
      ]),
      'ledger-attempts',
    ),
    h(
      'p',
      { class: 'fine' },
      `${count(arrivals, 'payment request')}, ${count(settles, 'question')} for the truth, `,
      h('span', { 'data-testid': 'ledger-discarded' }, `${count(discarded.length, 'discarded session')}`),
    ),
  ];
}

export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

function table(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly (Node | string)[])[],
  hook: string,
): HTMLElement {
  const hidden = rows.length - SHOWN;
  return h(
    'table',
    { class: hook, 'data-testid': hook, 'data-count': String(rows.length) },
    h('caption', {}, caption, hidden > 0 && h('span', { class: 'fine' }, ` (the latest ${SHOWN} of ${rows.length})`)),
    h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
    h(
      'tbody',
      {},
      ...(rows.length === 0
        ? [h('tr', {}, h('td', { colspan: String(heads.length), class: 'quiet' }, 'none'))]
        : rows
            .slice(-SHOWN)
            .reverse()
            .map((cells) => h('tr', {}, ...cells.map((cell) => h('td', {}, cell))))),
    ),
  );
}
