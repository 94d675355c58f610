/// <reference types="applepayjs" />
/** Compiled, never run: the types of payonce/wallets/apple-pay against those that Apple's users install. */

import {
  type ApplePayChange,
  type ApplePayContact,
  type ApplePayContactError,
  type ApplePayPayment,
  type ApplePaySessionClass,
  type ApplePaySessionLike,
  type ApplePayShippingMethod,
  applePayWallet,
} from '../../src/wallets/apple-pay.js';
import type { Assignable } from './assignable.js';

export type Both = [
  Assignable<typeof ApplePaySession, ApplePaySessionClass>,
  Assignable<ApplePaySession, ApplePaySessionLike>,
  Assignable<ApplePayJS.ApplePayPayment, ApplePayPayment>,
  Assignable<ApplePayJS.ApplePayPaymentContact, ApplePayContact>,
  Assignable<ApplePayContact, ApplePayJS.ApplePayPaymentContact>,
  Assignable<ApplePayError, ApplePayContactError>,
  Assignable<Pick<ApplePayJS.ApplePayShippingContactSelectedEvent, 'shippingContact'>, ApplePayChange>,
  Assignable<Pick<ApplePayJS.ApplePayShippingMethodSelectedEvent, 'shippingMethod'>, ApplePayChange>,
  Assignable<Pick<ApplePayJS.ApplePayPaymentMethodSelectedEvent, 'paymentMethod'>, ApplePayChange>,
  Assignable<Pick<ApplePayJS.ApplePayCouponCodeChangedEvent, 'couponCode'>, ApplePayChange>,
  Assignable<ApplePayShippingMethod, ApplePayJS.ApplePayShippingMethod>,
  Assignable<ApplePayJS.ApplePayShippingMethod, ApplePayShippingMethod>,
];

/** As a storefront calls it that has Apple's types: `satisfies` checks the rest of the request. */
applePayWallet({
  version: 12,
  label: 'Shop',
  request: {
    countryCode: 'US',
    merchantCapabilities: ['supports3DS'],
    supportedNetworks: ['visa'],
    requiredShippingContactFields: ['postalAddress'],
    supportsCouponCode: true,
  } satisfies Omit<ApplePayJS.ApplePayPaymentRequest, 'total' | 'currencyCode'>,
  validateMerchant: async (validationURL) => (await fetch(`/apple?${validationURL}`)).json() as Promise<unknown>,
  onChange: (change) => ('couponCode' in change ? { errors: [new ApplePayError('couponCodeInvalid')] } : {}),
  token: ({ token: { paymentData }, shippingContact }) => ({ token: paymentData, details: { shippingContact } }),
  explain: () => [new ApplePayError('billingContactInvalid', 'postalCode', 'Check it.')],
});

// @ts-expect-error -- without a merchant session there is no sheet
applePayWallet({
  version: 3,
  label: 'Shop',
  request: { countryCode: 'US', merchantCapabilities: [], supportedNetworks: [] },
});
