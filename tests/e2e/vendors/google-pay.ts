/** In the place of Google's pay.js. */

import { FakeGooglePay } from '../../../pkg/test/wallets/fake-google-pay';

const fake = new FakeGooglePay(() => navigator.userActivation.isActive);
Object.assign(window, { fake, google: { payments: { api: { PaymentsClient: fake.PaymentsClient } } } });
