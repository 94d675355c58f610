/** Everything that goes wrong with one-time codes, on demand. */

import { memoryJournal } from 'payonce';
import { createOneTimeCode, type OneTimeCode } from 'payonce/one-time-code';
import { byId, h } from '../dom';

const FAULTS: readonly { readonly kind: string; readonly name: string; readonly note: string }[] = [
  { kind: 'drop_reply', name: 'Lose the reply', note: 'exchanged, and nobody hears of it' },
  { kind: 'close_socket', name: 'Hang up', note: 'exchanged; browsers send again by themselves' },
  { kind: 'already_used', name: 'Say “already used”', note: 'exchanged, and the reply is an error' },
  { kind: 'error_before', name: 'Fail before', note: '500, not exchanged' },
  { kind: 'delay', name: 'Take long', note: 'exchanged after 2 s' },
];

/** Whether the page is to be reloaded: for the page that comes back, so it must outlive this one. */
const RELOAD = 'payonce-demo-reload';

/**
 * Connects the switches. `arrived` is the address with which this page was loaded. Returns how to show which faults are in
 * store: what the switches show is the backend's word, not the click.
 */
export function mischief(
  codes: OneTimeCode,
  arrived: string,
  redirectUri: string,
): (faults: readonly string[]) => void {
  const inputs = FAULTS.map(({ kind }) => {
    const input = h('input', { type: 'checkbox', role: 'switch', 'data-testid': `fault-${kind}` });
    input.addEventListener('change', () => {
      // One at a time: each is about the one exchange that is next.
      for (const other of inputs) if (other !== input) other.checked = false;
      void order(input.checked ? [kind] : []);
    });
    return input;
  });
  byId('faults').append(
    ...FAULTS.map(({ name, note }, index) =>
      h('li', {}, h('label', {}, inputs[index] ?? null, h('span', {}, name, h('small', {}, note)))),
    ),
  );
  const reload = byId('reload');
  const arm = (armed: boolean): void => {
    sessionStorage.setItem(RELOAD, String(armed));
    reload.setAttribute('aria-pressed', String(armed));
  };
  arm(sessionStorage.getItem(RELOAD) === 'true');
  reload.addEventListener('click', () => arm(sessionStorage.getItem(RELOAD) !== 'true'));
  codes.subscribe(() => {
    if (codes.getSnapshot().state !== 'exchanging' || sessionStorage.getItem(RELOAD) !== 'true') return;
    arm(false);
    setTimeout(() => location.reload(), 50); // the request has left the page by then
  });

  const tab = byId<HTMLButtonElement>('second-tab');
  tab.disabled = !new URL(arrived).searchParams.has('code');
  tab.addEventListener('click', () => void window.open(arrived, '_blank'));

  byId('forge').addEventListener('click', () => {
    // The attacker's own flow, begun in a browser of theirs.
    const theirs = createOneTimeCode({
      authorizationUrl: `${redirectUri}?code=of-somebody-else`,
      pkce: false,
      exchange: () => Promise.reject(new Error('never sent')),
      connected: () => Promise.resolve(false),
      journal: memoryJournal(),
    });
    void theirs.begin().then((link) => location.assign(link));
  });

  return (faults) =>
    FAULTS.forEach(({ kind }, index) => {
      const input = inputs[index];
      if (input) input.checked = faults.includes(kind);
    });
}

async function order(faults: readonly string[]): Promise<void> {
  await fetch('/connect/faults', { method: 'POST', body: JSON.stringify({ faults }) });
}
