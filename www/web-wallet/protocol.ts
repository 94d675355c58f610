/** What the window of the web wallet and its service worker tell each other. */

/** As W3C Payment Request has it: major units. */
export interface Price {
  readonly currency: string;
  readonly value: string;
}

export interface Shipping {
  readonly id: string;
  readonly label: string;
  readonly amount: Price;
  readonly selected?: boolean;
}

/** What the shop wants to be paid. */
export interface Order {
  readonly total: Price;
  readonly shippingOptions: readonly Shipping[];
  /** Why it cannot be had so; empty where it can. */
  readonly error: string;
}

export type ToWorker =
  | { readonly type: 'show' }
  | { readonly type: 'pay'; readonly card: string; readonly country: string }
  /** The wallet misbehaves: it hands over what it handed over before. */
  | { readonly type: 'pay_old'; readonly country: string }
  | { readonly type: 'ship'; readonly id: string }
  | { readonly type: 'move'; readonly country: string }
  | { readonly type: 'cancel' };

export interface ToWindow {
  readonly order: Order;
  /** Whether there is an old token to hand over again. */
  readonly hasOld: boolean;
}
