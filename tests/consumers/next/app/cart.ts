import type { Cart } from 'payonce';

export const CART: Cart = { currency: 'EUR', lines: [{ id: 'mug', quantity: 1, unitAmount: 990 }], total: 990 };
