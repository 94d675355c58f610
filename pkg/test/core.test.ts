import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import * as core from '../src/core.js';

const source = (name: string): Promise<string> =>
  readFile(new URL(`../../src/browser/${name}`, import.meta.url), 'utf8');

/** Numbers cross the boundary in place of names, so both sides must count alike. */
describe('the numbers of the boundary', () => {
  it('what happened', async () => {
    const rust = [...(await source('checkout.rs')).matchAll(/pub const (\w+): u32 = (\d+);/g)];
    const numbers = rust.map(([, name, number]) => [name, Number(number)]);
    expect(numbers.length).toBeGreaterThan(20);
    const exported = Object.entries(core).filter(([, value]) => typeof value === 'number');
    expect(Object.fromEntries(exported)).toEqual(Object.fromEntries(numbers));
    expect(new Set(numbers.map(([, number]) => number)).size).toBe(numbers.length);
  });

  it('what is said', async () => {
    const body = /enum What \{([^}]+)\}/.exec(await source('host.rs'))?.[1] ?? '';
    const names = [...body.matchAll(/(\w)(\w*),/g)].map(([, first = '', rest = '']) => first.toLowerCase() + rest);
    expect(names.length).toBeGreaterThan(20);
    expect(core.SAID).toEqual(names);
  });
});
