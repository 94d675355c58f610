/** The bank's question: what a 3-D Secure page does, as a dialog. */

import type { RequiredAction } from 'payonce';
import { byId, h, setText } from './dom';

document.body.append(
  h(
    'dialog',
    {
      id: 'challenge',
      class: 'sheet challenge',
      'aria-labelledby': 'challenge-title',
      'data-testid': 'challenge-dialog',
    },
    h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'challenge-title' }, 'Your bank asks: was this you?'),
      h('p', { id: 'challenge-text' }),
      h('p', { id: 'challenge-error', class: 'sheet-message', role: 'alert' }),
      h(
        'footer',
        {},
        h('button', { type: 'submit', class: 'button', value: '', 'data-testid': 'challenge-close' }, 'Not now'),
        h('button', { type: 'submit', class: 'button', value: 'fail', 'data-testid': 'challenge-reject' }, 'Reject'),
        h(
          'button',
          { type: 'submit', class: 'button primary', value: 'pass', 'data-testid': 'challenge-approve' },
          'Approve',
        ),
      ),
    ),
  ),
);

/** Lets the shopper answer. True when an answer reached the bank, false when the shopper would not give one. */
export async function performChallenge({ key }: RequiredAction, amount: string, signal: AbortSignal): Promise<boolean> {
  const dialog = byId<HTMLDialogElement>('challenge');
  setText(byId('challenge-text'), `The payonce demo shop asks for ${amount}.`);
  setText(byId('challenge-error'), '');
  for (;;) {
    const result = await ask(dialog, signal);
    if (result === '' || signal.aborted) return false;
    try {
      const { ok, status } = await fetch(`/challenges/${key}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ result }),
        signal,
      });
      // 410: payonce has fenced the attempt meanwhile, so there is nothing left to confirm.
      if (ok || status === 402 || status === 410) return true;
    } catch {
      // Said below. The shopper may answer again.
    }
    setText(byId('challenge-error'), 'Your answer did not get through.');
  }
}

/** Shows the dialog; the value of the pressed button, or nothing when it was closed. */
function ask(dialog: HTMLDialogElement, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const abort = (): void => dialog.close('');
    signal.addEventListener('abort', abort);
    dialog.addEventListener(
      'close',
      () => {
        signal.removeEventListener('abort', abort);
        resolve(dialog.returnValue);
      },
      { once: true },
    );
    dialog.returnValue = '';
    dialog.showModal();
    if (signal.aborted) abort();
  });
}
