/** A page that connects an account. The test plays the shopper through `window.connect`. */

import { createOneTimeCode, type OneTimeCode, type OneTimeCodeOptions } from 'payonce/one-time-code';
import { createElement, StrictMode, useEffect } from 'react';
import { createRoot } from 'react-dom/client';

declare global {
  interface Window {
    connect: {
      codes: OneTimeCode;
      /** All states that the page showed since it was loaded. */
      shown: string[];
      /** How many objects were made. */
      made: number;
      /** The address at the moment when the return had been taken out of it. */
      stripped: string;
    };
  }
}

const redirectUri = location.origin + location.pathname + location.search.replace(/(?<=^\?mode=\w+)&.*/, '');
const mode = new URLSearchParams(location.search).get('mode') ?? 'plain';
const provider = (await (await fetch('/connect/provider')).json()) as { issuer: string; clientId: string };

const options: OneTimeCodeOptions = {
  authorizationUrl: `${provider.issuer}/auth?prompt=consent`,
  clientId: provider.clientId,
  redirectUri,
  scopes: ['openid'],
  issuer: provider.issuer,
  exchange: (request, signal) => fetch('/connect/exchange', { method: 'POST', body: JSON.stringify(request), signal }),
  connected: async ({ state }, signal) => {
    const reply = await fetch(`/connect/status?state=${state}`, { signal });
    if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
    return ((await reply.json()) as { connected: boolean }).connected;
  },
  retry: { base: 200, cap: 800, totalTime: 3000, sendTimeout: 6000 },
};

function mount(): OneTimeCode {
  const codes = createOneTimeCode(options);
  Object.assign(window.connect, { codes, made: window.connect.made + 1 });
  const show = (): void => {
    const { state, reason } = codes.getSnapshot();
    const shown = reason ?? state;
    document.body.dataset['state'] = shown;
    window.connect.shown.push(shown);
  };
  codes.subscribe(show);
  if (mode !== 'held') void codes.handleReturn().catch(() => {}); // disposed: the next one shows it
  window.connect.stripped = location.href;
  if (window.connect.shown.length === 0) show();
  return codes;
}

window.connect = { codes: undefined as unknown as OneTimeCode, shown: [], made: 0, stripped: '' };

/** As a component does it: made when it is mounted, disposed when it goes. StrictMode mounts it twice. */
function Connect(): null {
  useEffect(() => {
    const codes = mount();
    return () => codes.dispose();
  }, []);
  return null;
}

if (mode === 'strict') {
  const root = document.body.appendChild(document.createElement('div'));
  createRoot(root).render(createElement(StrictMode, null, createElement(Connect)));
} else {
  mount();
}
