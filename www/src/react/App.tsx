/** The page. Its provider is rendered, remounted, suspended and taken away as the visitor likes. */

import { CheckoutProvider } from 'payonce/react';
import { Suspense, useState } from 'react';
import { toCart } from '../cart';
import { BasketEditor } from './BasketEditor';
import { Ledger } from './Ledger';
import { Mischief, type Trouble, Waiting } from './Mischief';
import { Payment } from './Payment';
import { merchant, store, useBasket, wallet } from './shop';

export function App() {
  const basket = useBasket();
  const [trouble, setTrouble] = useState<Trouble>({ renders: 0, mounts: 1, mounted: true, wait: null });
  return (
    <main className="columns pair">
      <section className="panel shop" aria-labelledby="shop-title">
        <h2 id="shop-title" tabIndex={-1}>
          The shop
        </h2>
        {trouble.mounted ? (
          <Suspense fallback={<p className="fine">Suspended for a moment.</p>}>
            <CheckoutProvider
              key={trouble.mounts}
              options={{ merchant, wallet, recheckCart: () => toCart(store.basket) }}
              cart={toCart(basket)}
            >
              <Waiting for={trouble.wait} />
              <BasketEditor basket={basket} />
              <Payment />
            </CheckoutProvider>
          </Suspense>
        ) : (
          <p className="fine">The shop is not on the page.</p>
        )}
      </section>
      <div className="stack">
        <Mischief trouble={trouble} change={setTrouble} />
        <Ledger />
      </div>
    </main>
  );
}
