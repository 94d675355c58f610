/** The reference merchant reads the card from the token's text: `tok_<card>_<random>`. */
export const CARDS = [
  ['approved', 'Everyday card', 'is approved'],
  ['insufficient_funds', 'Empty account', 'declined: insufficient funds'],
  ['challenge', 'Cautious bank', 'asks whether it was you'],
  ['postcode', 'Postcode card', 'refused without its postcode'],
  ['expired_card', 'Expired card', 'declined'],
  ['incorrect_cvc', 'Wrong code', 'declined: security code'],
  ['processing_error', 'Busy bank', 'declined: try later'],
  ['do_not_honor', 'Stern bank', 'declined, no reason given'],
  ['lost_card', 'Lost card', 'declined'],
  ['stolen_card', 'Stolen card', 'declined'],
  ['fraudulent', 'Flagged card', 'declined as fraud'],
] as const;
