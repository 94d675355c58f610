/**
 * The demo page: a shop that pays through payonce, and a view of everything that payonce does meanwhile.
 *
 * A storefront needs the first half of this file: make a checkout, tell it the cart, open the sheet on a click, show
 * what the snapshot says. The rest shows how it works.
 */

import { type Checkout, cartHash, createCheckout, httpMerchant, type Snapshot } from 'payonce';
import { browserWallet } from './browser-wallet';
import { BasketStore, cartEditor, sums, toCart } from './cart';
import { performChallenge } from './challenge';
import { renderState, stateDiagram } from './diagram';
import { byId, h, setText } from './dom';
import { faultSwitches } from './faults';
import { idChip, money } from './format';
import { languageSwitch } from './language';
import { chargedTwice, ledgerView } from './ledger';
import { lifeSwitches, strike } from './life';
import { type LogEntry, logTable, parseLog } from './log';
import { noticeBoard } from './notices';
import { story } from './story';
import { renderTimeline } from './timeline';
import { mockWallet } from './wallet';

/** How often the merchant's ledger is read. */
const POLL_MS = 1000;
/** How often an open bar of the time line grows. */
const GROW_MS = 150;

let checkout: Checkout | null = null;
let closeWallet = (): void => {};

const store = new BasketStore(() => {
  checkout?.setCart(toCart(store.basket));
  render();
});
const merchant = httpMerchant({
  url: '/',
  performAction: (action, signal) => {
    const summary = checkout?.getSnapshot().summary;
    return performChallenge(action, summary ? money(summary.total, summary.currency) : 'your payment', signal);
  },
});

const pay = byId<HTMLButtonElement>('pay');
const payInBrowser = byId<HTMLButtonElement>('pay-browser');
const browser = browserWallet(store);
const retriesInPlace = byId<HTMLInputElement>('retries-in-place');

/** Makes the checkout, in the place of the one before. */
function start(): void {
  make().catch((error: unknown) => {
    setText(byId('alerts'), 'payonce could not be started. Paying is not possible.');
    setText(byId('state-text'), String(error));
  });
}

async function make(): Promise<void> {
  const before = checkout;
  checkout = null;
  before?.dispose();
  closeWallet();
  const wallet = mockWallet({
    store,
    retriesInPlace: retriesInPlace.checked,
    loseReplies: () => faults.arm({ kind: 'drop_reply', times: 3, on: 'attempt' }),
    acted: renderLog,
  });
  closeWallet = wallet.dispose;
  // What is paid, pending or spent is in the journal: it outlives the page, and a change of the wallet.
  checkout = await createCheckout({ merchant, wallet, recheckCart: () => toCart(store.basket) });
  checkout.subscribe(render);
  checkout.setCart(toCart(store.basket));
  if (new URLSearchParams(location.search).has('test')) Object.assign(window, { checkout });
  render();
}

pay.addEventListener('click', () => {
  checkout?.openSheet();
  renderLog();
});
payInBrowser.addEventListener('click', () => {
  checkout?.openSheet({ wallet: browser });
  renderLog();
});
// Where the browser has no such sheet, or no wallet for it, there is no such button.
void browser.canMakePayment().then((can) => {
  payInBrowser.hidden = !can;
});
byId('check-again').addEventListener('click', () => checkout?.checkAgain());
byId('acknowledge').addEventListener('click', () => {
  if (checkout === null) return;
  const { receipt } = checkout.getSnapshot();
  const cart = toCart(store.basket);
  checkout.acknowledge();
  // What is paid for leaves the cart; what was changed meanwhile stays in it.
  if (cart !== null && receipt?.paid.cartHash === cartHash(cart)) store.empty();
  keepFocus();
});
// The sheet gives the focus back to the button that opened it, which may be of no use now: that is known once payonce
// has heard that the sheet is closed.
byId('wallet').addEventListener('close', () => setTimeout(keepFocus));
retriesInPlace.addEventListener('change', start);

// ---------------------------------------------------------------------------------------------------- the view

const editor = cartEditor(store);
const board = noticeBoard();
const diagram = stateDiagram(byId('diagram'));
const table = logTable(() => checkout?.exportLog() ?? '{}');
const faults = faultSwitches();
lifeSwitches();
languageSwitch(render);
const ledger = ledgerView(() => observe());
const plot = story(async () => {
  if (checkout?.getSnapshot().state === 'succeeded') checkout.acknowledge();
  await fetch('/ledger', { method: 'DELETE' }).catch(() => undefined);
  plot.reset();
  store.reset();
  await faults.clear();
}, faults.clear);

async function startOver(): Promise<void> {
  await faults.clear();
  await fetch('/ledger', { method: 'DELETE' }).catch(() => undefined);
  store.reset();
  checkout?.dispose();
  indexedDB.deleteDatabase('payonce');
  location.reload();
}
byId('start-over').addEventListener('click', () => void startOver());

function render(): void {
  editor.render();
  if (checkout === null) return;
  const snapshot = checkout.getSnapshot();
  const { state, canPay, canCheck, notices, spent, summary, receipt, cartWaiting } = snapshot;
  document.body.dataset['state'] = state;

  pay.disabled = payInBrowser.disabled = !canPay;
  setText(pay, summary === null ? 'Pay' : `Pay ${money(summary.total, summary.currency)}`);
  byId('check-again').hidden = !canCheck;
  byId('waiting-cart').hidden = !cartWaiting;
  // Another wallet is another checkout, and an open attempt or sheet is left alone.
  retriesInPlace.disabled = !(['empty', 'ready', 'failed'] as const).some((idle) => idle === state);
  board.render(notices);
  renderReceipt(receipt);

  strike(snapshot);
  renderState(byId('state'), byId('state-text'), state);
  byId('flags').replaceChildren(...flags(snapshot));
  byId('spent').replaceChildren(
    ...(spent.length === 0 ? [h('li', { class: 'none' }, 'none')] : spent.map((print) => h('li', {}, idChip(print)))),
  );
  renderLog();
  observe();
  void ledger.refresh();
}

function renderReceipt(receipt: Snapshot['receipt']): void {
  const element = byId('receipt');
  const appears = receipt !== null && element.hidden;
  element.hidden = receipt === null;
  if (receipt === null) return;
  const { paid, reference } = receipt;
  byId('receipt-lines').replaceChildren(
    ...paid.lines.map(({ id, name, quantity, unitAmount }) =>
      h(
        'div',
        {},
        h('dt', {}, `${quantity} × ${name ?? id}`),
        h('dd', {}, money(quantity * unitAmount, paid.currency)),
      ),
    ),
    ...sums(paid, 'receipt-total'),
  );
  setText(byId('receipt-reference'), reference === null ? '' : `Reference ${reference}`);
  if (appears) keepFocus();
}

/** Leads the keyboard on where the element that had the focus has gone or cannot be used any more. */
function keepFocus(): void {
  const focused = document.activeElement;
  if (focused !== null && focused !== document.body && focused.checkVisibility() && !focused.matches(':disabled'))
    return;
  const next = [byId('receipt'), pay].find((element) => !element.hidden && !element.matches(':disabled'));
  (next ?? byId('shop-title')).focus();
}

function flags({ online, durable, cartWaiting }: Snapshot): HTMLElement[] {
  return [
    h('li', { class: online ? 'on' : 'off' }, online ? 'online' : 'offline'),
    h('li', { class: durable ? 'on' : '' }, durable ? 'journal durable' : 'nothing durable yet'),
    ...(cartWaiting ? [h('li', { class: 'off' }, 'a cart waits')] : []),
  ];
}

let entries: readonly LogEntry[] = [];

/** Reads the log, which also tells of events that changed nothing. */
function renderLog(): void {
  if (checkout === null) return;
  entries = parseLog(checkout.exportLog());
  table.render(entries);
  const { state } = checkout.getSnapshot();
  diagram.render(state, entries.findLast(({ from, to }) => from !== to)?.from ?? null);
  renderTimeline(byId('timeline'), entries, Date.now());
}

function observe(): void {
  if (checkout === null) return;
  const known = ledger.latest;
  plot.observe(checkout.getSnapshot(), known !== null && known.charges.length > 0 && !chargedTwice(known));
}

/** Reads the ledger and the faults for as long as the page is seen. */
async function poll(): Promise<void> {
  if (!document.hidden) {
    await Promise.all([ledger.refresh(), faults.refresh()]);
    renderLog();
  }
  setTimeout(() => void poll(), POLL_MS);
}

setInterval(() => {
  const open = checkout?.getSnapshot().attempt;
  if (open && !document.hidden) renderTimeline(byId('timeline'), entries, Date.now());
}, GROW_MS);

render();
start();
void poll();
