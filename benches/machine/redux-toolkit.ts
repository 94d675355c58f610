/** Redux Toolkit as its documentation has it: a slice, its reducers on Immer drafts, the default middleware. */

import { configureStore, createSlice, type PayloadAction } from '@reduxjs/toolkit';
import type { Participant } from './lifecycle';

interface State {
  state: 'ready' | 'sheet_open' | 'sending' | 'waiting' | 'succeeded';
  key: string | null;
  sends: number;
  notice: string | null;
  token: string | null;
  spent: string[];
}

const START: State = { state: 'ready', key: null, sends: 0, notice: null, token: null, spent: [] };

const { actions, reducer } = createSlice({
  name: 'checkout',
  initialState: START,
  reducers: {
    open(draft) {
      if (draft.state === 'ready') draft.state = 'sheet_open';
    },
    token: {
      // A reducer is pure: what is random is made beforehand.
      prepare: (token: string) => ({ payload: { token, key: crypto.randomUUID() } }),
      reducer(draft, { payload: { token, key } }: PayloadAction<{ token: string; key: string }>) {
        if (draft.state !== 'sheet_open') return;
        if (draft.spent.includes(token)) {
          draft.notice = 'fresh_token_needed';
          return;
        }
        draft.state = 'sending';
        draft.key = key;
        draft.notice = null;
        draft.token = token;
      },
    },
    send(draft) {
      if (draft.state !== 'sending' || draft.sends > 0 || draft.token === null) return;
      draft.sends = 1;
      draft.spent.push(draft.token);
    },
    declined(draft) {
      if (draft.state !== 'sending') return;
      draft.state = 'sheet_open';
      draft.key = null;
      draft.sends = 0;
      draft.notice = 'payment_declined';
      draft.token = null;
    },
    lost(draft) {
      if (draft.state === 'sending') draft.state = 'waiting';
    },
    resend(draft) {
      if (draft.state !== 'waiting') return;
      draft.state = 'sending';
      draft.sends += 1;
    },
    approved(draft) {
      if (draft.state !== 'sending') return;
      draft.state = 'succeeded';
      draft.sends = 0;
      draft.notice = 'payment_received';
      draft.token = null;
    },
  },
});

export const reduxToolkit: Participant = {
  name: 'Redux Toolkit',
  make(seen) {
    const store = configureStore({ reducer });
    store.subscribe(() => {
      const { state, key, sends, notice } = store.getState();
      seen.see(state, key, sends, notice);
    });
    return {
      open: () => void store.dispatch(actions.open()),
      token: (token) => void store.dispatch(actions.token(token)),
      send: () => void store.dispatch(actions.send()),
      declined: () => void store.dispatch(actions.declined()),
      lost: () => void store.dispatch(actions.lost()),
      resend: () => void store.dispatch(actions.resend()),
      approved: () => void store.dispatch(actions.approved()),
    };
  },
};
