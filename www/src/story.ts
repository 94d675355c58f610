/** "Try this": the four steps of the promise, ticked off as they happen, and played on request. */

import type { Snapshot } from 'payonce';
import { byId, setText } from './dom';

type Step = 'declined' | 'replayed' | 'lost' | 'settled';

const STEPS: readonly Step[] = ['declined', 'replayed', 'lost', 'settled'];

/** How long a viewer may look at what just happened. */
const LOOK_MS = 1300;
/** What takes longer than this does not come. */
const PATIENCE_MS = 30_000;

export interface Story {
  /** Ticks off what has happened. `onceOnly`: there are charges, and no session has two. */
  observe(snapshot: Snapshot, onceOnly: boolean): void;
  /** Begins anew. */
  reset(): void;
}

/** Follows the steps. `prepare` brings the shop to where the story begins, `tidy` leaves no fault behind. */
export function story(prepare: () => Promise<void>, tidy: () => Promise<void>): Story {
  const done = new Set<Step>();
  const items = new Map(STEPS.map((step) => [step, document.querySelector(`[data-step="${step}"]`)]));
  const play = byId<HTMLButtonElement>('play');
  let playing = false;

  function render(): void {
    const next = STEPS.find((step) => !done.has(step));
    for (const [step, item] of items) {
      item?.classList.toggle('done', done.has(step));
      item?.classList.toggle('next', step === next);
      if (step === next) item?.setAttribute('aria-current', 'step');
      else item?.removeAttribute('aria-current');
    }
  }

  async function run(): Promise<void> {
    playing = true;
    play.disabled = true;
    try {
      await prepare();
      await perform();
    } catch {
      // The viewer has taken over, which is what this page is for.
      setText(byId('play-status'), 'The story was interrupted.');
    }
    await tidy();
    playing = false;
    play.disabled = false;
  }

  play.addEventListener('click', () => void run());
  render();
  return {
    observe({ state, canPay, notices }, onceOnly) {
      const told = (code: string): boolean => notices.some((notice) => notice.code === code);
      const before = done.size;
      if (told('payment_declined')) done.add('declined');
      if (told('fresh_token_needed')) done.add('replayed');
      if (state === 'waiting') done.add('lost');
      if (done.has('lost') && told('earlier_cart_paid') && onceOnly) done.add('settled');
      if (done.size !== before) {
        setText(byId('play-status'), `${done.size} of ${STEPS.length} steps done.`);
        render();
      }
      play.disabled = playing || !(canPay || state === 'empty' || state === 'succeeded');
    },
    reset() {
      done.clear();
      render();
    },
  };
}

/** Plays all four steps by pressing the page's own buttons. */
async function perform(): Promise<void> {
  const wallet = byId<HTMLDialogElement>('wallet');
  const openSheet = async (): Promise<void> => {
    if (wallet.open) return;
    await press('pay');
    await until(() => wallet.open);
    await look();
  };
  const answered = (): boolean => stateIs('ready') || (stateIs('sheet_open') && !wallet.classList.contains('busy'));

  await openSheet();
  choose('card-insufficient_funds');
  await look();
  await press('wallet-pay');
  await until(answered);
  await look(2);

  await openSheet();
  await press('wallet-old-token');
  await until(answered);
  await look(2);

  await openSheet();
  choose('card-approved');
  await press('wallet-lose-replies');
  await look();
  await press('wallet-pay');
  await until(() => stateIs('waiting'));
  await look();

  await press('wallet-cancel');
  await look();
  await press('more-tote');
  await until(() => stateIs('succeeded'));
}

function stateIs(state: string): boolean {
  return document.body.dataset['state'] === state;
}

function control(hook: string): HTMLButtonElement {
  const element = document.querySelector<HTMLButtonElement>(`[data-testid="${hook}"]`);
  if (element === null) throw new Error(`the page has no ${hook}`);
  return element;
}

/** Presses a button as soon as it can be pressed. */
async function press(hook: string): Promise<void> {
  const button = control(hook);
  await until(() => !button.matches(':disabled'));
  button.classList.add('pressed');
  setTimeout(() => button.classList.remove('pressed'), LOOK_MS / 2);
  button.click();
}

function choose(hook: string): void {
  control(hook).click();
}

function look(times = 1): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, times * LOOK_MS);
  });
}

/** Resolves once `condition` holds, rejects when it does not come to hold. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the story waits in vain');
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}
