/** The merchant's failures on demand: what networks, proxies and tired servers do to a request. */

import { byId, h, setText } from './dom';

/** One fault, as `POST /faults` takes it. */
export interface Fault {
  readonly kind: string;
  readonly times: number;
  readonly on: string;
  readonly ms?: number;
  readonly retryAfter?: number;
}

const KINDS: readonly { kind: string; name: string; note: string; ms?: number; retryAfter?: number }[] = [
  { kind: 'drop_request', name: 'Drop the request', note: 'not charged' },
  { kind: 'drop_reply', name: 'Lose the reply', note: 'charged, and nobody hears of it' },
  {
    kind: 'late_charge',
    name: 'Let it arrive late',
    note: 'the connection breaks, the request comes 4 s later',
    ms: 4000,
  },
  { kind: 'delay', name: 'Keep the bank busy', note: 'answers after 4 s', ms: 4000 },
  { kind: 'error_before', name: 'Fail before', note: '500, not charged' },
  { kind: 'error_after', name: 'Fail after', note: '500, charged' },
  { kind: 'rate_limited', name: 'Turn away', note: '429, Retry-After: 3', retryAfter: 3 },
  { kind: 'close_socket', name: 'Hang up', note: 'charged; a browser may send again by itself' },
  { kind: 'close_socket_before', name: 'Hang up before', note: 'not charged' },
  { kind: 'html', name: 'Answer with a page', note: 'charged, 200 and HTML' },
  { kind: 'empty', name: 'Answer with nothing', note: 'charged, 200 and no body' },
  { kind: 'redirect', name: 'Redirect', note: 'charged, 302' },
  { kind: 'drip', name: 'Answer for ever', note: 'charged, one byte a second' },
];

const TARGETS: Readonly<Record<string, string>> = { settle: ' on asking', discard: ' on discarding' };

export interface FaultSwitches {
  /** Asks the merchant what is left in store. */
  refresh(): Promise<void>;
  /** Puts one more fault in store; resolves when the merchant has it. */
  arm(fault: Fault): Promise<void>;
  /** Takes all faults out of store. */
  clear(): Promise<void>;
}

/** Shows the switches. What they show is the merchant's word, not the click. */
export function faultSwitches(): FaultSwitches {
  const on = byId<HTMLSelectElement>('fault-on');
  const times = byId<HTMLSelectElement>('fault-times');
  const queueList = byId('fault-queue');
  let queue: readonly Fault[] = [];
  let shown = '';
  // One request after another, so that an answer never shows what an earlier one replaced.
  let last: Promise<void> = Promise.resolve();

  const inputs = KINDS.map(({ kind, ms, retryAfter }) => {
    const input = h('input', { type: 'checkbox', role: 'switch', 'data-testid': `fault-${kind}` });
    input.addEventListener('change', () => {
      const others = queue.filter((fault) => fault.kind !== kind);
      const fault: Fault = {
        kind,
        times: Number(times.value),
        on: on.value,
        ...(ms !== undefined && { ms }),
        ...(retryAfter !== undefined && { retryAfter }),
      };
      void replace(input.checked ? [...others, fault] : others);
    });
    return input;
  });
  byId('faults').append(
    ...KINDS.map(({ name, note }, index) =>
      h('li', {}, h('label', {}, inputs[index] ?? null, h('span', {}, name, h('small', {}, note)))),
    ),
  );

  function render(): void {
    const text = JSON.stringify(queue);
    KINDS.forEach(({ kind }, index) => {
      const input = inputs[index];
      if (input) input.checked = queue.some((fault) => fault.kind === kind);
    });
    if (text === shown) return;
    shown = text;
    queueList.replaceChildren(
      ...(queue.length === 0
        ? [h('li', { class: 'none' }, 'nothing: the network behaves')]
        : queue.map((fault) =>
            h(
              'li',
              { 'data-kind': fault.kind },
              h('code', {}, fault.kind),
              ` ×${fault.times}${TARGETS[fault.on] ?? ''}`,
            ),
          )),
    );
  }

  function exchange(init?: RequestInit): Promise<void> {
    last = last.then(async () => {
      try {
        const reply = await fetch('/faults', { cache: 'no-store', ...init });
        // A merchant without faults has no such page.
        byId('faults-panel').hidden = reply.status === 404;
        if (!reply.ok) return;
        queue = init === undefined ? ((await reply.json()) as { faults: readonly Fault[] }).faults : queue;
        render();
      } catch {
        setText(queueList, 'The merchant cannot be reached.');
        shown = '';
      }
    });
    return last;
  }

  async function replace(faults: readonly Fault[]): Promise<void> {
    queue = faults;
    const body = JSON.stringify({ faults });
    await exchange({ method: 'POST', headers: { 'content-type': 'application/json' }, body });
    await exchange();
  }

  return {
    refresh: () => exchange(),
    arm: (fault) => replace([...queue, fault]),
    clear: () => replace([]),
  };
}
