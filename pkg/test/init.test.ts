import { readFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cart } from '../src/index.js';

const WASM = new URL('../wasm/payonce_bg.wasm', import.meta.url);

/** A page on which nothing was loaded yet. */
async function page(): Promise<typeof import('../src/index.js')> {
  vi.resetModules();
  return import('../src/index.js');
}

const CART = { currency: 'USD', lines: [{ id: 'mug', quantity: 1, unitAmount: 100 }], total: 100 };

describe('init', () => {
  beforeEach(() => {
    vi.restoreAllMocks();
  });

  it('loads the module of the package by itself on Node', async () => {
    const { init, cartHash } = await page();
    await init();
    expect(cartHash(CART)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('loads once: every call returns the same promise, and a later source is ignored', async () => {
    const { init } = await page();
    const first = init();
    expect(init('https://nowhere.invalid/payonce_bg.wasm')).toBe(first);
    await first;
    await expect(init('https://nowhere.invalid/payonce_bg.wasm')).resolves.toBeUndefined();
  });

  it.each<[string, () => Promise<import('../src/index.js').WasmSource>]>([
    ['bytes', () => readFile(WASM)],
    ['a compiled module', async () => WebAssembly.compile(await readFile(WASM))],
    ['a response', async () => new Response(await readFile(WASM), { headers: { 'content-type': 'application/wasm' } })],
    ['a file: URL', () => Promise.resolve(WASM)],
  ])('takes %s, promised or not', async (_, source) => {
    const promised = await page();
    await promised.init(source());
    const plain = await page();
    await plain.init(await source());
    expect(plain.cartHash(CART)).toBe(promised.cartHash(CART));
  });

  it('says what is wrong, and can be tried again', async () => {
    const { init, InitError, cartHash } = await page();
    const failure = await init(new Uint8Array([0, 1, 2, 3])).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InitError);
    expect(failure).toMatchObject({ code: 'init_failed', path: null });
    expect((failure as Error).cause).toBeInstanceOf(WebAssembly.CompileError);
    expect(() => cartHash(CART)).toThrow('not_initialized');
    await init();
    expect(cartHash(CART)).toHaveLength(64);
  });
});

describe('cartHash', () => {
  it('is refused before init', async () => {
    const { cartHash, InitError } = await page();
    expect(() => cartHash(CART)).toThrow(InitError);
  });

  it('agrees with the published vectors', async () => {
    const { init, cartHash } = await page();
    await init();
    const file = await readFile(new URL('../../docs/cart-hash-vectors.json', import.meta.url), 'utf8');
    const { vectors } = JSON.parse(file) as { vectors: { name: string; input: string; hash: string }[] };
    expect(vectors.length).toBeGreaterThanOrEqual(10);
    for (const { name, input, hash } of vectors) expect(cartHash(JSON.parse(input) as Cart), name).toBe(hash);
  });

  it('throws CartError with the path', async () => {
    const { init, cartHash, CartError } = await page();
    await init();
    const wrong = { ...CART, lines: [{ id: 'mug', quantity: 1.5, unitAmount: 100 }] };
    expect(() => cartHash(wrong)).toThrow(CartError);
    expect(() => cartHash(wrong)).toThrow('at lines[0].quantity');
  });
});
