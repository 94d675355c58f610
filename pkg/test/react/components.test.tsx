// @vitest-environment jsdom
/** The pay button and the notices, as the shopper meets them. */

import { fireEvent, render, screen } from '@testing-library/react';
import { createRef } from 'react';
import { describe, expect, it } from 'vitest';
import { withTexts } from '../../src/index.js';
import { de } from '../../src/locales/de.js';
import { en } from '../../src/locales/en.js';
import { Notices, PayButton, usePayButton } from '../../src/react/index.js';
import { mockWallet } from '../../src/wallets/mock.js';
import { last, OTHER_CART } from '../harness.js';
import { calm, Page, type Shop, shop, silent } from './shop.js';

silent();

const button = (): HTMLButtonElement => screen.getByRole('button');

async function declined(at: Shop): Promise<void> {
  await calm(() => at.wallet.approve());
  await calm(() => last(at.merchant.sends).resolve({ outcome: 'declined', code: 'insufficient_funds' }));
}

describe('PayButton', () => {
  it('is disabled until it can pay, keeps the focus while it is busy, and cannot pay twice', async () => {
    const at = shop();
    render(
      <Page at={at}>
        <PayButton className="primary">Pay now</PayButton>
      </Page>,
    );
    expect(button()).toHaveProperty('disabled', true);
    await calm();
    expect(button()).toMatchObject({ disabled: false, type: 'button', className: 'primary', textContent: 'Pay now' });
    expect(button().getAttribute('aria-disabled')).toBe('false');

    button().focus();
    fireEvent.click(button());
    expect(at.wallet.opened).toBe(1); // within the click
    await calm();
    expect(document.activeElement).toBe(button());
    expect(button()).toHaveProperty('disabled', false);
    expect([button().getAttribute('aria-disabled'), button().getAttribute('aria-busy')]).toEqual(['true', 'true']);

    fireEvent.click(button());
    await calm(() => at.wallet.approve());
    fireEvent.click(button());
    expect([at.wallet.opened, at.merchant.sends.length]).toEqual([1, 1]);
    await calm(() => last(at.merchant.sends).resolve({ outcome: 'approved' }));
    expect(button()).toHaveProperty('disabled', true);
    expect(button().getAttribute('aria-busy')).toBe('false');
  });

  it('scenario 12, rule K1: fifty clicks before React renders again open one sheet', async () => {
    const at = shop();
    render(
      <Page at={at}>
        <PayButton>Pay</PayButton>
      </Page>,
    );
    await calm();
    for (let click = 0; click < 50; click += 1) fireEvent.click(button());
    expect(at.wallet.opened).toBe(1);
  });

  it("opens its own wallet's sheet", async () => {
    const at = shop();
    const other = mockWallet({ retriesInPlace: false });
    render(
      <Page at={at}>
        <PayButton wallet={other}>Pay</PayButton>
      </Page>,
    );
    await calm();
    fireEvent.click(button());
    expect([at.wallet.opened, other.opened]).toEqual([0, 1]);
    await calm();
  });

  it('takes what any button takes', async () => {
    const at = shop();
    const ref = createRef<HTMLButtonElement>();
    const clicks: string[] = [];
    const page = (agreed: boolean) => (
      <Page at={at}>
        <PayButton
          ref={ref}
          disabled={!agreed}
          onClick={(event) => {
            clicks.push(event.type);
            if (clicks.length === 1) event.preventDefault();
          }}
        >
          Pay
        </PayButton>
      </Page>
    );
    const { rerender } = render(page(false));
    await calm();
    expect(ref.current).toBe(button());
    expect(button()).toHaveProperty('disabled', true);
    rerender(page(true));
    fireEvent.click(button());
    expect(at.wallet.opened).toBe(0);
    fireEvent.click(button());
    expect(at.wallet.opened).toBe(1);
    await calm();
  });

  it('lends its properties to any other button', async () => {
    const at = shop();
    const Fancy = () => <button {...usePayButton()} aria-label="Pay" />;
    render(
      <Page at={at}>
        <Fancy />
      </Page>,
    );
    await calm();
    fireEvent.click(button());
    expect(at.wallet.opened).toBe(1);
    await calm();
  });
});

describe('Notices', () => {
  it('has its regions from the first render on, and sorts by severity', async () => {
    const at = shop();
    const page = (cart = structuredClone(OTHER_CART)) => (
      <Page at={at} cart={cart}>
        <Notices className="told" />
      </Page>
    );
    const { rerender, container } = render(page());
    const [alert, status] = [screen.getByRole('alert'), screen.getByRole('status')];
    expect(container.querySelector('.told')?.textContent).toBe('');
    await calm();
    await calm(() => at.view.openSheet());
    await declined(at);
    expect(alert.querySelector('p')).toMatchObject({ dataset: { code: 'payment_declined', severity: 'error' } });
    expect(alert.textContent).toContain('There is not enough money available on this card.');
    expect(status.textContent).toBe('');

    await calm(() => at.wallet.approve());
    expect(alert.textContent).toBe(''); // rule U8
    await calm(() => last(at.merchant.sends).resolve({ outcome: 'approved' }));
    expect(status.textContent).toBe(en.notices.payment_received);
    rerender(page());
    expect([screen.getByRole('alert'), screen.getByRole('status')]).toEqual([alert, status]);
  });

  it('speaks the language, and looks, as it is told to', async () => {
    const at = shop();
    const locale = withTexts(de, { notices: { payment_declined: 'Abgelehnt.' } });
    render(
      <Page at={at}>
        <Notices locale={locale}>{({ code }, text) => <em id={code}>{text}</em>}</Notices>
      </Page>,
    );
    await calm();
    await calm(() => at.view.openSheet());
    await declined(at);
    expect(screen.getByRole('alert').innerHTML).toBe('<em id="payment_declined">Abgelehnt.</em>');
    expect(screen.getByRole('alert').parentElement?.lang).toBe('de');
  });
});
