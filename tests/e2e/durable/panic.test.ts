/**
 * A panic of the core never loses an attempt (rule E3). The module is the one that is shipped: its memory is overwritten
 * in the middle of a payment, so that whatever it does next goes wrong.
 */

import { describe } from 'vitest';
import { BROWSERS } from './support/device';
import { TWO_MUGS } from './support/tab';
import { testIn } from './support/test';

/** Takes note of each instance's memory. A function, not a method: it is sent to the page as text. */
const watchMemory = (): void => {
  window.memories = [];
  const { instantiateStreaming } = WebAssembly;
  WebAssembly.instantiateStreaming = async (source, imports) => {
    const result = await instantiateStreaming(source, imports);
    const { memory } = result.instance.exports;
    if (memory instanceof WebAssembly.Memory) window.memories.push(memory);
    return result;
  };
};

describe.each(BROWSERS)('a core that panics in %s', (name) => {
  const test = testIn(name);

  test('e3: the attempt is settled under its key by a fresh instance', async ({ visit, merchant }) => {
    const tab = await visit.tab(watchMemory);
    await tab.visit();
    await merchant.faults({ kind: 'delay', ms: 1500 });
    await tab.pay();
    await visit.ledgerShows(({ attempts }) => attempts[0]?.state === 'in_flight');
    await tab.page.evaluate(() => {
      if (window.memories.length !== 1) throw new Error('no module was watched');
      for (const { buffer } of window.memories) new Uint8Array(buffer).fill(0xff);
    });
    await tab.reaches('succeeded');
    await visit.chargedOnce(TWO_MUGS.total);
  });
});
