/** What the tests of the React binding share: a shop on the real core, and a React whose every complaint is a failure. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { act, cleanup } from '@testing-library/react';
import { StrictMode } from 'react';
import { afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { type CheckoutOptions, init, type Journal, memoryJournal } from '../../src/index.js';
import { CheckoutProvider, type CheckoutProviderProps, useCheckout } from '../../src/react/index.js';
import { type MockWallet, mockWallet } from '../../src/wallets/mock.js';
import { CART, settled, TestClock, TestMerchant } from '../harness.js';

export type View = ReturnType<typeof useCheckout>;

export interface Shop {
  readonly merchant: TestMerchant;
  readonly wallet: MockWallet;
  readonly clock: TestClock;
  readonly journal: Journal;
  /** What was reported to `onError`. */
  readonly faults: unknown[];
  /** How many checkouts were started. */
  readonly started: () => number;
  /** How many checkouts were disposed of. */
  readonly ended: () => number;
  /** Options that are new objects at each call, as a component that memoises nothing makes them. */
  readonly options: () => CheckoutOptions;
  /** What the innermost component saw last. */
  view: View;
  /** Every `state` that was rendered, in order. */
  readonly states: string[];
  /** Shows nothing and takes note of the view. */
  readonly Probe: () => null;
}

let scope = 0;

/** A shop with a scope, and so with a checkout, of its own. */
export function shop(given: Partial<CheckoutOptions> = {}): Shop {
  scope += 1;
  const own = `test-${scope}`;
  const merchant = new TestMerchant();
  const wallet = mockWallet();
  const clock = new TestClock();
  let starts = 0;
  let ends = 0;
  // A checkout listens to its journal from its start to its end.
  const journal: Journal = {
    ...memoryJournal(),
    changed() {
      starts += 1;
      return () => void (ends += 1);
    },
  };
  const faults: unknown[] = [];
  const made: Shop = {
    merchant,
    wallet,
    clock,
    journal,
    faults,
    started: () => starts,
    ended: () => ends,
    options: () => ({
      merchant: Object.create(merchant) as TestMerchant,
      wallet,
      clock,
      journal,
      scope: own,
      onError: (error) => void faults.push(error),
      ...given,
    }),
    view: undefined as unknown as View,
    states: [],
    Probe() {
      made.view = useCheckout();
      if (made.states.at(-1) !== made.view.state) made.states.push(made.view.state);
      return null;
    },
  };
  return made;
}

/** The shop's page: new options and a new cart at each render. */
export function Page({
  at,
  strict = true,
  children,
  ...props
}: { at: Shop; strict?: boolean } & Partial<Pick<CheckoutProviderProps, 'cart' | 'providerRef' | 'children'>>) {
  const page = (
    <CheckoutProvider options={at.options()} cart={structuredClone(CART)} {...props}>
      <at.Probe />
      {children}
    </CheckoutProvider>
  );
  return strict ? <StrictMode>{page}</StrictMode> : page;
}

/** Lets React and the checkout do what they have to do. */
export async function calm(work: () => unknown = () => {}): Promise<void> {
  await act(async () => {
    await work();
    for (let turn = 0; turn < 4; turn += 1) await settled();
  });
}

/** A component that suspends until it is opened, and again once it is shut. */
export function gate(): { readonly Gate: () => null; readonly open: () => void; readonly shut: () => void } {
  let open = (): void => {};
  let closed: Promise<void> | null = null;
  const shut = (): void => {
    closed = new Promise((resolve) => {
      open = () => {
        closed = null;
        resolve();
      };
    });
  };
  shut();
  return {
    Gate() {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- as React 18 and 19 alike are told to wait
      if (closed) throw closed;
      return null;
    },
    open: () => open(),
    shut,
  };
}

/** Lets time pass in which a checkout that nobody wants ends. */
export function later(): Promise<void> {
  return calm(() => new Promise((resolve) => setTimeout(resolve, 5)));
}

/** React says on the console what it does not like, and a test that it complains in has failed. */
export function silent(): void {
  const complaints: unknown[][] = [];
  // A page fetches the module, and here is no server.
  beforeAll(() => init(readFile(join(import.meta.dirname, '../../wasm/payonce_bg.wasm'))));
  beforeEach(() => {
    complaints.length = 0;
    for (const level of ['error', 'warn'] as const) {
      vi.spyOn(console, level).mockImplementation((...said: unknown[]) => void complaints.push(said));
    }
  });
  afterEach(async () => {
    cleanup();
    await later();
    vi.restoreAllMocks();
    expect(complaints).toEqual([]);
  });
}

/** Takes back what the test expects React to complain of. */
export function expectComplaint(): void {
  vi.mocked(console.error).mockImplementation(() => {});
}
