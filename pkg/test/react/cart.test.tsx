// @vitest-environment jsdom
/** The cart of a page that renders as often as it likes. */

import { act, render } from '@testing-library/react';
import { StrictMode, useEffect } from 'react';
import { describe, expect, it } from 'vitest';
import { type Cart, CartError, ConfigError, type Journal, JournalError } from '../../src/index.js';
import { CheckoutProvider, useCheckout } from '../../src/react/index.js';
import { CART, last, OTHER_CART } from '../harness.js';
import { calm, expectComplaint, later, Page, type Shop, shop, silent } from './shop.js';

silent();

const BROKEN = { ...CART, total: 30.5 };

describe('the cart', () => {
  it('scenario 24, rule C1: rendering again with an equal cart makes no new session', async () => {
    const at = shop();
    const { rerender } = render(<Page at={at} />);
    await calm();
    const { session } = at.view;
    for (let time = 0; time < 50; time += 1) rerender(<Page at={at} />);
    await calm();
    expect(at.view.session).toBe(session);
    expect(at.merchant.discards).toHaveLength(0);
    expect([at.started(), at.ended()]).toEqual([1, 0]);
  });

  it('rule C2: another cart is another session, and the shopper is told', async () => {
    const at = shop();
    const { rerender } = render(<Page at={at} />);
    await calm();
    const before = at.view.session;
    rerender(<Page at={at} cart={OTHER_CART} />);
    await calm();
    expect(at.view.session?.id).not.toBe(before?.id);
    expect(at.view).toMatchObject({ summary: { total: OTHER_CART.total }, notices: [{ code: 'cart_changed' }] });
    expect(at.merchant.discards.map((call) => call.request.session)).toEqual([before?.id]);
    rerender(<Page at={at} cart={null} />);
    await calm();
    expect(at.view).toMatchObject({ state: 'empty', summary: null });
  });

  it("rule C5: what the sheet changed stands until the page's cart is another one", async () => {
    const at = shop();
    const { rerender } = render(<Page at={at} />);
    await calm();
    await calm(() => at.view.openSheet());
    const express = { ...CART, adjustments: [{ kind: 'shipping', amount: 900 }], total: 3400 } as const;
    await calm(() => at.wallet.changeCart(express));
    rerender(<Page at={at} />);
    await calm();
    expect(at.view).toMatchObject({ state: 'sheet_open', summary: { total: 3400 } });
    await calm(() => at.wallet.cancel());
    rerender(<Page at={at} />);
    await calm();
    expect(at.view).toMatchObject({ state: 'ready', summary: { total: 3400 }, notices: [] });
  });

  describe('once it is paid and the receipt was acknowledged', () => {
    async function paid(): Promise<{ at: Shop; show: (cart: Cart | null) => void }> {
      const at = shop();
      const { rerender } = render(<Page at={at} />);
      await calm();
      await calm(() => at.view.openSheet());
      await calm(() => at.wallet.approve());
      await calm(() => last(at.merchant.sends).resolve({ outcome: 'approved' }));
      return { at, show: (cart) => rerender(<Page at={at} cart={cart} />) };
    }

    it('a page that goes on showing it buys the same again', async () => {
      const { at } = await paid();
      await calm(() => at.view.acknowledge());
      await later();
      expect(at.view).toMatchObject({ state: 'ready', canPay: true, summary: { total: CART.total } });
      await calm(() => at.view.openSheet());
      await calm(() => at.wallet.approve());
      expect(new Set(at.merchant.sends.map((call) => call.request.key)).size).toBe(2);
    });

    it('a page that empties it has none', async () => {
      const { at, show } = await paid();
      // As in a click: what it changes is on the page before anything else happens.
      act(() => {
        at.view.acknowledge();
        show(null);
      });
      await later();
      expect(at.view).toMatchObject({ state: 'empty', canPay: false });
      expect(at.merchant.discards).toHaveLength(0);
    });
  });

  it("carries the provider's object", async () => {
    const at = shop();
    render(<Page at={at} providerRef="pi_1" />);
    await calm();
    expect(at.view.session).toMatchObject({ providerRef: 'pi_1' });
  });

  it('may be set by a component, before there is a checkout and without a cart property', async () => {
    const at = shop();
    function Basket(): null {
      const { setCart } = useCheckout();
      useEffect(() => setCart(OTHER_CART), [setCart]);
      return null;
    }
    render(
      <CheckoutProvider options={at.options()}>
        <Basket />
        <at.Probe />
      </CheckoutProvider>,
    );
    await calm();
    expect(at.view).toMatchObject({ state: 'ready', summary: { total: OTHER_CART.total } });
  });

  it('rule C7: an invalid one is an error with its path, changes nothing, and nothing can be paid meanwhile', async () => {
    const at = shop();
    const { rerender } = render(<Page at={at} />);
    await calm();
    const { session, summary } = at.view;
    rerender(<Page at={at} cart={BROKEN} />);
    await calm();
    const { error } = at.view;
    expect(error).toBeInstanceOf(CartError);
    expect(error).toMatchObject({ path: 'total' });
    expect(at.view).toMatchObject({ state: 'ready', canPay: false });
    expect([at.view.session, at.view.summary]).toEqual([session, summary]);
    expect(at.view.openSheet()).toBe(false);
    expect(at.wallet.opened).toBe(0);

    rerender(<Page at={at} cart={BROKEN} />);
    await calm();
    expect(at.faults).toEqual([error]); // once, however often it is rendered

    rerender(<Page at={at} />);
    await calm();
    expect(at.view).toMatchObject({ error: null, canPay: true, session });
  });

  it('an invalid one from the start is an error as well, and a valid one mends that', async () => {
    const at = shop();
    const { rerender } = render(<Page at={at} cart={BROKEN} />);
    await calm();
    expect(at.view).toMatchObject({ state: 'empty', error: { name: 'CartError' } });
    const endless: Record<string, unknown> = {};
    endless['self'] = endless;
    rerender(<Page at={at} cart={{ ...CART, hash: endless as unknown as string }} />);
    await calm();
    expect(at.view).toMatchObject({ state: 'empty', error: { name: 'CartError', code: 'not_json' } });
    rerender(<Page at={at} />);
    await calm();
    expect(at.view).toMatchObject({ state: 'ready', error: null });
  });
});

/** A page with a cart, and perhaps a dialog that sells something else at once. Both are providers of one scope. */
function Dialog({ at, open, cart = OTHER_CART }: { at: Shop; open: boolean; cart?: Cart }) {
  return (
    <StrictMode>
      <Page at={at} strict={false} />
      {open && (
        <CheckoutProvider options={at.options()} cart={cart}>
          <p>Buy it now</p>
        </CheckoutProvider>
      )}
    </StrictMode>
  );
}

describe('the carts of two providers', () => {
  const total = (at: Shop): unknown => at.view.summary?.total;

  it('scenario 21: where the one that spoke last is gone, the cart of the other is charged', async () => {
    const at = shop();
    const { rerender } = render(<Dialog at={at} open={false} />);
    await calm();
    rerender(<Dialog at={at} open />);
    await calm();
    expect(total(at)).toBe(OTHER_CART.total);
    rerender(<Dialog at={at} open={false} />);
    await calm(later);
    expect(total(at)).toBe(CART.total);
    await calm(() => at.view.openSheet());
    await calm(() => at.wallet.approve());
    const [sent] = at.merchant.sends;
    expect(JSON.parse(sent?.request.body ?? '')).toMatchObject({ cart: { total: CART.total } });
  });

  it('rule C1: another look at the one that spoke last changes nothing', async () => {
    const at = shop();
    const { rerender } = render(<Dialog at={at} open />);
    await calm(later);
    const { session } = at.view;
    const { discards } = at.merchant;
    rerender(<Dialog at={at} open cart={structuredClone(OTHER_CART)} />);
    await calm(later);
    expect([at.view.session, discards.length, total(at)]).toEqual([session, 0, OTHER_CART.total]);
  });

  it('what a component has set since stands', async () => {
    const at = shop();
    const { rerender } = render(<Dialog at={at} open />);
    await calm();
    const latest = { ...CART, total: 2900 };
    await calm(() => at.view.setCart(latest));
    rerender(<Dialog at={at} open={false} />);
    await calm(later);
    expect(total(at)).toBe(latest.total);
  });

  it('the last one that is left has the word, and once it is gone nobody', async () => {
    const at = shop();
    const { rerender, unmount } = render(<Dialog at={at} open cart={{ ...CART, total: 2900 }} />);
    await calm();
    rerender(<Dialog at={at} open cart={{ ...CART, total: 2800 }} />);
    await calm(later);
    expect(total(at)).toBe(2800);
    unmount();
    await calm(later);
    render(
      <CheckoutProvider options={at.options()}>
        <at.Probe />
      </CheckoutProvider>,
    );
    await calm();
    expect(at.view).toMatchObject({ state: 'empty', summary: null });
  });
});

describe('the options', () => {
  it('wrong ones make it unavailable and say why', async () => {
    const at = shop({ colour: 'blue' } as object);
    render(<Page at={at} />);
    await calm();
    expect(at.view).toMatchObject({ state: 'unavailable', canPay: false });
    expect(at.view.error).toBeInstanceOf(ConfigError);
    expect(at.view.error).toMatchObject({ code: 'unknown_option', path: 'colour' });
    expect(at.faults).toEqual([at.view.error]);
    expect([at.view.openSheet(), at.view.checkAgain(), at.view.acknowledge()]).toEqual([false, false, false]);
    expect(at.view.reportOutcome('key', { outcome: 'approved' })).toBe(false);
    expect(() => at.view.exportLog()).toThrow('not_started');
  });

  it.each<[string, object | undefined]>([
    ['recheckCart', { recheckCart: 1 }],
    ['onError', { onError: 'log' }],
    ['merchant', undefined],
  ])('a wrong %s does so, too', async (path, wrong) => {
    const at = shop(wrong);
    const options = wrong ? at.options() : (undefined as never);
    if (!wrong) expectComplaint(); // there is no `onError` to be told
    render(
      <CheckoutProvider options={options}>
        <at.Probe />
      </CheckoutProvider>,
    );
    await calm();
    expect(at.view).toMatchObject({ state: 'unavailable', error: { name: 'ConfigError', path } });
  });

  it('a start that failed may be tried again, and keeps the cart', async () => {
    let broken = true;
    const read: Journal['read'] = async () => {
      if (broken) throw new Error('the disk is on fire');
      return null;
    };
    const journal: Journal = { durable: true, read, update: async (change) => void change(null) };
    const at = shop({ journal, durability: 'required' });
    render(<Page at={at} />);
    await calm();
    expect(at.view.state).toBe('unavailable');
    expect(at.view.error).toBeInstanceOf(JournalError);

    act(() => at.view.restart());
    expect(at.view).toMatchObject({ state: 'loading', error: null });
    await calm();
    expect(at.view.state).toBe('unavailable');
    broken = false;
    await calm(() => at.view.restart());
    expect(at.view).toMatchObject({ state: 'ready', error: null, summary: { total: CART.total } });
    await calm(() => at.view.restart());
    expect(at.view.state).toBe('ready');
  });

  it('onError and recheckCart are those of the last render', async () => {
    const heard: string[] = [];
    const at = shop();
    const page = (render: string) => (
      <CheckoutProvider
        options={{
          ...at.options(),
          onError: () => heard.push(`error ${render}`),
          recheckCart: () => {
            heard.push(`recheck ${render}`);
            return OTHER_CART;
          },
        }}
        cart={CART}
      >
        <at.Probe />
      </CheckoutProvider>
    );
    const { rerender } = render(page('one'));
    await calm();
    rerender(page('two'));
    await calm(() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    expect(heard).toEqual(['recheck two']);
    expect(at.view.summary).toMatchObject({ total: OTHER_CART.total });

    rerender(page('three'));
    at.wallet.open = () => {
      throw new Error('no sheet today');
    };
    await calm(() => at.view.openSheet());
    expect(heard).toEqual(['recheck two', 'error three']);
    expect(last(at.view.notices)).toMatchObject({ code: 'sheet_unavailable' });
  });
});
