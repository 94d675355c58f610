/** As `../wasm-url.ts`. */

import { moduleFrom } from './driver.js';

moduleFrom(() => new URL('../../wasm/one_time_code_bg.wasm', import.meta.url));
