/**
 * What happens to pages: a second tab, a reload or a crash in the middle of a payment. The page is armed first, because
 * nobody is quick enough to press a button between a request and its reply.
 */

import type { Snapshot } from 'payonce';
import { byId, setText } from './dom';

type Fate = 'reload' | 'crash';

let fate: Fate | null = null;

const buttons: Readonly<Record<Fate, HTMLButtonElement>> = {
  reload: byId<HTMLButtonElement>('life-reload'),
  crash: byId<HTMLButtonElement>('life-crash'),
};

/** Connects the buttons. */
export function lifeSwitches(): void {
  byId('life-tab').addEventListener('click', () => {
    window.open(location.href, '_blank');
  });
  for (const [name, button] of Object.entries(buttons)) {
    button.addEventListener('click', () => arm(fate === name ? null : (name as Fate)));
  }
}

function arm(next: Fate | null): void {
  fate = next;
  for (const [name, button] of Object.entries(buttons)) button.setAttribute('aria-pressed', String(name === fate));
  const told = {
    reload: 'This page will be reloaded as soon as the next payment was sent.',
    crash: 'This tab will crash as soon as the next payment was sent. Reload it then.',
  };
  setText(byId('life-told'), fate === null ? '' : told[fate]);
}

/** Lets fate strike once a request is on its way. */
export function strike({ state, attempt }: Snapshot): void {
  if (fate === null || state !== 'sending' || attempt === null || attempt.sends === 0) return;
  const struck = fate;
  arm(null);
  // A task later: the request has left the page by then.
  setTimeout(struck === 'reload' ? () => location.reload() : crash, 50);
}

/** Uses up the memory that the browser gives to a page, which ends its process without a word to the page. */
function crash(): never {
  const hoard: unknown[] = [];
  for (;;) hoard.push(Array.from({ length: 1 << 20 }, () => ({})));
}
