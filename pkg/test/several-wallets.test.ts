/** One checkout, several pay buttons: each click brings its wallet along. */

import { afterEach, describe, expect, it } from 'vitest';
import { mockWallet } from '../src/wallets/mock.js';
import type { Wallet } from '../src/index.js';
import { bench, CART, disposeAll, last, OTHER_CART, settled } from './harness.js';

afterEach(disposeAll);

async function twoButtons() {
  const first = mockWallet({ retriesInPlace: true });
  const second = mockWallet({ retriesInPlace: false });
  const page = await bench({ wallet: first });
  page.checkout.setCart(CART);
  return { ...page, first, second };
}

describe('a checkout with several wallets', () => {
  it('opens the one that was clicked, and closes that one', async () => {
    const { checkout, first, second } = await twoButtons();
    expect(checkout.openSheet({ wallet: second })).toBe(true);
    expect([first.isOpen, second.isOpen]).toEqual([false, true]);
    checkout.setCart(OTHER_CART);
    expect([first.isOpen, second.isOpen]).toEqual([false, false]);
    expect(checkout.openSheet()).toBe(true);
    expect([first.isOpen, second.isOpen]).toEqual([true, false]);
  });

  it('S2: opens no second sheet beside the first', async () => {
    const { checkout, first, second } = await twoButtons();
    checkout.openSheet({ wallet: second });
    expect(checkout.openSheet({ wallet: first })).toBe(false);
    expect([first.opened, second.opened]).toEqual([0, 1]);
    second.approve();
    await settled();
    expect(checkout.getSnapshot().state).toBe('sending');
  });

  it('asks again in a sheet that can, and closes one that cannot', async () => {
    const { checkout, merchant, first, second } = await twoButtons();
    checkout.openSheet({ wallet: second });
    second.approve('tok_1');
    await settled();
    last(merchant.sends).resolve({ outcome: 'declined', code: 'expired_card' });
    await settled();
    expect(second.isOpen).toBe(false);

    checkout.openSheet();
    first.approve('tok_2');
    await settled();
    last(merchant.sends).resolve({ outcome: 'declined', code: 'expired_card' });
    await settled();
    expect(first.isOpen).toBe(true);
    expect(checkout.getSnapshot().state).toBe('sheet_open');
  });

  it('T3: a token spent in one sheet is spent in the other', async () => {
    const { checkout, merchant, first, second } = await twoButtons();
    checkout.openSheet({ wallet: second });
    second.approve('tok_1');
    await settled();
    last(merchant.sends).resolve({ outcome: 'declined', code: 'expired_card' });
    await settled();
    checkout.openSheet();
    first.approve('tok_1');
    await settled();
    expect(merchant.sends).toHaveLength(1);
  });

  it('a sheet that ends while it is asked for another card leaves the notice standing', async () => {
    const { checkout, merchant, second } = await twoButtons();
    let end = (): void => undefined;
    const ending: Wallet = {
      ...second,
      retriesInPlace: true,
      open(sheet, summary) {
        end = sheet.cancelled;
        second.open(sheet, summary);
      },
      retry: () => end(),
    };
    checkout.openSheet({ wallet: ending });
    second.approve();
    await settled();
    last(merchant.sends).resolve({ outcome: 'declined', code: 'expired_card' });
    await settled();
    expect(checkout.getSnapshot()).toMatchObject({ state: 'ready', notices: [{ code: 'payment_declined' }] });
  });

  it('E1: refuses what is no wallet, and opens nothing', async () => {
    const { checkout } = await twoButtons();
    const before = checkout.getSnapshot();
    const half = { retriesInPlace: true, open() {} } as unknown as Wallet;
    expect(() => checkout.openSheet({ wallet: half })).toThrow(
      expect.objectContaining({ code: 'not_a_function', path: 'wallet.retry' }) as Error,
    );
    expect(() => checkout.openSheet(null as never)).toThrow(expect.objectContaining({ path: 'options' }) as Error);
    expect(checkout.getSnapshot()).toBe(before);
  });

  it('is opened by a click handler that passes its event along', async () => {
    const { checkout, first } = await twoButtons();
    const button = new EventTarget();
    button.addEventListener('click', checkout.openSheet as () => void);
    button.dispatchEvent(new Event('click'));
    expect(first.isOpen).toBe(true);
  });
});
