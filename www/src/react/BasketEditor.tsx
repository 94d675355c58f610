/** What is in the cart. */

import { type Basket, MAX_QUANTITY, type Product, PRODUCTS } from '../cart';
import { money } from '../format';
import { store } from './shop';

export function BasketEditor({ basket }: { readonly basket: Basket }) {
  return (
    <>
      <ul className="products">
        {PRODUCTS.map((product) => (
          <Row key={product.id} product={product} basket={basket} />
        ))}
      </ul>
      <label className="check coupon">
        <input
          type="checkbox"
          data-testid="coupon"
          checked={basket.coupon}
          onChange={(event) => store.change({ coupon: event.target.checked })}
        />
        <span>Coupon WELCOME10, 10 % off</span>
      </label>
    </>
  );
}

function Row({ product, basket }: { readonly product: Product; readonly basket: Basket }) {
  const { id, name, price, sizes } = product;
  const { currency, quantities } = basket;
  const quantity = quantities[id] ?? 0;
  const set = (to: number): void => store.change({ quantities: { ...quantities, [id]: to } });
  return (
    <li className={quantity === 0 ? 'none' : undefined}>
      <svg className="picture" aria-hidden="true">
        <use href={`/symbols.svg#${id}`} />
      </svg>
      <div className="product">
        <span className="name">{name}</span>
        <div className="variant">
          <span className="fine">{money(price[currency], currency)}</span>
          {sizes.length > 0 && (
            <select
              aria-label={`Size of ${name}`}
              data-testid={`size-${id}`}
              value={basket.sizes[id] ?? sizes[0]}
              onChange={(event) => store.change({ sizes: { ...basket.sizes, [id]: event.target.value } })}
            >
              {sizes.map((size) => (
                <option key={size}>{size}</option>
              ))}
            </select>
          )}
        </div>
      </div>
      <div className="amounts">
        <div className="stepper">
          <button
            type="button"
            aria-label={`One less: ${name}`}
            data-testid={`less-${id}`}
            disabled={quantity === 0}
            onClick={() => set(quantity - 1)}
          >
            −
          </button>
          <output aria-label={`Quantity of ${name}`}>{quantity}</output>
          <button
            type="button"
            aria-label={`One more: ${name}`}
            data-testid={`more-${id}`}
            disabled={quantity === MAX_QUANTITY}
            onClick={() => set(quantity + 1)}
          >
            +
          </button>
        </div>
        <span className="line-total">{quantity > 0 && money(quantity * price[currency], currency)}</span>
      </div>
    </li>
  );
}
