/** Builds the harness against the packed package, once for all files. */

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type PluginOption } from 'vite';

/** Builds the pages in `root` into a directory of that name, as any storefront would be built. Returns the directory. */
export async function buildSite(
  root: string,
  name: string,
  { pages = ['index.html'], plugins = [] }: { pages?: readonly string[]; plugins?: PluginOption[] } = {},
): Promise<string> {
  const outDir = output(name);
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins,
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      // The merchant's content security policy knows neither data: URLs nor inline scripts.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rollupOptions: { input: pages.map((page) => join(root, page)) },
    },
  });
  return outDir;
}

/** Where the built page of that name is. */
export function output(name: string): string {
  return fileURLToPath(new URL(`../output/${name}`, import.meta.url));
}

/** Where the demo page is built to. */
export const DEMO = fileURLToPath(new URL('../../../www/dist', import.meta.url));

export default async function setup(): Promise<void> {
  await access(`${DEMO}/index.html`).catch(() => {
    throw new Error('www/dist is not built: run `make test-e2e`');
  });
  await buildSite(fileURLToPath(new URL('../harness', import.meta.url)), 'harness');
}
