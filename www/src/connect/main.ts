/**
 * Connecting an account. A storefront needs the first half of this file: make the object, hand it the return, show what
 * the snapshot says, leave on a click. The rest breaks things and shows what really happened.
 */

import { createOneTimeCode } from 'payonce/one-time-code';
import { byId, h, setText } from '../dom';
import { ledgerView } from './ledger';
import { mischief } from './mischief';
import { REASONS, TEXTS } from './texts';

const arrived = location.href; // for the mischief alone: the next lines take the code out of it
const redirectUri = location.origin + location.pathname;

const codes = createOneTimeCode({
  redirectUri,
  // A storefront knows its provider; this demo's is at another port each time.
  authorizationUrl: async ({ state, codeChallenge }) => {
    const { issuer, clientId } = (await ask('/connect/provider')) as { issuer: string; clientId: string };
    const url = new URL(`${issuer}/auth`);
    url.search = String(
      new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: 'openid',
        prompt: 'consent',
        state,
        code_challenge: codeChallenge ?? '',
        code_challenge_method: 'S256',
      }),
    );
    return url;
  },
  exchange: (request, signal) =>
    fetch('/connect/exchange', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal,
    }),
  connected: async ({ state }, signal) => {
    const { connected } = (await ask(`/connect/status?state=${state}`, signal)) as { connected: boolean };
    return connected;
  },
});

const button = byId<HTMLButtonElement>('connect');
const again = byId<HTMLButtonElement>('check-again');

button.addEventListener('click', () => {
  codes.begin().then(
    (url) => location.assign(url),
    (error: unknown) => alert('error', `The provider cannot be reached: ${String(error)}`),
  );
});
again.addEventListener('click', () => codes.checkAgain());

codes.handleReturn().catch((error: unknown) => alert('error', `payonce could not be loaded: ${String(error)}`));
codes.subscribe(render);
render();

async function ask(path: string, signal?: AbortSignal): Promise<unknown> {
  const reply = await fetch(path, { cache: 'no-store', ...(signal && { signal }) });
  if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
  return reply.json();
}

// ---------------------------------------------------------------------------------------------------- what is shown

function alert(severity: 'error' | 'warning' | 'success', text: string): void {
  byId('alerts').replaceChildren(h('p', { class: `notice ${severity}` }, text));
}

function render(): void {
  const { state, reason, canBegin, canCheck } = codes.getSnapshot();
  document.body.dataset['state'] = state;
  setText(byId('state'), state);
  setText(byId('state-text'), TEXTS[state]);
  byId('shown').append(h('li', {}, reason ?? state));
  button.disabled = !canBegin;
  setText(button, state === 'connected' ? 'Connect another account' : 'Connect your payout account');
  again.hidden = !canCheck;
  byId('alerts').replaceChildren();
  if (reason !== null) alert(reason === 'denied' ? 'warning' : 'error', REASONS[reason]);
  if (state === 'connected') alert('success', TEXTS.connected);
}

const showFaults = mischief(codes, arrived, redirectUri);
const look = ledgerView(() => ask('/connect/ledger'), showFaults);
// The page and the ledger beside it must not contradict each other for as long as it takes until the next look.
codes.subscribe(look);
