// @vitest-environment jsdom
/** How a checkout lives while React mounts and unmounts as it likes. Rule E5: a remount never sends again. */

import { render } from '@testing-library/react';
import { type ReactElement, Suspense } from 'react';
import { describe, expect, it } from 'vitest';
import { type Checkout, createCheckout } from '../../src/index.js';
import { CheckoutProvider } from '../../src/react/index.js';
import { CART, last } from '../harness.js';
import { calm, gate, later, Page, type Shop, shop, silent } from './shop.js';

silent();

/** The shopper agrees: the first send is out. */
async function pay(at: Shop): Promise<void> {
  await calm(() => at.view.openSheet());
  await calm(() => at.wallet.approve());
  expect(at.merchant.sends).toHaveLength(1);
  expect(at.view.state).toBe('sending');
}

/** A shop whose journal does not answer before it is told to. */
function slow(): { readonly at: Shop; readonly page: ReactElement; readonly answer: () => void } {
  const at = shop();
  let answer = (): void => {};
  const read = new Promise<void>((resolve) => (answer = resolve));
  const { read: stored } = at.journal;
  const options = { ...at.options(), journal: { ...at.journal, read: () => read.then(stored) } };
  const page = (
    <CheckoutProvider options={options}>
      <at.Probe />
    </CheckoutProvider>
  );
  return { at, page, answer };
}

/** The merchant says yes: one send, one receipt. */
async function paid(at: Shop): Promise<void> {
  await calm(() => last(at.merchant.sends).resolve({ outcome: 'approved', reference: 'ch_1' }));
  expect(at.view).toMatchObject({ state: 'succeeded', receipt: { reference: 'ch_1' } });
  expect(at.merchant.sends).toHaveLength(1);
  expect(at.merchant.settles).toHaveLength(0);
  expect(at.faults).toEqual([]);
}

describe('the life of a checkout', () => {
  it('starts with the provider, and takes a payment', async () => {
    const at = shop();
    render(<Page at={at} strict={false} />);
    expect(at.view).toMatchObject({ state: 'loading', canPay: false, error: null });
    await calm();
    expect(at.view).toMatchObject({ state: 'ready', canPay: true, summary: { total: CART.total } });
    await calm(() => at.view.restart()); // there is nothing to mend
    expect(at.started()).toBe(1);
    await pay(at);
    await paid(at);
    expect(at.states).toEqual(['loading', 'ready', 'sheet_open', 'sending', 'succeeded']);
  });

  it('StrictMode mounts twice: one checkout, one send', async () => {
    const at = shop();
    render(<Page at={at} />);
    await later();
    expect([at.started(), at.ended()]).toEqual([1, 0]);
    await pay(at);
    await paid(at);
  });

  it('rule E5: under another key in mid-payment it is the same checkout, which nobody notices', async () => {
    const at = shop();
    const { rerender } = render(<Page at={at} key="one" />);
    await calm();
    await pay(at);
    const { attempt } = at.view;
    for (const key of ['two', 'three']) {
      at.states.length = 0;
      rerender(<Page at={at} key={key} />);
      await later();
      expect(at.states).toEqual(['sending']);
      expect(at.view.attempt).toBe(attempt);
    }
    await paid(at);
    expect([at.started(), at.ended()]).toEqual([1, 0]);
  });

  it('scenario 10, rule E5: unmounted in mid-payment it ends; mounted again it asks for the truth and sends nothing', async () => {
    const at = shop();
    const { unmount } = render(<Page at={at} />);
    await calm();
    await pay(at);
    const [{ request, signal }] = at.merchant.sends as [(typeof at.merchant.sends)[0]];
    unmount();
    await later();
    expect(signal.aborted).toBe(true);
    expect([at.started(), at.ended()]).toEqual([1, 1]);

    render(<Page at={at} />);
    await calm();
    expect(at.view.state).toBe('settling');
    expect(at.merchant.settles.map((call) => call.request.key)).toEqual([request.key]);
    await calm(() => last(at.merchant.settles).resolve({ outcome: 'approved', reference: 'ch_1' }));
    expect(at.view).toMatchObject({ state: 'succeeded', receipt: { key: request.key } });
    expect(at.merchant.sends).toHaveLength(1);
    expect([at.started(), at.ended()]).toEqual([2, 1]);
  });

  it('a first render that suspends and is thrown away starts nothing', async () => {
    const at = shop();
    const { Gate, open } = gate();
    const page = (
      <Suspense fallback="a moment">
        <Page at={at}>
          <Gate />
        </Page>
      </Suspense>
    );
    const { rerender } = render(page);
    await later();
    rerender(page);
    await later();
    expect(at.started()).toBe(0);
    open();
    await later();
    expect([at.started(), at.ended()]).toEqual([1, 0]);
    expect(at.view.state).toBe('ready');
  });

  it('a page that suspends in mid-payment keeps its checkout', async () => {
    const at = shop();
    const { Gate, open, shut } = gate();
    open();
    const page = (): ReactElement => (
      <Suspense fallback="a moment">
        <Page at={at}>
          <Gate />
        </Page>
      </Suspense>
    );
    const { rerender, container } = render(page());
    await calm();
    await pay(at);
    shut();
    rerender(page());
    await later();
    expect(container.textContent).toBe('a moment');
    expect(at.ended()).toBe(0);
    await calm(open);
    await paid(at);
    expect(at.started()).toBe(1);
  });

  it('lives for as long as its provider, though no component within looks at it', async () => {
    const at = shop();
    const page = (shown: boolean): ReactElement => (
      <CheckoutProvider options={at.options()} cart={CART}>
        {shown && <at.Probe />}
      </CheckoutProvider>
    );
    const { rerender } = render(page(true));
    await calm();
    rerender(page(false));
    await later();
    expect([at.started(), at.ended()]).toEqual([1, 0]);
  });

  it('left while it starts, it ends as soon as it has started', async () => {
    const { at, page, answer } = slow();
    render(page).unmount();
    await later();
    answer();
    await calm();
    expect([at.started(), at.ended()]).toEqual([1, 1]);
  });

  it('left and mounted again while it starts, it is one', async () => {
    const { at, page, answer } = slow();
    render(page).unmount();
    await later();
    render(page);
    await later();
    expect(at.started()).toBe(0);
    answer();
    await later();
    expect(at.view.state).toBe('empty');
    expect([at.started(), at.ended()]).toEqual([1, 0]);
  });
});

describe('several providers', () => {
  it('those of one scope share a checkout, until the last of them is gone', async () => {
    const at = shop();
    const first = render(<Page at={at} />);
    await calm();
    const second = render(<Page at={at} />);
    await calm();
    expect(at.started()).toBe(1);
    await pay(at);
    first.unmount();
    await later();
    expect(at.ended()).toBe(0);
    await paid(at);
    second.unmount();
    await later();
    expect(at.ended()).toBe(1);
  });

  it('what has no caller is told to one that is still there', async () => {
    const at = shop();
    const told: string[] = [];
    const page = (name: string): ReactElement => (
      <CheckoutProvider options={{ ...at.options(), onError: () => told.push(name) }} cart={CART}>
        <at.Probe />
      </CheckoutProvider>
    );
    const first = render(page('first'));
    render(page('second'));
    await calm();
    at.wallet.open = () => {
      throw new Error('no sheet today');
    };
    first.unmount();
    await calm(() => at.view.openSheet());
    expect(told).toEqual(['second']);
  });

  it('another scope is another checkout', async () => {
    const at = shop();
    const { rerender } = render(<Page at={at} />);
    await calm();
    await calm(() => at.view.openSheet());
    expect(at.wallet.isOpen).toBe(true);

    const moved = { ...at, options: () => ({ ...at.options(), scope: 'of-another-shopper' }) };
    rerender(<Page at={moved} />);
    await later();
    expect([at.started(), at.ended()]).toEqual([2, 1]);
    expect(at.wallet.isOpen).toBe(false);
    expect(at.view.state).toBe('ready');
  });

  it('nested ones have checkouts of their own', async () => {
    const outer = shop();
    const inner = shop();
    render(
      <Page at={outer}>
        <Page at={inner} cart={null} />
      </Page>,
    );
    await calm();
    expect([outer.view.state, inner.view.state]).toEqual(['ready', 'empty']);
  });
});

describe("a checkout of the page's own", () => {
  it('is shown from the first render on, and not disposed of', async () => {
    const at = shop();
    const made = await createCheckout(at.options());
    let listeners = 0;
    const checkout: Checkout = {
      ...made,
      subscribe(listener) {
        const stop = made.subscribe(listener);
        listeners += 1;
        return () => {
          listeners -= 1;
          stop();
        };
      },
    };
    checkout.setCart(CART);
    const page = (
      <CheckoutProvider checkout={checkout}>
        <at.Probe />
      </CheckoutProvider>
    );
    const { unmount } = render(page);
    expect(at.states).toEqual(['ready']);
    await calm();
    expect(listeners).toBe(1);
    unmount();
    await later();
    expect([listeners, at.ended()]).toEqual([0, 0]);
    expect(checkout.openSheet()).toBe(true);
    render(page);
    expect(at.view.state).toBe('sheet_open');
    await calm(() => at.wallet.cancel());
    expect(at.view.state).toBe('ready');
    checkout.dispose();
  });

  it('is unavailable once it was disposed of', async () => {
    const at = shop();
    const checkout = await createCheckout(at.options());
    checkout.dispose();
    const reported: unknown[] = [];
    globalThis.reportError = (error: unknown) => void reported.push(error);
    render(
      <CheckoutProvider checkout={checkout}>
        <at.Probe />
      </CheckoutProvider>,
    );
    await calm();
    expect(at.view).toMatchObject({ state: 'unavailable', error: { name: 'DisposedError' }, canPay: false });
    expect(reported).toEqual([at.view.error]);
  });
});
