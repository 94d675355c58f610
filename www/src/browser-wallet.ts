/** The browser's own sheet, with the web wallet that this site brings along (`web-wallet/`). */

import { describe } from 'payonce';
import { paymentRequestWallet, type PaymentRequestWallet, type ShippingOption } from 'payonce/wallets/payment-request';
import { type BasketStore, SHIPPING, toCart } from './cart';
import { locale } from './language';

/** Makes the port. */
export function browserWallet(store: BasketStore): PaymentRequestWallet {
  return paymentRequestWallet({
    methods: [{ supportedMethods: new URL('/web-wallet/', location.href).href }],
    options: { requestShipping: true },
    shippingOptions: () => offered(store),
    onShippingOptionChange(shipping) {
      store.choose({ shipping });
      const cart = toCart(store.basket);
      return cart === null ? {} : { cart };
    },
    onShippingAddressChange: ({ country }) => (country === 'AQ' ? { error: 'We do not ship to Antarctica.' } : {}),
    explain: (why) => ({ error: describe(why, locale()) }),
    // The reference merchant takes a token that is a text.
    token: ({ details }) => ({ token: (details as { token: string }).token }),
  });
}

function offered({ basket: { currency, shipping } }: BasketStore): ShippingOption[] {
  return SHIPPING.map(({ id, name, price }) => ({
    id,
    label: name,
    amount: price[currency],
    selected: id === shipping,
  }));
}
