/**
 * The web wallet's service worker: a payment handler, as https://www.w3.org/TR/payment-handler/ has it. The browser
 * installs it when a shop asks for its payment method, starts it when the shopper clicks, and shows its window as the
 * sheet.
 */

import type { Order, Price, Shipping, ToWindow, ToWorker } from '../protocol';

interface PaymentRequestEvent extends ExtendableEvent {
  readonly methodData: readonly { readonly supportedMethods: string }[];
  readonly total: Price;
  readonly shippingOptions: readonly Shipping[] | null;
  openWindow(url: string): Promise<WindowClient | null>;
  /** What the shop says to that; null where it has nothing to say. */
  changeShippingAddress(address: object): Promise<Partial<Order> | null>;
  changeShippingOption(id: string): Promise<Partial<Order> | null>;
  respondWith(response: Promise<object>): void;
}

interface AnsweredEvent extends ExtendableEvent {
  respondWith(answer: boolean): void;
}

declare global {
  interface ServiceWorkerGlobalScopeEventMap {
    paymentrequest: PaymentRequestEvent;
    canmakepayment: AnsweredEvent;
    abortpayment: AnsweredEvent;
  }
}

/** One sheet. */
interface Open {
  readonly event: PaymentRequestEvent;
  order: Order;
  readonly resolve: (response: object) => void;
  readonly reject: (error: Error) => void;
}

const scope = self as unknown as ServiceWorkerGlobalScope;
let open: Open | null = null;
let oldToken: string | null = null;

scope.addEventListener('canmakepayment', (event) => event.respondWith(true));
// The shop may take its sheet away at any time.
scope.addEventListener('abortpayment', (event) => event.respondWith(true));
scope.addEventListener('paymentrequest', (event) => {
  event.respondWith(
    new Promise((resolve, reject) => {
      const { total, shippingOptions } = event;
      open = { event, order: { total, shippingOptions: shippingOptions ?? [], error: '' }, resolve, reject };
      event.openWindow(scope.registration.scope).catch(reject);
    }),
  );
});
scope.addEventListener('message', (event) => {
  event.waitUntil(
    act(event.data as ToWorker).then((answer) => {
      if (answer) event.source?.postMessage(answer);
    }),
  );
});

/** Does what was asked for in the window. */
async function act(asked: ToWorker): Promise<ToWindow | null> {
  if (open === null) return null;
  const { event, order, resolve, reject } = open;
  switch (asked.type) {
    case 'show':
      break;
    case 'ship':
      open.order = { ...order, error: '', ...(await event.changeShippingOption(asked.id)) };
      break;
    case 'move':
      open.order = { ...order, error: '', ...(await event.changeShippingAddress(addressIn(asked.country))) };
      break;
    case 'pay':
      // The reference merchant reads the card from the token's text.
      oldToken = `tok_${asked.card}_${crypto.randomUUID()}`;
      resolve(response(open, oldToken, asked.country));
      break;
    case 'pay_old':
      if (oldToken !== null) resolve(response(open, oldToken, asked.country));
      break;
    case 'cancel':
      reject(new Error('the shopper would not'));
  }
  return { order: open.order, hasOld: oldToken !== null };
}

function response({ event, order }: Open, token: string, country: string): object {
  return {
    methodName: event.methodData[0]?.supportedMethods,
    details: { token },
    shippingAddress: addressIn(country),
    shippingOption: order.shippingOptions.find(({ selected }) => selected)?.id ?? null,
  };
}

function addressIn(country: string): object {
  return {
    country,
    addressLine: ['1 Example Street'],
    city: 'Example',
    region: '',
    dependentLocality: '',
    postalCode: '1010',
    sortingCode: '',
    organization: '',
    recipient: 'A. Shopper',
    phone: '',
  };
}
