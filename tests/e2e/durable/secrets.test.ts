/**
 * Spent tokens leave no trace (rules T2, T6): not in what the browser stores, not in the log, not on the console, not in
 * what is thrown, and not in the memory of the module as it is shipped.
 */

import { describe, expect } from 'vitest';
import { BROWSERS } from './support/device';
import { stored } from './support/storage';
import { type Tab, TWO_MUGS } from './support/tab';
import { testIn } from './support/test';

declare global {
  interface Window {
    /** The memory of every module instance of the page. */
    memories: WebAssembly.Memory[];
  }
}

/** Takes note of each instance's memory. A function, not a method: it is sent to the page as text. */
const watchMemory = (): void => {
  window.memories = [];
  const keep = ({ instance }: WebAssembly.WebAssemblyInstantiatedSource): void => {
    const { memory } = instance.exports;
    if (memory instanceof WebAssembly.Memory) window.memories.push(memory);
  };
  const { instantiateStreaming } = WebAssembly;
  WebAssembly.instantiateStreaming = async (source, imports) => {
    const result = await instantiateStreaming(source, imports);
    keep(result);
    return result;
  };
};

/** How often the text is in the memory of the page's modules. */
function inMemory({ page }: Tab, text: string): Promise<number> {
  return page.evaluate((wanted) => {
    if (window.memories.length === 0) throw new Error('no module was watched');
    const bytes = new TextEncoder().encode(wanted);
    let found = 0;
    for (const { buffer } of window.memories) {
      const memory = new Uint8Array(buffer);
      for (let at = memory.indexOf(bytes[0] ?? 0); at >= 0; at = memory.indexOf(bytes[0] ?? 0, at + 1)) {
        if (bytes.every((byte, n) => memory[at + n] === byte)) found += 1;
      }
    }
    return found;
  }, text);
}

describe.each(BROWSERS)('secrets in %s', (name) => {
  const test = testIn(name);

  test('t6: a declined token is nowhere to be found', async ({ visit, merchant }) => {
    const tab = await visit.tab(watchMemory);
    const said: string[] = [];
    tab.page.on('console', (message) => said.push(message.text()));
    tab.page.on('pageerror', (error) => said.push(String(error)));
    await tab.visit();
    await merchant.faults({ kind: 'delay', ms: 1500 });
    const token = await tab.pay('insufficient_funds');
    await tab.reaches('sending');
    expect(await inMemory(tab, token), 'in memory while it may be sent').toBeGreaterThan(0);
    await tab.tells('payment_declined');

    expect(await inMemory(tab, token), 'in memory after the decline').toBe(0);
    const thrown = await tab.page.evaluate((given) => {
      try {
        window.shop.checkout.setCart({ currency: given, lines: [], total: 0 });
        return 'nothing';
      } catch (error) {
        return `${String(error)} ${JSON.stringify(error)}`;
      }
    }, token);
    expect(thrown).toMatch(/CartError/);
    const traces = [
      await stored(tab.page),
      await tab.page.evaluate(() => window.shop.checkout.exportLog()),
      JSON.stringify(await tab.snapshot()),
      thrown,
      ...said,
    ];
    for (const trace of traces) expect(trace).not.toContain(token);
    // The journal is there, and knows the token by its fingerprint.
    expect(traces[0]).toContain((await tab.snapshot()).spent[0]);

    await tab.pay();
    await tab.reaches('succeeded');
    await visit.chargedOnce(TWO_MUGS.total);
  });
});
