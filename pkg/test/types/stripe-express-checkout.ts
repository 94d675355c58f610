/** Compiled, never run: the types of payonce/wallets/stripe-express-checkout against those that Stripe's users install. */

import type {
  ChangeResolveDetails,
  ClickResolveDetails,
  ShippingRate,
  Stripe,
  StripeElements,
  StripeExpressCheckoutElement,
  StripeExpressCheckoutElementConfirmEvent,
} from '@stripe/stripe-js';
import {
  type ExpressCheckoutConfirm,
  type ExpressCheckoutElement,
  type ExpressCheckoutElements,
  type ExpressCheckoutOptions,
  type ExpressCheckoutRate,
  type ExpressCheckoutStripe,
  type ExpressCheckoutUpdate,
  expressCheckoutWallet,
} from '../../src/wallets/stripe-express-checkout.js';
import type { Assignable } from './assignable.js';

export type Both = [
  Assignable<Stripe, ExpressCheckoutStripe>,
  Assignable<StripeElements, ExpressCheckoutElements>,
  Assignable<StripeExpressCheckoutElement, ExpressCheckoutElement>,
  Assignable<StripeExpressCheckoutElementConfirmEvent, ExpressCheckoutConfirm>,
  Assignable<ShippingRate, ExpressCheckoutRate>,
  Assignable<ExpressCheckoutRate, ShippingRate>,
  Assignable<Pick<ExpressCheckoutUpdate, 'shippingRates'>, Pick<ChangeResolveDetails, 'shippingRates'>>,
  Assignable<Pick<ClickResolveDetails, 'shippingRates'>, { shippingRates?: ExpressCheckoutRate[] }>,
];

/** As a storefront calls it. */
export function make(stripe: Stripe, options: Pick<ExpressCheckoutOptions, 'onChange'>): void {
  const elements = stripe.elements({ mode: 'payment', amount: 3000, currency: 'usd' });
  expressCheckoutWallet({
    stripe,
    elements,
    element: elements.create('expressCheckout'),
    onClick: ({ expressPaymentType }) => ({
      shippingRates: [{ id: 'a', amount: 0, displayName: expressPaymentType }],
    }),
    ...options,
  });
  // @ts-expect-error -- another element has other events
  expressCheckoutWallet({ stripe, elements, element: elements.create('payment') });
}
