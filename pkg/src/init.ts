/**
 * Loads the WebAssembly module, once a page.
 *
 * `new URL('…', import.meta.url)` in exactly this form is what Vite, webpack and Rollup plugins recognise: they copy
 * the file and put its final address in. Where the result is a file (Node, server rendering) it is read from disk,
 * because `fetch` knows no `file:` there.
 */

import load from '../wasm/payonce.js';
import { InitError } from './errors.js';

/** Where the module comes from: an address, a response, its bytes, or the compiled module. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

type FileSystem = { readFile(path: URL): Promise<BufferSource> };
/** Of Node's `process`, from 20.16: a built-in module without an import that a bundler would try to follow. */
type Process = { getBuiltinModule?(name: 'node:fs/promises'): FileSystem };

let loading: Promise<void> | undefined;
let loaded = false;

/**
 * Loads the WebAssembly module. `createCheckout` does it by itself; call it earlier to have the module ready before
 * the pay button shows, or with a `source` where the module is served from somewhere else.
 *
 * Every call returns the same promise; a `source` counts only in the first call. After a failure (`InitError`) the
 * next call tries again.
 */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  loading ??= (async () => {
    try {
      await load({ module_or_path: await open((await source) ?? defaultSource()) });
      loaded = true;
    } catch (cause) {
      loading = undefined;
      throw new InitError(
        'init_failed',
        null,
        "the WebAssembly module could not be loaded; with a Content-Security-Policy, script-src needs 'wasm-unsafe-eval'",
        { cause },
      );
    }
  })();
  return loading;
}

/** Throws unless the module is loaded. */
export function requireInit(): void {
  if (!loaded) throw new InitError('not_initialized', null, 'await init() first');
}

function defaultSource(): URL {
  return new URL('../wasm/payonce_bg.wasm', import.meta.url);
}

async function open(source: WasmSource): Promise<WasmSource> {
  if (!(source instanceof URL) || source.protocol !== 'file:') return source;
  const files = (globalThis as { process?: Process }).process?.getBuiltinModule?.('node:fs/promises');
  return files ? files.readFile(source) : source;
}
