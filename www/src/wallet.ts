/**
 * The mock wallet: a sheet as Google Pay or Apple Pay would show it, with cards that fail on purpose and with the bad
 * habits of real wallets: it hands over a token again, it reports an approval twice.
 */

import { describe, type Notice, type Sheet, type Summary, type Wallet } from 'payonce';
import { type BasketStore, SHIPPING, toCart } from './cart';
import { CARDS } from './cards';
import { byId, h, setText } from './dom';
import { money } from './format';
import { locale } from './language';
import { tiles } from './tiles';

/** How long the sheet shows its result. */
const RESULT_MS = 1200;

export interface MockWalletParts {
  readonly store: BasketStore;
  /** Whether the sheet can ask for another card without closing. */
  readonly retriesInPlace: boolean;
  /** Has the merchant lose the next replies; resolves once that is certain. */
  loseReplies(): Promise<void>;
  /** Something happened in the sheet. */
  acted(): void;
}

const hook = (id: string): Record<string, string> => ({ id, 'data-testid': id });

document.body.append(
  h(
    'dialog',
    { id: 'wallet', class: 'sheet', 'aria-labelledby': 'wallet-title', 'data-testid': 'wallet-dialog' },
    h(
      'form',
      { id: 'wallet-form', method: 'dialog' },
      h(
        'header',
        {},
        h('h2', { id: 'wallet-title' }, 'Mock Wallet'),
        h('p', { ...hook('wallet-total'), class: 'sheet-total' }),
      ),
      h('p', { ...hook('wallet-message'), class: 'sheet-message', role: 'alert' }),
      h(
        'fieldset',
        { id: 'wallet-choices' },
        h('legend', { class: 'visually-hidden' }, 'How to pay'),
        h('fieldset', { id: 'wallet-cards', class: 'tiles' }),
        h(
          'label',
          { id: 'wallet-postcode-field', class: 'field', hidden: true },
          'Postcode ',
          h('input', { ...hook('wallet-postcode'), autocomplete: 'off', inputmode: 'numeric' }),
          h('span', { class: 'fine' }, 'The merchant wants 12345.'),
        ),
        h('fieldset', { id: 'wallet-shipping', class: 'tiles' }),
        h(
          'fieldset',
          { class: 'mischief' },
          h('legend', {}, 'Mischief'),
          ...[
            ['wallet-old-token', 'Old token again'],
            ['wallet-twice', 'Pay, reported twice'],
            ['wallet-lose-replies', 'Lose three replies'],
          ].map(([id = '', text = '']) => h('button', { ...hook(id), type: 'button', class: 'button small' }, text)),
        ),
      ),
      h('p', { ...hook('wallet-progress'), class: 'progress', role: 'status' }),
      h(
        'footer',
        {},
        h('button', { ...hook('wallet-cancel'), type: 'button', class: 'button' }, 'Cancel'),
        h('button', { ...hook('wallet-pay'), type: 'submit', class: 'button primary' }, 'Pay'),
      ),
    ),
  ),
);

/** Makes the port. The sheet belongs to the page, so one port is alive at a time. */
export function mockWallet({
  store,
  retriesInPlace,
  loseReplies,
  acted,
}: MockWalletParts): Wallet & { dispose(): void } {
  const dialog = byId<HTMLDialogElement>('wallet');
  const choices = byId<HTMLFieldSetElement>('wallet-choices');
  const pay = byId<HTMLButtonElement>('wallet-pay');
  const cancel = byId<HTMLButtonElement>('wallet-cancel');
  const oldToken = byId<HTMLButtonElement>('wallet-old-token');
  const lose = byId<HTMLButtonElement>('wallet-lose-replies');
  const postcode = byId<HTMLInputElement>('wallet-postcode');
  const cards = tiles(
    'card',
    CARDS.map(([value, name, note]) => ({ value, name, note: h('small', {}, note) })),
  );
  const prices = SHIPPING.map(() => h('small'));
  const ships = tiles(
    'ship',
    SHIPPING.map(({ id, name }, index) => ({ value: id, name, note: prices[index] ?? '' })),
  );
  byId('wallet-cards').replaceChildren(h('legend', {}, 'Card'), ...cards.elements);
  byId('wallet-shipping').replaceChildren(h('legend', {}, 'Shipping'), ...ships.elements);

  let sheet: Sheet | null = null;
  let lastToken: string | null = null;
  let closing: ReturnType<typeof setTimeout> | undefined;
  const over = new AbortController();
  const { signal } = over;

  function show(summary: Summary): void {
    const total = money(summary.total, summary.currency);
    setText(byId('wallet-total'), total);
    setText(pay, `Pay ${total}`);
    const { basket } = store;
    ships.choose(basket.shipping);
    SHIPPING.forEach(({ price }, index) => {
      const element = prices[index];
      if (element)
        setText(element, price[basket.currency] === 0 ? 'free' : money(price[basket.currency], basket.currency));
    });
  }

  function say(why: Notice | null, progress: string, busy: boolean): void {
    const message = byId('wallet-message');
    message.className = `sheet-message ${why?.severity ?? ''}`;
    message.lang = locale().language;
    setText(message, why === null ? '' : describe(why, locale()));
    setText(byId('wallet-progress'), progress);
    dialog.classList.toggle('busy', busy);
    choices.disabled = busy;
    pay.disabled = busy;
    oldToken.disabled = lastToken === null;
  }

  function shut(): void {
    sheet = null;
    clearTimeout(closing);
    if (dialog.open) dialog.close();
  }

  function handOver(token: string, times: number): void {
    const reporting = sheet;
    if (reporting === null) return;
    lastToken = token;
    say(null, 'Processing…', true);
    cancel.focus();
    const details = cards.chosen() === 'postcode' ? { postcode: postcode.value.trim() } : undefined;
    for (let time = 0; time < times; time += 1) reporting.tokenReceived({ token, details });
    acted();
  }

  function freshToken(): string {
    const random = crypto.getRandomValues(new Uint8Array(8));
    return `tok_${cards.chosen()}_${Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  }

  async function orderLosses(): Promise<void> {
    // Nothing may be paid before the merchant knows which replies to lose.
    choices.disabled = pay.disabled = true;
    await loseReplies();
    say(null, 'The next three replies will be lost.', false);
    pay.focus();
  }

  byId<HTMLFormElement>('wallet-form').addEventListener(
    'submit',
    (event) => {
      // Only the port closes the sheet.
      event.preventDefault();
      if (!pay.disabled) handOver(freshToken(), 1);
    },
    { signal },
  );
  byId('wallet-twice').addEventListener('click', () => handOver(freshToken(), 2), { signal });
  oldToken.addEventListener('click', () => lastToken !== null && handOver(lastToken, 1), { signal });
  cancel.addEventListener('click', () => dialog.close(), { signal });
  lose.addEventListener('click', () => void orderLosses(), { signal });
  byId('wallet-cards').addEventListener('change', showPostcode, { signal });
  byId('wallet-shipping').addEventListener(
    'change',
    () => {
      store.choose({ shipping: ships.chosen() });
      const cart = toCart(store.basket);
      if (cart !== null) sheet?.cartChanged(cart);
      acted();
    },
    { signal },
  );
  // Escape, the browser's back gesture and the button all end here; what the port closed is over already.
  dialog.addEventListener(
    'close',
    () => {
      if (dialog.open || sheet === null) return;
      const closed = sheet;
      sheet = null;
      closed.cancelled();
      acted();
    },
    { signal },
  );

  function showPostcode(): void {
    byId('wallet-postcode-field').hidden = cards.chosen() !== 'postcode';
  }

  return {
    retriesInPlace,
    open(opened, summary) {
      shut();
      sheet = opened;
      dialog.classList.remove('success', 'failure');
      cards.choose('approved');
      postcode.value = '';
      showPostcode();
      show(summary);
      say(null, '', false);
      dialog.showModal();
    },
    retry(why, summary) {
      show(summary);
      say(why, '', false);
      pay.focus();
    },
    update: show,
    complete(result) {
      sheet = null;
      dialog.classList.add(result);
      say(null, result === 'success' ? 'Done' : 'Payment not completed', true);
      closing = setTimeout(shut, RESULT_MS);
    },
    close: shut,
    dispose() {
      over.abort();
      shut();
    },
  };
}
