'use client';

import { type Checkout, createCheckout, describe, httpMerchant } from 'payonce';
import { mockWallet } from 'payonce/wallets/mock';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { CART } from './cart';

const wallet = mockWallet();

export function Shop() {
  const [checkout, setCheckout] = useState<Checkout | null>(null);
  useEffect(() => {
    let unmounted = false;
    let mine: Checkout | undefined;
    void createCheckout({ wallet, merchant: httpMerchant({ url: '' }) }).then((made) => {
      if (unmounted) return made.dispose();
      mine = made;
      made.setCart(CART);
      setCheckout(made);
    });
    return () => {
      unmounted = true;
      mine?.dispose();
    };
  }, []);
  return checkout ? <Pay checkout={checkout} /> : <p id="told">loading</p>;
}

function Pay({ checkout }: { checkout: Checkout }) {
  const { state, canPay, notices } = useSyncExternalStore(checkout.subscribe, checkout.getSnapshot);
  return (
    <>
      <button id="pay" disabled={!canPay} onClick={() => checkout.openSheet() && wallet.approve()}>
        Pay
      </button>
      <p id="told" role="status">
        {[state, ...notices.map((notice) => describe(notice))].join(': ')}
      </p>
    </>
  );
}
