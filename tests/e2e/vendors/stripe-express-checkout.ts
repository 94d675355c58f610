/** In the place of Stripe.js. */

import { FakeStripe } from '../../../pkg/test/wallets/fake-stripe';

const fake = new FakeStripe();
const mount = (selector: string): void => {
  const button = document.createElement('button');
  button.textContent = 'Google Pay';
  button.addEventListener('click', () => fake.click());
  document.querySelector(selector)?.append(button);
};
const element = Object.assign(fake.element, { mount });
const elements = Object.assign(fake.elements, { create: () => element });
Object.assign(window, { fake, Stripe: () => Object.assign(fake.stripe, { elements: () => elements }) });
