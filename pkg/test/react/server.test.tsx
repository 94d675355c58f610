/** Rendered on a server, which has no page, and taken over by a browser. */

import { describe, expect, it, vi } from 'vitest';
import { builtinEnvironments } from 'vitest/environments';
import { CART, settled, TestMerchant } from '../harness.js';
import { memoryJournal } from '../../src/index.js';
import { mockWallet } from '../../src/wallets/mock.js';

it('runs with the React that it is meant for', async () => {
  const wanted = process.env['REACT'] ?? '19';
  const [react, dom] = await Promise.all([import('react'), import('react-dom')]);
  expect([react.version, dom.version].map((version) => version.split('.')[0])).toEqual([wanted, wanted]);
});

describe('server rendering', () => {
  it('shows a shop that is loading, starts nothing, and is hydrated without a word', async () => {
    const { renderToString } = await import('react-dom/server');
    const { CheckoutProvider, Notices, PayButton, useCheckout } = await import('../../src/react/index.js');
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
    const journal = memoryJournal();
    const read = vi.spyOn(journal, 'read');
    function State() {
      const { state, summary } = useCheckout();
      return <output>{`${state} ${summary?.total ?? ''}`}</output>;
    }
    const page = (
      <CheckoutProvider options={{ merchant: new TestMerchant(), wallet: mockWallet(), journal }} cart={CART}>
        <State />
        <Notices />
        <PayButton>Pay</PayButton>
      </CheckoutProvider>
    );

    expect(typeof document).toBe('undefined');
    const html = renderToString(page);
    expect(html).toMatch(/<output>loading <\/output>.*role="alert".*role="status".*<button[^>]* disabled=""/);
    await settled();
    expect(read).not.toHaveBeenCalled();

    const { teardown } = await builtinEnvironments.jsdom.setup(globalThis, {});
    try {
      // After the document is there: React looks for it when it is loaded.
      const { hydrateRoot } = await import('react-dom/client');
      const { act } = await import('@testing-library/react');
      const root = document.createElement('div');
      root.innerHTML = html;
      const before = root.querySelector('button');
      document.body.append(root);
      const recovered = vi.fn();
      const app = await act(async () => hydrateRoot(root, page, { onRecoverableError: recovered }));
      await act(async () => {
        await vi.waitFor(() => expect(read).toHaveBeenCalled());
        await settled();
      });
      expect(root.querySelector('output')?.textContent).toBe('ready 3000');
      expect(root.querySelector('button')).toBe(before);
      expect(before?.disabled).toBe(false);
      expect(recovered).not.toHaveBeenCalled();

      // Another part of the page, when the checkout has long started.
      const part = document.createElement('div');
      part.innerHTML = html;
      const other = await act(async () => hydrateRoot(part, page, { onRecoverableError: recovered }));
      expect(part.querySelector('output')?.textContent).toBe('ready 3000');
      expect(recovered).not.toHaveBeenCalled();
      expect(complaints).not.toHaveBeenCalled();
      await act(async () => {
        app.unmount();
        other.unmount();
      });
    } finally {
      await teardown(globalThis);
    }
  });
});

it('a server keeps nothing of the shoppers that it renders for', async () => {
  const { scopedStore } = await import('../../src/react/store.js');
  expect(scopedStore('shopper')).not.toBe(scopedStore('shopper'));
});

describe('the WebAssembly module', () => {
  it('is brought along, where a page imports nothing else of payonce', async () => {
    vi.resetModules();
    const { scopedStore } = await import('../../src/react/store.js');
    const { getView, subscribe } = scopedStore('alone');
    const leave = subscribe(() => {}, { current: { merchant: new TestMerchant(), wallet: mockWallet() } });
    await vi.waitFor(() => expect(getView().state).not.toBe('loading'));
    expect(getView()).toMatchObject({ state: 'empty', error: null });
    leave();
  });
});
