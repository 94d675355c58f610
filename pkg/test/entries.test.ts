import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const { exports, sideEffects } = JSON.parse(await readFile(`${root}/package.json`, 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>;
  sideEffects: string[];
};
/** The entries that are code, each with the source it is compiled from. */
const entries = Object.entries(exports).flatMap(([entry, target]): [string, string][] =>
  typeof target === 'string' ? [] : [[entry, target.types.replace('./dist/', 'src/').replace('.d.ts', '.ts')]],
);

/** What is loaded with an entry. */
async function inputsOf(source: string): Promise<Metafile['inputs']> {
  const { metafile } = await build({
    absWorkingDir: root,
    stdin: { contents: `import './${source.replace(/\.ts$/, '')}';`, resolveDir: root },
    bundle: true,
    format: 'esm',
    external: ['react'],
    metafile: true,
    write: false,
    ignoreAnnotations: true, // the import above asks for side effects alone
  });
  return metafile.inputs;
}

describe('the entries of the package', () => {
  it.each(entries)('%s knows where the WebAssembly module is, if it needs it', async (_, source) => {
    const inputs = Object.keys(await inputsOf(source));
    for (const [glue, where] of [
      ['wasm/payonce.js', /^src\/(?:wasm-url|inline)\.ts$/],
      ['wasm/one_time_code.js', /^src\/one-time-code\/(?:wasm-url|inline)\.ts$/],
    ] as const) {
      if (inputs.includes(glue)) expect(inputs).toEqual(expect.arrayContaining([expect.stringMatching(where)]));
    }
  });

  it.each(entries)('%s brings one module at the most', async (_, source) => {
    const inputs = Object.keys(await inputsOf(source));
    expect(inputs.filter((input) => /^wasm\/\w+\.js$/.test(input) && !input.includes('_inline')).length).toBeLessThan(
      2,
    );
  });

  it.each(entries)('%s brings the module along only where its name says so', async (entry, source) => {
    const inputs = Object.keys(await inputsOf(source));
    expect(inputs.some((input) => input.endsWith('_inline.js'))).toBe(entry.endsWith('/inline'));
  });

  it('keep the side effects that bundlers would take for none', () => {
    expect(sideEffects).toEqual([
      './dist/wasm-url.js',
      './dist/index.js',
      './dist/inline.js',
      './dist/one-time-code/index.js',
      './dist/one-time-code/inline.js',
      './dist/one-time-code/wasm-url.js',
    ]);
  });

  it('are in the README, each of them', async () => {
    const readme = await readFile(`${root}/../README.md`, 'utf8');
    const table = /^## The entries$(.*?)^## /ms.exec(readme)?.[1] ?? '';
    for (const entry of Object.keys(exports).filter((entry) => entry !== './package.json')) {
      const name = entry.replace(/^\./, 'payonce');
      // A row abbreviates all but its first.
      expect(table.includes(`\`${name}\``) || table.includes(`\`…/${entry.split('/').at(-1)}\``), entry).toBe(true);
    }
  });
});

describe('E1: the codes of errors', () => {
  /** What `pattern` finds in the files of `directory`: its first group. */
  async function found(directory: string, extension: string, pattern: RegExp): Promise<string[]> {
    const names = await readdir(`${root}/${directory}`, { recursive: true });
    const files = names.filter((name) => name.endsWith(extension));
    const texts = await Promise.all(files.map((name) => readFile(`${root}/${directory}/${name}`, 'utf8')));
    return texts.flatMap((text) => [...text.matchAll(pattern)].map(([, code]) => String(code)));
  }

  it('are all in docs/troubleshooting.md', async () => {
    const enums = await found('../src', '.rs', /\nimpl \w+Error(?:Code)? \{(.*?)\n\}/gs);
    const codes = [
      ...(await found('src', '.ts', /(?:Error|Kind|super)\(\s*'([a-z_]+)'/g)),
      ...(await found('../src/browser', '.rs', /InputError::new\("([a-z_]+)"/g)),
      ...enums.flatMap((body) => [...body.matchAll(/=> "([a-z_]+)"/g)].map(([, code]) => String(code))),
    ];
    expect(codes.length).toBeGreaterThan(40);
    const page = await readFile(`${root}/../docs/troubleshooting.md`, 'utf8');
    expect([...new Set(codes)].filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });
});
