/** What the page has outside of React: the basket, the merchant and the wallet. */

import { httpMerchant } from 'payonce';
import { useSyncExternalStore } from 'react';
import { type Basket, BasketStore } from '../cart';
import { performChallenge } from '../challenge';
import { mockWallet } from '../wallet';

const listeners = new Set<() => void>();

export const store = new BasketStore(() => {
  for (const listener of listeners) listener();
});

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useBasket(): Basket {
  return useSyncExternalStore(subscribe, () => store.basket);
}

export const merchant = httpMerchant({
  url: '/',
  performAction: (action, signal) => performChallenge(action, 'your payment', signal),
});

export const wallet = mockWallet({
  store,
  retriesInPlace: true,
  async loseReplies() {
    const faults = [{ kind: 'drop_reply', times: 3, on: 'attempt' }];
    const headers = { 'content-type': 'application/json' };
    await fetch('/faults', { method: 'POST', headers, body: JSON.stringify({ faults }) });
  },
  acted() {},
});
