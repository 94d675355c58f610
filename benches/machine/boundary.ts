/** payonce's boundary without its rules (benches/boundary): what is left is what the crossing costs. */

import load, { Boundary } from '../boundary/wasm/payonce_boundary.js';
import bytes from '../boundary/wasm/payonce_boundary_bg.wasm';
import { Driver } from './driver';
import type { Participant } from './lifecycle';

const loaded = load({ module_or_path: bytes });

export const boundary: Participant = {
  name: 'the boundary of payonce, no rules',
  lawless: true,
  async make(seen) {
    await loaded;
    return new Driver((host) => new Boundary(host), seen);
  },
};
