/** robot3: a finite state machine of functions. */

import { createMachine, guard, interpret, reduce, state, transition } from 'robot3';
import type { Participant } from './lifecycle';

interface Context {
  readonly key: string | null;
  readonly sends: number;
  readonly notice: string | null;
  readonly token: string | null;
  readonly spent: readonly string[];
}

interface TokenEvent {
  readonly type: 'token';
  readonly token: string;
}

const START: Context = { key: null, sends: 0, notice: null, token: null, spent: [] };

const machine = createMachine(
  'ready',
  {
    ready: state(transition('open', 'sheet_open')),
    sheet_open: state(
      transition(
        'token',
        'sheet_open',
        guard(({ spent }: Context, { token }: TokenEvent) => spent.includes(token)),
        reduce((context: Context): Context => ({ ...context, notice: 'fresh_token_needed' })),
      ),
      transition(
        'token',
        'sending',
        reduce((context: Context, { token }: TokenEvent): Context => ({
          ...context,
          key: crypto.randomUUID(),
          notice: null,
          token,
        })),
      ),
    ),
    sending: state(
      transition(
        'send',
        'sending',
        guard(({ sends }: Context) => sends === 0),
        reduce((context: Context): Context => {
          const { spent, token } = context;
          return { ...context, sends: 1, spent: token === null ? spent : [...spent, token] };
        }),
      ),
      transition(
        'declined',
        'sheet_open',
        reduce((context: Context): Context => ({
          ...context,
          key: null,
          sends: 0,
          notice: 'payment_declined',
          token: null,
        })),
      ),
      transition('lost', 'waiting'),
      transition(
        'approved',
        'succeeded',
        reduce((context: Context): Context => ({ ...context, sends: 0, notice: 'payment_received', token: null })),
      ),
    ),
    waiting: state(
      transition(
        'resend',
        'sending',
        reduce((context: Context): Context => ({ ...context, sends: context.sends + 1 })),
      ),
    ),
    succeeded: state(),
  },
  () => START,
);

export const robot3: Participant = {
  name: 'robot3',
  make(seen) {
    const service = interpret(machine, ({ machine: { current }, context: { key, sends, notice } }) =>
      seen.see(current, key, sends, notice),
    );
    return {
      open: () => service.send('open'),
      token: (token) => service.send({ type: 'token', token }),
      send: () => service.send('send'),
      declined: () => service.send('declined'),
      lost: () => service.send('lost'),
      resend: () => service.send('resend'),
      approved: () => service.send('approved'),
    };
  },
};
