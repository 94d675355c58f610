/** The results, for people. */

import type { HashResults } from './hash';
import type { MachineResults } from './machine';
import type { Row } from './rounds';
import type { StartResults } from './start';

export function machineTable(engine: string, { rows, coreEvents }: MachineResults): string {
  const title = `Machine, ${engine}: for each of nine events; payonce's core takes ${coreEvents}`;
  return table(title, ['', 'median', 'min', 'max', 'of payonce'], rows.map(cells));
}

export function hashTables(engine: string, { sizes, edit }: HashResults): string {
  const tables = sizes.map(({ lines, rows }) =>
    table(`Cart hash, ${engine}: ${count(lines)} lines`, ['', 'median', 'min', 'max', 'of payonce'], rows.map(cells)),
  );
  const title = `Cart hash, ${engine}: 10,000 lines after an edit of one`;
  tables.push(table(title, ['', 'median', 'min', 'max', 'of payonce'], edit.map(cells)));
  return tables.join('\n\n');
}

export function startTables(engine: string, { downloads, times, memory }: StartResults): string {
  return [
    table(
      `Start, ${engine}: from the request for the code to the first usable snapshot`,
      ['', 'median', 'min', 'max'],
      times.map(({ name, median, min, max }) => [name, ...[median, min, max].map((ms) => duration(ms * 1e6))]),
    ),
    table(
      'What these pages download, bytes',
      ['', 'raw', 'brotli'],
      downloads.map(({ name, raw, brotli }) => [name, count(raw), count(brotli)]),
    ),
    table(
      `Memory, ${engine}: bytes after that many checkouts were made and disposed`,
      ['', 'WebAssembly', 'JavaScript'],
      memory.map(({ checkouts, wasm, js }) => [count(checkouts), count(wasm), count(js)]),
    ),
  ].join('\n\n');
}

function cells({ name, median, min, max, ratio }: Row): string[] {
  return [name, ...[median, min, max].map(duration), `${ratio.toPrecision(3)} x`];
}

const count = (value: number): string => value.toLocaleString('en');

/** Nanoseconds, in a unit that leaves three digits to look at. */
function duration(ns: number): string {
  if (ns < 1e3) return `${ns.toPrecision(3)} ns`;
  return ns < 1e6
    ? `${(ns / 1e3).toPrecision(3)} us`
    : `${ns >= 1e9 ? Math.round(ns / 1e6) : (ns / 1e6).toPrecision(3)} ms`;
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const [first, ...others] = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)),
  );
  const lines = [head, ...rows].map(([name = '', ...rest]) =>
    [name.padEnd(first ?? 0), ...rest.map((cell, column) => cell.padStart((others[column] ?? 0) + 2))].join(' '),
  );
  return [title, ...lines].join('\n');
}
