/**
 * payonce with the WebAssembly module inside the JavaScript: for hosts that cannot serve a `.wasm` file, for bundlers
 * that know neither `new URL` nor `import.meta`, and for servers. It exports what `payonce` does and requests nothing.
 * Base64 makes it a third larger, and the browser cannot compile while it downloads.
 *
 * A Content-Security-Policy needs `'wasm-unsafe-eval'` all the same.
 */

import base64 from '../wasm/inline.js';
import { moduleFrom } from './init.js';

moduleFrom(() => Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)), { always: true });

export * from './api.js';
