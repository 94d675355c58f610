/**
 * Where the bytes of a WebAssembly module are: its functions by the room of the crate, or the crate, that they come from.
 *
 *   node tools/rooms.mjs MODULE.wasm   of a module that has its names still
 */

import { readFile } from 'node:fs/promises';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: node tools/rooms.mjs MODULE.wasm');
const bytes = await readFile(file);
let at = 8; // behind magic and version

/** An unsigned number in LEB128. */
function number() {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
}

function name() {
  const length = number();
  at += length;
  return bytes.toString('utf8', at - length, at);
}

const SECTIONS = ['custom', 'type', 'import', 'function', 'table', 'memory', 'global', 'export', 'start', 'element'];
const CODE = 10;
const DATA = 11;
/** @type {Map<number, string>} */
const names = new Map();
/** @type {number[]} */
const bodies = [];
/** @type {Map<string, { functions: number, bytes: number }>} */
const rooms = new Map();
let imports = 0;

function add(/** @type {string} */ room, /** @type {number} */ size, functions = 0) {
  const so = rooms.get(room) ?? { functions: 0, bytes: 0 };
  rooms.set(room, { functions: so.functions + functions, bytes: so.bytes + size });
}

while (at < bytes.length) {
  const id = bytes[at++] ?? 0;
  const size = number();
  const end = at + size;
  if (id === 0 && name() === 'name') {
    while (at < end) {
      const kind = bytes[at++];
      const next = number() + at;
      if (kind === 1) for (let n = number(); n > 0; n -= 1) names.set(number(), name());
      at = next;
    }
  } else if (id === 2) {
    for (let n = number(); n > 0; n -= 1) {
      name();
      name();
      if (bytes[at++] === 0) imports += 1;
      else throw new Error('only functions are expected among the imports');
      number();
    }
  } else if (id === CODE) {
    for (let n = number(); n > 0; n -= 1) {
      const body = number();
      bodies.push(body);
      at += body;
    }
  }
  if (id === DATA) add('data: words, codes, currencies', size);
  else if (id !== 0 && id !== CODE) add(`section: ${SECTIONS[id] ?? id}`, size);
  at = end;
}

/** The room that a function's name tells of. */
function roomOf(/** @type {string} */ name) {
  if (/serde|serializ|json::writer/i.test(name)) return 'writing JSON (journal, log, summary)';
  if (/fmt::|panic|_fail/.test(name)) return 'core: formatting, panics';
  const room = /payonce::([a-z_]+(?:::[a-z_]+)?)/.exec(name)?.[1];
  if (room) {
    const [top = '', below] = room.split('::');
    return ['checkout', 'browser', 'provider'].includes(top) && below ? `payonce::${top}::${below}` : `payonce::${top}`;
  }
  if (/rlsf|__rust/.test(name)) return 'rlsf (allocator)';
  const crate = /\b(sha2|digest|getrandom|wasm_bindgen|alloc|core)\b/.exec(name)?.[1];
  return crate ?? (/^wasm|^_?_?wb/.test(name) ? 'payonce::browser::exports' : 'other');
}

bodies.forEach((size, n) => add(roomOf(names.get(imports + n) ?? '?'), size, 1));

const all = [...rooms].sort(([, a], [, b]) => b.bytes - a.bytes);
const total = all.reduce((sum, [, { bytes }]) => sum + bytes, 0);
console.log('| room | functions | bytes | |\n|---|---:|---:|---:|');
for (const [room, { functions, bytes }] of all) {
  if (bytes * 400 < total) continue; // less than a quarter of a percent
  console.log(
    `| ${room} | ${functions || ''} | ${bytes.toLocaleString('en')} | ${((100 * bytes) / total).toFixed(1)} % |`,
  );
}
console.log(`| all | ${bodies.length} | ${total.toLocaleString('en')} | |`);
