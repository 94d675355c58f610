/** The web wallet's window: what the browser shows as its sheet. */

import { CARDS } from '../src/cards';
import { byId, h, setText } from '../src/dom';
import { type Tiles, tiles } from '../src/tiles';
import type { Price, ToWindow, ToWorker } from './protocol';

const COUNTRIES = [
  { value: 'AT', name: 'Austria', note: '' },
  { value: 'AQ', name: 'Antarctica', note: '' },
];

/** The browser's window is small. */
const OFFERED: ReadonlySet<string> = new Set(['approved', 'insufficient_funds', 'challenge', 'expired_card']);

const pay = byId<HTMLButtonElement>('pay');
const oldToken = byId<HTMLButtonElement>('old-token');
const choices = byId<HTMLFieldSetElement>('choices');
const cards = tiles(
  'card',
  CARDS.filter(([value]) => OFFERED.has(value)).map(([value, name, note]) => ({
    value,
    name,
    note: h('small', {}, note),
  })),
);
const countries = tiles('country', COUNTRIES);
let ships: Tiles | undefined;
/** What the shopper has just changed, which gets the focus back. */
let changed = '';

byId('cards').append(...cards.elements);
byId('countries').append(...countries.elements);
cards.choose('approved');
countries.choose('AT');

function show({ order, hasOld }: ToWindow): void {
  const { total, shippingOptions, error } = order;
  document.body.dataset['order'] = 'shown';
  setText(byId('total'), text(total));
  setText(pay, `Pay ${text(total)}`);
  setText(byId('message'), error);
  byId('message').className = `sheet-message ${error && 'error'}`;
  ships = tiles(
    'ship',
    shippingOptions.map(({ id, label, amount }) => ({ value: id, name: label, note: h('small', {}, text(amount)) })),
  );
  ships.choose(shippingOptions.find(({ selected }) => selected)?.id ?? '');
  byId('shipping').replaceChildren(h('legend', {}, 'Shipping'), ...ships.elements);
  byId('shipping').hidden = shippingOptions.length === 0;
  choices.disabled = false;
  if (changed) document.querySelector<HTMLElement>(`[name=${changed}]:checked`)?.focus();
  pay.disabled = error !== '';
  oldToken.disabled = error !== '' || !hasOld;
}

function text({ currency, value }: Price): string {
  return new Intl.NumberFormat('en-US', { style: 'currency', currency }).format(Number(value));
}

/** Tells the worker, which answers with the order as it is then. */
async function tell(what: ToWorker): Promise<void> {
  const { active } = await navigator.serviceWorker.ready;
  active?.postMessage(what);
}

/** Nothing can be paid until the shop has said what that makes of the order. */
function change(what: ToWorker): void {
  changed = document.activeElement?.getAttribute('name') ?? '';
  choices.disabled = pay.disabled = oldToken.disabled = true;
  void tell(what);
}

navigator.serviceWorker.addEventListener('message', ({ data }) => show(data as ToWindow));
navigator.serviceWorker.startMessages();
byId('shipping').addEventListener('change', () => change({ type: 'ship', id: ships?.chosen() ?? '' }));
byId('countries').addEventListener('change', () => change({ type: 'move', country: countries.chosen() }));
byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  change({ type: 'pay', card: cards.chosen(), country: countries.chosen() });
});
oldToken.addEventListener('click', () => change({ type: 'pay_old', country: countries.chosen() }));
byId('cancel').addEventListener('click', () => change({ type: 'cancel' }));
void tell({ type: 'show' });
