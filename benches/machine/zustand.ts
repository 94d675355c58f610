/** zustand with a reducer written by hand. */

import { createStore } from 'zustand/vanilla';
import type { Participant } from './lifecycle';

interface State {
  readonly state: 'ready' | 'sheet_open' | 'sending' | 'waiting' | 'succeeded';
  readonly key: string | null;
  readonly sends: number;
  readonly notice: string | null;
  readonly token: string | null;
  readonly spent: readonly string[];
}

type Event =
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'open' | 'send' | 'declined' | 'lost' | 'resend' | 'approved' };

const START: State = { state: 'ready', key: null, sends: 0, notice: null, token: null, spent: [] };

function reduce(before: State, event: Event): State {
  const { state, sends, token, spent } = before;
  switch (event.type) {
    case 'open':
      return state === 'ready' ? { ...before, state: 'sheet_open' } : before;
    case 'token':
      if (state !== 'sheet_open') return before;
      if (spent.includes(event.token)) return { ...before, notice: 'fresh_token_needed' };
      return { ...before, state: 'sending', key: crypto.randomUUID(), notice: null, token: event.token };
    case 'send':
      if (state !== 'sending' || sends > 0 || token === null) return before;
      return { ...before, sends: 1, spent: [...spent, token] };
    case 'declined':
      if (state !== 'sending') return before;
      return { ...before, state: 'sheet_open', key: null, sends: 0, notice: 'payment_declined', token: null };
    case 'lost':
      return state === 'sending' ? { ...before, state: 'waiting' } : before;
    case 'resend':
      return state === 'waiting' ? { ...before, state: 'sending', sends: sends + 1 } : before;
    case 'approved':
      if (state !== 'sending') return before;
      return { ...before, state: 'succeeded', sends: 0, notice: 'payment_received', token: null };
  }
}

export const zustand: Participant = {
  name: 'zustand',
  make(seen) {
    const store = createStore<State>(() => START);
    // The reducer makes the whole state, so nothing is left to be merged.
    const dispatch = (event: Event): void => store.setState(reduce(store.getState(), event), true);
    store.subscribe(({ state, key, sends, notice }) => seen.see(state, key, sends, notice));
    return {
      open: () => dispatch({ type: 'open' }),
      token: (token) => dispatch({ type: 'token', token }),
      send: () => dispatch({ type: 'send' }),
      declined: () => dispatch({ type: 'declined' }),
      lost: () => dispatch({ type: 'lost' }),
      resend: () => dispatch({ type: 'resend' }),
      approved: () => dispatch({ type: 'approved' }),
    };
  },
};
