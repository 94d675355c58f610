/** Loads the WebAssembly module, once a page. */

import load, { type InitInput } from '../wasm/payonce.js';
import { InitError } from './errors.js';

/** Where the module comes from: an address, a response, its bytes, or the compiled module. */
export type WasmSource = string | URL | Request | Response | ArrayBuffer | ArrayBufferView | WasmModule;

/** `WebAssembly.Module`, where there is one: a backend that only hashes carts compiles without the types of the DOM. */
type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : never;

type FileSystem = { readFile(path: URL): Promise<ArrayBufferView> };
/** Of Node's `process`, from 20.16: a built-in module without an import that a bundler would try to follow. */
type Process = { getBuiltinModule?(name: 'node:fs/promises'): FileSystem };

let packaged: (() => WasmSource) | undefined;
let loading: Promise<void> | undefined;
let loaded = false;

/**
 * The entry of the package says where its module is. Where a page has several, `always` wins: whoever imports
 * `payonce/inline` wants no request, whatever else imports `payonce`.
 */
export function moduleFrom(source: () => WasmSource, { always = false } = {}): void {
  if (always || !packaged) packaged = source;
}

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
      const found = await open((await source) ?? packaged?.());
      await load({ module_or_path: found as InitInput });
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

/** A file is read from disk on Node, because `fetch` knows no `file:` there. */
async function open(source: WasmSource | undefined): Promise<WasmSource | undefined> {
  if (!(source instanceof URL) || source.protocol !== 'file:') return source;
  const files = (globalThis as { process?: Process }).process?.getBuiltinModule?.('node:fs/promises');
  return files ? files.readFile(source) : source;
}
