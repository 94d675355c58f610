/** @xstate/store: a store of events; the state is a member of its context. */

import { createStore } from '@xstate/store';
import type { Participant } from './lifecycle';

interface Context {
  readonly state: 'ready' | 'sheet_open' | 'sending' | 'waiting' | 'succeeded';
  readonly key: string | null;
  readonly sends: number;
  readonly notice: string | null;
  readonly token: string | null;
  readonly spent: readonly string[];
}

const START: Context = { state: 'ready', key: null, sends: 0, notice: null, token: null, spent: [] };

const makeStore = () =>
  createStore({
    context: START,
    on: {
      open: (context) => (context.state === 'ready' ? { ...context, state: 'sheet_open' as const } : undefined),
      token: (context, { token }: { token: string }) => {
        if (context.state !== 'sheet_open') return undefined;
        if (context.spent.includes(token)) return { ...context, notice: 'fresh_token_needed' };
        return { ...context, state: 'sending' as const, key: crypto.randomUUID(), notice: null, token };
      },
      send: (context) => {
        const { state, sends, token, spent } = context;
        if (state !== 'sending' || sends > 0 || token === null) return undefined;
        return { ...context, sends: 1, spent: [...spent, token] };
      },
      declined: (context) => {
        if (context.state !== 'sending') return undefined;
        const state = 'sheet_open' as const;
        return { ...context, state, key: null, sends: 0, notice: 'payment_declined', token: null };
      },
      lost: (context) => (context.state === 'sending' ? { ...context, state: 'waiting' as const } : undefined),
      resend: (context) => {
        if (context.state !== 'waiting') return undefined;
        return { ...context, state: 'sending' as const, sends: context.sends + 1 };
      },
      approved: (context) => {
        if (context.state !== 'sending') return undefined;
        return { ...context, state: 'succeeded' as const, sends: 0, notice: 'payment_received', token: null };
      },
    },
  });

export const xstateStore: Participant = {
  name: '@xstate/store',
  make(seen) {
    const store = makeStore();
    store.subscribe(({ context: { state, key, sends, notice } }) => seen.see(state, key, sends, notice));
    return {
      open: () => store.send({ type: 'open' }),
      token: (token) => store.send({ type: 'token', token }),
      send: () => store.send({ type: 'send' }),
      declined: () => store.send({ type: 'declined' }),
      lost: () => store.send({ type: 'lost' }),
      resend: () => store.send({ type: 'resend' }),
      approved: () => store.send({ type: 'approved' }),
    };
  },
};
