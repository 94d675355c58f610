/**
 * Writes a WebAssembly module as a JavaScript module whose default export is its bytes in base64.
 *
 *   node tools/inline.mjs MODULE.wasm OUTPUT.js   also writes OUTPUT.d.ts
 */

import { readFile, writeFile } from 'node:fs/promises';

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error('usage: node tools/inline.mjs MODULE.wasm OUTPUT.js');
const base64 = (await readFile(from)).toString('base64');
await writeFile(to.replace(/\.js$/, '.d.ts'), 'declare const base64: string;\nexport default base64;\n');
await writeFile(to, `export default '${base64}';\n`);
