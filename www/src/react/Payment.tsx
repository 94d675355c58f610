/** All that a storefront needs of payonce: the total, what the shopper is told, the button, the receipt. */

import { cartHash, type Receipt as Paid, type Summary } from 'payonce';
import { Notices, PayButton, useCheckout } from 'payonce/react';
import { useEffect, useRef } from 'react';
import { toCart } from '../cart';
import { byId } from '../dom';
import { idChip, money } from '../format';
import { locale } from '../language';
import { store } from './shop';

export function Payment() {
  const { state, error, summary, attempt, receipt, cartWaiting, canCheck, checkAgain, restart } = useCheckout();
  return (
    <div className="payment" data-state={state} data-testid="payment">
      {summary && <Sums of={summary} hook="total" />}
      {cartWaiting && (
        <p className="waiting-cart">Your change waits: the payment for the cart as it was comes to its end first.</p>
      )}
      <Notices className="notices-pair" data-testid="notices" locale={locale()}>
        {({ code, severity }, text) => (
          <p className={`notice ${severity}`} data-code={code}>
            {text}
          </p>
        )}
      </Notices>
      {state === 'unavailable' && (
        <p className="notice error" role="alert">
          Paying is not possible just now ({error.code}).{' '}
          <button type="button" className="button small" onClick={restart}>
            Try again
          </button>
        </p>
      )}
      <div className="pay-actions">
        <PayButton className="button primary" data-testid="pay">
          {summary ? `Pay ${money(summary.total, summary.currency)}` : 'Pay'}
        </PayButton>
        {canCheck && (
          <button type="button" className="button" data-testid="check-again" onClick={checkAgain}>
            Check again
          </button>
        )}
      </div>
      {receipt && <Receipt key={receipt.key} receipt={receipt} />}
      <p className="fine">
        <code data-testid="state">{state}</code>
        {attempt && (
          <>
            {' '}
            attempt <Id of={attempt.key} />, sent <span data-testid="sends">{attempt.sends}</span>{' '}
            {attempt.sends === 1 ? 'time' : 'times'}
          </>
        )}
      </p>
    </div>
  );
}

function Receipt({ receipt: { paid, reference } }: { readonly receipt: Paid }) {
  const { acknowledge } = useCheckout();
  const section = useRef<HTMLElement>(null);
  // The keyboard goes on here: the pay button is of no use now. While the sheet shows its result, the focus is there.
  useEffect(() => {
    const sheet = byId<HTMLDialogElement>('wallet');
    const lead = (): void => section.current?.focus();
    if (!sheet.open) return lead();
    sheet.addEventListener('close', lead, { once: true });
    return () => sheet.removeEventListener('close', lead);
  }, []);

  const done = (): void => {
    const cart = toCart(store.basket);
    acknowledge();
    // What is paid for leaves the cart; what was changed meanwhile stays in it.
    if (cart !== null && paid.cartHash === cartHash(cart)) store.empty();
    byId('shop-title').focus();
  };
  return (
    <section ref={section} className="receipt" aria-labelledby="receipt-title" tabIndex={-1} data-testid="receipt">
      <h3 id="receipt-title">Receipt</h3>
      <Sums of={paid} hook="receipt-total" lines />
      {reference && <p className="fine">Reference {reference}</p>}
      <button type="button" className="button" data-testid="acknowledge" onClick={done}>
        Continue shopping
      </button>
    </section>
  );
}

function Sums({
  of: { currency, lines, adjustments, total },
  hook,
  lines: showLines = false,
}: {
  readonly of: Summary;
  readonly hook: string;
  readonly lines?: boolean;
}) {
  return (
    <dl className="sums">
      {showLines &&
        lines.map(({ id, name, quantity, unitAmount }) => (
          <div key={id}>
            <dt>{`${quantity} × ${name ?? id}`}</dt>
            <dd>{money(quantity * unitAmount, currency)}</dd>
          </div>
        ))}
      {adjustments.map(({ kind, id, label, amount }) => (
        <div key={`${kind} ${id}`}>
          <dt>{label ?? kind}</dt>
          <dd>{money(amount, currency)}</dd>
        </div>
      ))}
      <div className="total">
        <dt>Total</dt>
        <dd data-testid={hook}>{money(total, currency)}</dd>
      </div>
    </dl>
  );
}

/** An identifier, in the colour that it has everywhere in the demo. */
export function Id({ of }: { readonly of: string }) {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => place.current?.replaceChildren(idChip(of)), [of]);
  return <span ref={place} />;
}
