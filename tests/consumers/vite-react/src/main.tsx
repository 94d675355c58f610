import { type Cart, httpMerchant } from 'payonce';
import { CheckoutProvider, Notices, PayButton, useCheckout } from 'payonce/react';
import { mockWallet } from 'payonce/wallets/mock';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

const CART: Cart = { currency: 'EUR', lines: [{ id: 'mug', quantity: 1, unitAmount: 990 }], total: 990 };
const wallet = mockWallet();

function Shop() {
  return (
    <CheckoutProvider options={{ wallet, merchant: httpMerchant({ url: '' }) }} cart={CART}>
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

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Shop />
  </StrictMode>,
);
