import type { Locale } from '../describe.js';

/** English. */
export const en: Locale = {
  language: 'en',
  notices: {
    cart_changed: 'Your cart has changed. Please check the new total before you pay.',
    fresh_token_needed:
      'That approval was already used and cannot be used twice. Please choose a card and confirm again.',
    payment_declined: 'Your payment was declined, and you have not been charged. {reason} {advice}',
    payment_rejected: 'Your payment could not be taken, and you have not been charged. {reason}',
    payment_not_made: 'Your payment did not go through, and you have not been charged. You can safely pay again.',
    checking_payment: 'We are checking your payment. This can take a moment.',
    do_not_pay_again: 'Please do not pay again. We are checking your payment and will show the result here.',
    payment_received: 'Thank you. We have received your payment.',
    earlier_cart_paid:
      'We have received your payment for the cart as it was when you paid. What you changed since is not included and has not been charged.',
    charged_twice:
      'Two payments have gone through for this purchase. Please contact us, so that we can give one of them back to you.',
    sheet_unavailable: 'The payment window could not be shown. Please try again or choose another way to pay.',
    another_sheet_open: 'A payment window is already open, perhaps in another tab. Please finish or close it first.',
    action_required: 'Your bank asks you to confirm this payment.',
    offline: 'You are offline. We will go on as soon as you are connected again.',
    record_unavailable:
      'This browser does not let us store what we need to protect you from paying twice. Please allow this site to store data, or use another browser.',
    another_tab_pays: 'You are paying in another tab. The result will be shown here, too.',
  },
  advice: {
    try_again_later: 'Please try again later or use another card.',
    other_card: 'Please use another card.',
    correct_details: 'Please check what you entered and try again.',
    do_not_retry: 'Please choose another way to pay.',
  },
  reasons: {
    insufficient_funds: 'There is not enough money available on this card.',
    expired_card: 'This card has expired.',
    incorrect_cvc: 'The security code is not correct.',
    invalid_cvc: 'The security code is not correct.',
    incorrect_number: 'The card number is not correct.',
    invalid_number: 'The card number is not correct.',
    invalid_expiry: 'The expiry date is not correct.',
    invalid_expiry_month: 'The expiry date is not correct.',
    invalid_expiry_year: 'The expiry date is not correct.',
    incorrect_pin: 'The PIN is not correct.',
    invalid_pin: 'The PIN is not correct.',
    incorrect_zip: 'The postcode does not match this card.',
    postcode_invalid: 'The postcode does not match this card.',
    incorrect_address: 'The address does not match this card.',
    card_not_supported: 'This card cannot be used for this purchase.',
    currency_not_supported: 'This card cannot be used in this currency.',
    card_velocity_exceeded: 'This card has reached its limit.',
    withdrawal_count_limit_exceeded: 'This card has reached its limit.',
    authentication_required: 'Your bank wants you to confirm the payment.',
    authentication_failed: 'The payment was not confirmed with your bank.',
    issuer_not_available: 'Your bank could not be reached.',
    processing_error: 'Your bank could not process the payment just now.',
    try_again_later: 'Your bank could not process the payment just now.',
  },
};
