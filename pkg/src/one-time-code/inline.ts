/** payonce/one-time-code with its WebAssembly module inside the JavaScript, as `payonce/inline` has that of the checkout. */

import base64 from '../../wasm/one_time_code_inline.js';
import { bytes } from '../base64.js';
import { moduleFrom } from './driver.js';

moduleFrom(() => bytes(base64), { always: true });

export * from './api.js';
