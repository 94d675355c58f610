/** What keeps people from using a page. */

import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** What axe finds, in a few words each. */
export async function barriers(page: Page): Promise<readonly string[]> {
  // As an expression, which no content security policy forbids.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { run } = (window as unknown as { axe: typeof axe }).axe;
    const { violations } = await run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
  });
}

/** Checks the page for barriers, bright and dark, on a telephone and on a desk. */
export async function accessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [360, 1440]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 900 });
      const state = await page.locator('[data-state]').first().getAttribute('data-state');
      expect(await barriers(page), `${state}, ${colorScheme}, ${width} px`).toEqual([]);
    }
  }
}
