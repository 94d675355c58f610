/**
 * payonce with the WebAssembly module inside the JavaScript: for hosts that cannot serve a `.wasm` file, for bundlers
 * that know neither `new URL` nor `import.meta`, and for servers. It exports what `payonce` does and requests nothing.
 * Base64 makes it a third larger, and the browser cannot compile while it downloads.
 *
 * A Content-Security-Policy needs `'wasm-unsafe-eval'` all the same.
 */

import base64 from '../wasm/payonce_inline.js';
import { bytes } from './base64.js';
import { moduleFrom } from './init.js';

moduleFrom(() => bytes(base64), { always: true });

export * from './api.js';
