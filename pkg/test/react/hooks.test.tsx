// @vitest-environment jsdom
/** The hooks: what renders when, and that all of a page shows one and the same moment. */

import { render } from '@testing-library/react';
import { memo, startTransition, type ReactElement, useLayoutEffect, useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../src/index.js';
import { type CheckoutView, useCheckout, useCheckoutSelector } from '../../src/react/index.js';
import { OTHER_CART } from '../harness.js';
import { calm, expectComplaint, Page, shop, silent } from './shop.js';

silent();

describe('useCheckout', () => {
  it('throws without a provider', () => {
    expectComplaint();
    const at = shop();
    expect(() => render(<at.Probe />)).toThrow(ConfigError);
    expect(() => render(<at.Probe />)).toThrow('no_provider');
  });

  it('gives the same object, and the same functions, until something changed', async () => {
    const at = shop();
    const { rerender } = render(<Page at={at} />);
    await calm();
    const before = at.view;
    rerender(<Page at={at} />);
    await calm();
    expect(at.view).toBe(before);
    await calm(() => at.view.openSheet());
    expect(at.view).not.toBe(before);
    expect(at.view.setCart).toBe(before.setCart);
  });
});

describe('useCheckoutSelector', () => {
  it('renders again only when what was selected changed', async () => {
    const at = shop();
    const rendered = vi.fn();
    const Total = memo(function Total() {
      rendered(useCheckoutSelector((view) => view.summary?.total));
      return null;
    });
    render(
      <Page at={at} strict={false}>
        <Total />
      </Page>,
    );
    await calm();
    await calm(() => at.view.openSheet());
    await calm(() => at.wallet.cancel());
    expect(rendered.mock.calls).toEqual([[undefined], [3000]]);
  });

  it('takes new but equal values for the same, with functions that are new at each render', async () => {
    const at = shop();
    const values = new Set<unknown>();
    function Codes({ of }: { of: CheckoutView['state'] }) {
      const value = useCheckoutSelector(
        ({ state, notices }) => [state === of, notices.length],
        (a, b) => String(a) === String(b),
      );
      values.add(value);
      return <b>{String(value)}</b>;
    }
    const page = (of: CheckoutView['state']): ReactElement => (
      <Page at={at} strict={false}>
        <Codes of={of} />
      </Page>
    );
    const { rerender, container } = render(page('ready'));
    await calm();
    expect(container.textContent).toBe('true,0');
    expect(values.size).toBe(2); // while it was loading, and then
    rerender(page('ready'));
    rerender(page('ready'));
    await calm();
    expect(values.size).toBe(2);
    // What the selector closes over counts, although the checkout did not change.
    rerender(page('sheet_open'));
    expect(container.textContent).toBe('false,0');
  });

  it('without isEqual a selector may make new objects all the same', async () => {
    const at = shop();
    let shown: unknown;
    function Both(): null {
      shown = useCheckoutSelector(({ state, canPay }) => ({ state, canPay }));
      return null;
    }
    render(
      <Page at={at}>
        <Both />
      </Page>,
    );
    await calm();
    expect(shown).toEqual({ state: 'ready', canPay: true });
  });
});

describe('concurrent rendering', () => {
  it('never shows two moments at once', async () => {
    const at = shop();
    const commits: string[][] = [];
    let grow: (count: number) => void = () => {};
    function Reader(): ReactElement {
      const { state, summary } = useCheckout();
      // Slow enough for React to let something happen between two of them.
      const until = performance.now() + 8;
      while (performance.now() < until);
      return <i>{`${state} ${summary?.total}`}</i>;
    }
    function Readers(): ReactElement {
      const [count, setCount] = useState(1);
      grow = setCount;
      useLayoutEffect(() => {
        commits.push([...document.querySelectorAll('i')].map((reader) => reader.textContent ?? ''));
      });
      return (
        <>
          {Array.from({ length: count }, (_, index) => (
            <Reader key={index} />
          ))}
        </>
      );
    }
    const { rerender } = render(
      <Page at={at} strict={false}>
        <Readers />
      </Page>,
    );
    await calm();
    // Outside of `act`, so that React takes its breaks.
    const environment = globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean };
    environment.IS_REACT_ACT_ENVIRONMENT = false;
    startTransition(() => grow(12));
    await new Promise((resolve) => setTimeout(resolve, 25));
    expect(commits.at(-1)).toHaveLength(1); // the transition is still being rendered
    at.view.setCart(OTHER_CART);
    at.view.openSheet();
    await vi.waitFor(() => expect(commits.at(-1)).toHaveLength(12), { timeout: 5000 });
    environment.IS_REACT_ACT_ENVIRONMENT = true;
    rerender(<></>);
    for (const commit of commits) expect(new Set(commit).size).toBe(1);
    expect(commits.at(-1)?.[0]).toBe('sheet_open 4250');
  });
});
