/** What the page says of each state, and of each reason of a failure. */

import type { OneTimeCodeSnapshot } from 'payonce/one-time-code';

export const TEXTS: Readonly<Record<OneTimeCodeSnapshot['state'], string>> = {
  idle: 'No account is connected.',
  beginning: 'The flow is being written down; nobody leaves before.',
  away: 'You are being taken to the provider.',
  looking: 'Looking what became of it.',
  claiming: 'You are back. Whether this page may send the code is being decided.',
  exchanging: 'The code was sent.',
  asking: 'Nobody knows what became of the code, so the backend is asked.',
  unresolved: 'The backend does not answer.',
  connected: 'Your payout account is connected.',
  failed: 'No account was connected.',
};

export const REASONS: Readonly<Record<NonNullable<OneTimeCodeSnapshot['reason']>, string>> = {
  denied: 'You did not allow it. Nothing was connected.',
  provider_error: 'The provider reported an error. Please try again.',
  state_unknown: 'This return belongs to no flow of this browser. Its code was not sent.',
  issuer_mismatch: 'Somebody else than your provider answered. The code was not sent.',
  malformed: 'The provider’s answer makes no sense. Please try again.',
  expired: 'The code was too old to be sent. Please try again.',
  refused: 'The provider refused the code. Please try again.',
  not_connected: 'Your account is not connected. Please try again.',
  record_unavailable: 'This browser does not let us store what we need. Please allow this site to store data.',
};
