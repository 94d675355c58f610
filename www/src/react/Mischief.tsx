/** What React does to a component, at the press of a button. */

import { type Dispatch, type SetStateAction, useEffect } from 'react';

export interface Trouble {
  readonly renders: number;
  /** The provider's key. */
  readonly mounts: number;
  readonly mounted: boolean;
  readonly wait: Wait | null;
}

interface Wait {
  readonly promise: Promise<void>;
  over: boolean;
}

const RENDERS = 100;
const WAIT_MS = 1000;

function waitFor(ms: number): Wait {
  const wait: Wait = {
    over: false,
    promise: new Promise((resolve) => {
      setTimeout(() => {
        wait.over = true;
        resolve();
      }, ms);
    }),
  };
  return wait;
}

/** Suspends what is around it until the wait is over. */
export function Waiting({ for: wait }: { readonly for: Wait | null }): null {
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- so a component suspends, in React 18 and 19 alike
  if (wait !== null && !wait.over) throw wait.promise;
  return null;
}

export function Mischief({
  trouble,
  change,
}: {
  readonly trouble: Trouble;
  readonly change: Dispatch<SetStateAction<Trouble>>;
}) {
  const { renders, mounts, mounted } = trouble;
  // One render at a time, each of them committed.
  useEffect(() => {
    if (renders % RENDERS !== 0) change((now) => ({ ...now, renders: now.renders + 1 }));
  }, [renders, change]);

  const button = (hook: string, text: string, does: (now: Trouble) => Partial<Trouble>) => (
    <button
      type="button"
      className="button small"
      data-testid={hook}
      onClick={() => change((now) => ({ ...now, ...does(now) }))}
    >
      {text}
    </button>
  );
  return (
    <section className="panel" aria-labelledby="mischief-title">
      <h2 id="mischief-title">What React does to it</h2>
      <p className="fine">
        Slow down the bank, pay, and close the sheet. The payment goes on, and meanwhile you can do this to the page:
      </p>
      <div className="life">
        <button type="button" className="button small" data-testid="slow" onClick={() => void slowBank()}>
          Slow down the bank
        </button>
        {button('render', `Render ${RENDERS} times`, (now) => ({ renders: now.renders + 1 }))}
        {button('remount', 'Remount under another key', (now) => ({ mounts: now.mounts + 1 }))}
        {button('suspend', 'Suspend for a second', () => ({ wait: waitFor(WAIT_MS) }))}
        {button('toggle', mounted ? 'Take it off the page' : 'Put it back', (now) => ({ mounted: !now.mounted }))}
      </div>
      <p className="fine" role="status">
        Rendered <span data-testid="renders">{renders}</span> times more, mounted under key{' '}
        <span data-testid="mounts">{mounts}</span>.
      </p>
    </section>
  );
}

/** The next payment takes the bank some seconds: time enough to press a button. */
async function slowBank(): Promise<void> {
  const faults = [{ kind: 'delay', ms: 5000, times: 1, on: 'attempt' }];
  const headers = { 'content-type': 'application/json' };
  await fetch('/faults', { method: 'POST', headers, body: JSON.stringify({ faults }) });
}
