import { afterEach, describe, expect, it, vi } from 'vitest';

const CART = { currency: 'USD', lines: [{ id: 'mug', quantity: 1, unitAmount: 100 }], total: 100 };

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe('payonce/inline', () => {
  it('exports what payonce does', async () => {
    const inline = await import('../src/inline.js');
    expect(Object.keys(inline).toSorted()).toEqual(Object.keys(await import('../src/index.js')).toSorted());
  });

  it.each([
    ['alone', ['inline']],
    ['imported before payonce', ['inline', 'index']],
    ['imported after payonce', ['index', 'inline']],
  ])('reads neither the network nor the disk, %s', async (_, entries) => {
    vi.resetModules();
    const outside = vi.fn(() => Promise.reject(new Error('something outside was asked for')));
    vi.stubGlobal('fetch', outside);
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(() => ({ readFile: outside }));
    for (const entry of entries) await import(`../src/${entry}.ts`);
    const { cartHash, init } = await import('../src/api.js');
    await init();
    expect(cartHash(CART)).toMatch(/^[0-9a-f]{64}$/);
    expect(outside).not.toHaveBeenCalled();
  });

  it('gives way to a source that init is told', async () => {
    vi.resetModules();
    const { init, InitError } = await import('../src/inline.js');
    await expect(init(new Uint8Array([0, 1, 2, 3]))).rejects.toThrow(InitError);
    await expect(init()).resolves.toBeUndefined();
  });
});
