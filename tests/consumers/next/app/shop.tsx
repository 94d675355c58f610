'use client';

import { httpMerchant } from 'payonce';
import { CheckoutProvider, Notices, PayButton, useCheckout } from 'payonce/react';
import { mockWallet } from 'payonce/wallets/mock';
import { CART } from './cart';

const wallet = mockWallet();
const options = { wallet, merchant: httpMerchant({ url: '' }) };

export function Shop() {
  return (
    <CheckoutProvider options={options} cart={CART}>
      <PayButton id="pay" onClick={() => setTimeout(() => wallet.approve())}>
        Pay
      </PayButton>
      <Told />
    </CheckoutProvider>
  );
}

function Told() {
  const { state } = useCheckout();
  return (
    <div id="told">
      {state}: <Notices />
    </div>
  );
}
