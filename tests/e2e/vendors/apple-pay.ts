/** In the place of Safari's Apple Pay. */

import { FakeApplePay } from '../../../pkg/test/wallets/fake-apple-pay';

const fake = new FakeApplePay(() => navigator.userActivation.isActive);
// The reference merchant decrypts nothing: it reads the card from the text.
fake.paymentDataOf = (text) => text;
const { ApplePaySession, ApplePayError } = fake;
Object.assign(window, { fake, ApplePaySession, ApplePayError });
