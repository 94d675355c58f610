/** Loads a WebAssembly module, once a page. */

import { InitError } from './errors.js';

/** Where the module comes from: an address, a response, its bytes, or the compiled module. */
export type WasmSource = string | URL | Request | Response | ArrayBuffer | ArrayBufferView | WasmModule;

/** `WebAssembly.Module`, where there is one: a backend that only hashes carts compiles without the types of the DOM. */
type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : never;

type FileSystem = { readFile(path: URL): Promise<ArrayBufferView> };
/** Of Node's `process`, from 20.16: a built-in module without an import that a bundler would try to follow. */
type Process = { getBuiltinModule?(name: 'node:fs/promises'): FileSystem };

/** What loads a module, in the glue that wasm-bindgen writes for it. */
type Load = (options: { module_or_path: never }) => Promise<unknown>;

export interface Loader {
  /**
   * The entry of the package says where its module is. Where a page has several entries, `always` wins: whoever imports
   * the one that brings its module along wants no request.
   */
  moduleFrom(source: () => WasmSource, options?: { always?: boolean }): void;
  /** Every call returns the same promise; a `source` counts only in the first call. After a failure the next one tries again. */
  init(source?: WasmSource | Promise<WasmSource>): Promise<void>;
  isLoaded(): boolean;
}

/** Loads one module. */
export function loader(load: Load): Loader {
  let packaged: (() => WasmSource) | undefined;
  let loading: Promise<void> | undefined;
  let loaded = false;

  return {
    moduleFrom(source, { always = false } = {}) {
      if (always || !packaged) packaged = source;
    },

    init(source) {
      loading ??= (async () => {
        try {
          const found = await open((await source) ?? packaged?.());
          await load({ module_or_path: found as never });
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
    },

    isLoaded: () => loaded,
  };
}

/** A file is read from disk on Node, because `fetch` knows no `file:` there. */
async function open(source: WasmSource | undefined): Promise<WasmSource | undefined> {
  if (!(source instanceof URL) || source.protocol !== 'file:') return source;
  const files = (globalThis as { process?: Process }).process?.getBuiltinModule?.('node:fs/promises');
  return files ? files.readFile(source) : source;
}
