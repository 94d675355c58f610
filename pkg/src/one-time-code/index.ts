/** payonce/one-time-code: what a provider hands the shopper on a redirect back is exchanged once. */

import './wasm-url.js';

export * from './api.js';
