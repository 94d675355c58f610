import { createCheckout } from 'payonce';
import { mockWallet } from 'payonce/wallets/mock';
import { expect, it } from 'vitest';

it('pays once', async () => {
  const sends = [];
  const wallet = mockWallet();
  const checkout = await createCheckout({
    wallet,
    merchant: {
      profile: 'ietf',
      send: async (request) => {
        sends.push(request);
        return { outcome: 'approved', reference: 'ch_1' };
      },
      settle: async () => ({ outcome: 'voided' }),
      discard: async () => {},
    },
  });
  checkout.setCart({ currency: 'EUR', lines: [{ id: 'mug', quantity: 1, unitAmount: 990 }], total: 990 });
  const { summary } = checkout.getSnapshot();
  expect(checkout.openSheet()).toBe(true);
  wallet.approve();
  wallet.approve();
  await expect.poll(() => checkout.getSnapshot().state).toBe('succeeded');
  expect(sends).toHaveLength(1);
  expect(checkout.getSnapshot().receipt).toMatchObject({ reference: 'ch_1', paid: { cartHash: summary.cartHash } });
  checkout.dispose();
});
