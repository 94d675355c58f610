/** XState v5: a statechart with guards and assigned context. Effects are left to the page, so nothing is invoked. */

import { assign, createActor, setup } from 'xstate';
import type { Participant } from './lifecycle';

interface Context {
  readonly key: string | null;
  readonly sends: number;
  readonly notice: string | null;
  readonly token: string | null;
  readonly spent: readonly string[];
}

type Event =
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'open' | 'send' | 'declined' | 'lost' | 'resend' | 'approved' };

const types = {} as { context: Context; events: Event };

const machine = setup({
  types,
  guards: {
    spent: ({ context, event }) => event.type === 'token' && context.spent.includes(event.token),
    unsent: ({ context }) => context.sends === 0,
  },
  actions: {
    refuse: assign({ notice: 'fresh_token_needed' }),
    begin: assign(({ event }) => ({
      key: crypto.randomUUID(),
      notice: null,
      token: event.type === 'token' ? event.token : null,
    })),
    spend: assign(({ context: { spent, token } }) => ({
      sends: 1,
      spent: token === null ? spent : [...spent, token],
    })),
    decline: assign({ key: null, sends: 0, notice: 'payment_declined', token: null }),
    count: assign(({ context: { sends } }) => ({ sends: sends + 1 })),
    finish: assign({ sends: 0, notice: 'payment_received', token: null }),
  },
}).createMachine({
  context: { key: null, sends: 0, notice: null, token: null, spent: [] },
  initial: 'ready',
  states: {
    ready: { on: { open: 'sheet_open' } },
    sheet_open: {
      on: {
        token: [
          { guard: 'spent', actions: 'refuse' },
          { target: 'sending', actions: 'begin' },
        ],
      },
    },
    sending: {
      on: {
        send: { guard: 'unsent', actions: 'spend' },
        declined: { target: 'sheet_open', actions: 'decline' },
        lost: 'waiting',
        approved: { target: 'succeeded', actions: 'finish' },
      },
    },
    waiting: { on: { resend: { target: 'sending', actions: 'count' } } },
    succeeded: {},
  },
});

export const xstate: Participant = {
  name: 'XState v5',
  make(seen) {
    const actor = createActor(machine);
    actor.start();
    actor.subscribe(({ value, context: { key, sends, notice } }) => seen.see(value, key, sends, notice));
    return {
      open: () => actor.send({ type: 'open' }),
      token: (token) => actor.send({ type: 'token', token }),
      send: () => actor.send({ type: 'send' }),
      declined: () => actor.send({ type: 'declined' }),
      lost: () => actor.send({ type: 'lost' }),
      resend: () => actor.send({ type: 'resend' }),
      approved: () => actor.send({ type: 'approved' }),
    };
  },
};
