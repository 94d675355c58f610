import { cartHash, init } from 'payonce';
import { CART } from './cart';
import { Shop } from './shop';

/** Rendered for each request: a hash that was computed at build time would prove nothing of the server. */
export const dynamic = 'force-dynamic';

export default async function Page() {
  await init();
  return (
    <>
      <p id="hash">{cartHash(CART)}</p>
      <Shop />
    </>
  );
}
