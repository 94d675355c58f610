/**
 * The WebAssembly module as a file of its own, beside the JavaScript.
 *
 * `new URL('…', import.meta.url)` in exactly this form is what Vite, webpack, Turbopack and Rollup plugins recognise:
 * they copy the file and put its final address in.
 */

import { moduleFrom } from './init.js';

moduleFrom(() => new URL('../wasm/payonce_bg.wasm', import.meta.url));
