/// <reference types="googlepay" />
/** Compiled, never run: the types of payonce/wallets/google-pay against those that Google's users install. */

import {
  googlePayWallet,
  type GooglePayCallbacks,
  type GooglePayChange,
  type GooglePayClient,
  type GooglePayError,
  type GooglePayPayment,
  type GooglePayResult,
  type GooglePayWallet,
} from '../../src/wallets/google-pay.js';
import type { Assignable } from './assignable.js';

type Api = typeof google.payments.api;
type Client = InstanceType<Api['PaymentsClient']>;

export type Both = [
  Assignable<GooglePayError, google.payments.api.PaymentDataError>,
  Assignable<google.payments.api.PaymentDataError, GooglePayError>,
  Assignable<GooglePayResult, google.payments.api.PaymentAuthorizationResult>,
  Assignable<google.payments.api.PaymentData, GooglePayPayment>,
  Assignable<google.payments.api.IntermediatePaymentData, GooglePayChange>,
  Assignable<GooglePayCallbacks, google.payments.api.PaymentDataCallbacks>,
  Assignable<Client, GooglePayClient>,
];

/** As a storefront calls it; its client keeps its own type. */
export const wallet: GooglePayWallet<Client> = googlePayWallet({
  client: (paymentDataCallbacks) =>
    new google.payments.api.PaymentsClient({ environment: 'TEST', paymentDataCallbacks }),
  request: {
    apiVersion: 2,
    apiVersionMinor: 0,
    allowedPaymentMethods: [],
    merchantInfo: { merchantId: '1', merchantName: 'Shop' },
    callbackIntents: ['SHIPPING_ADDRESS'],
    transactionInfo: { countryCode: 'US', checkoutOption: 'COMPLETE_IMMEDIATE_PURCHASE' },
  },
  onChange: async ({ shippingAddress }) => ({
    cart: { currency: 'USD', lines: [], total: shippingAddress?.countryCode === 'US' ? 1 : 2 },
    newShippingOptionParameters: { shippingOptions: [{ id: 'a', label: 'A' }] },
  }),
});
wallet.client.createButton({ onClick: () => {} });

const request = { apiVersion: 2, apiVersionMinor: 0, allowedPaymentMethods: [] };
// @ts-expect-error -- no intent of Google's
googlePayWallet({ client: () => wallet.client, request: { ...request, callbackIntents: ['PAYMENT'] } });
// @ts-expect-error -- no option of Google's request
googlePayWallet({ client: () => wallet.client, request: { ...request, shippingRequired: true } });

/** Of a page without Google's types. */
declare const untyped: GooglePayClient;
googlePayWallet({ client: () => untyped, request: { ...request, shippingAddressRequired: true } });
// eslint-disable-next-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return -- of which nobody knows anything at all
googlePayWallet({ client: () => untyped as any, request: { ...request, shippingAddressRequired: true } });
