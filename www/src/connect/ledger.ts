/** What the backend and the provider say, whatever the page believes. */

import { byId, h, setText } from '../dom';

interface Ledger {
  readonly arrivals: readonly string[];
  readonly connected: readonly string[];
  readonly faults: readonly string[];
  readonly provider: { readonly granted: number; readonly refused: number; readonly revoked: number };
}

/** ms between two looks. */
const PAUSE = 700;

/** Keeps showing the ledger, and hands over which faults are in store. What it returns looks at once. */
export function ledgerView(
  read: () => Promise<unknown>,
  faultsInStore: (faults: readonly string[]) => void,
): () => void {
  let shown = '';
  let next: ReturnType<typeof setTimeout> | undefined;
  async function refresh(): Promise<void> {
    try {
      const ledger = (await read()) as Ledger;
      const text = JSON.stringify(ledger);
      if (text !== shown) {
        render(ledger);
        faultsInStore(ledger.faults);
      }
      shown = text;
    } catch {
      setText(byId('verdict'), 'There is no authorization server: start the demo with `make demo`.');
      shown = '';
    }
    clearTimeout(next);
    next = setTimeout(() => void refresh(), PAUSE);
  }
  void refresh();
  return () => void refresh();
}

function render({ arrivals, connected, provider }: Ledger): void {
  const { granted, refused, revoked } = provider;
  for (const [id, count] of Object.entries({ arrivals: arrivals.length, granted, refused, revoked })) {
    setText(byId(id), String(count));
  }
  const verdict = byId('verdict');
  verdict.className = `verdict ${revoked > 0 ? 'bad' : connected.length > 0 ? 'good' : ''}`;
  const times = connected.length === 1 ? '1 time' : `${connected.length} times`;
  verdict.replaceChildren(
    h('strong', {}, `Connected: ${times}`),
    revoked > 0 ? 'A code came twice, and its grant is revoked.' : 'No code came twice.',
  );
}
