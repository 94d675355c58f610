/** payonce: one cart, one charge. */

import './wasm-url.js';

export * from './api.js';
