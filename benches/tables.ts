/** The results as tables in Markdown: for the terminal, and for docs/performance.md. */

import type { HashResults } from './hash';
import type { MachineResults } from './machine';
import type { Row } from './rounds';
import type { StartResults } from './start';

/** What was measured in both engines. */
export interface Both<Results> {
  readonly node: Results;
  readonly chromium: Results;
}

export function machineTable({ node, chromium }: Both<MachineResults>): string {
  const cells = (rows: readonly Row[], index: number): string[] => {
    const row = rows[index];
    return row === undefined ? [] : [spread(row, NS), times(row)];
  };
  return [
    `Machine: ns for each of nine events. payonce's core takes ${node.coreEvents} events for them.`,
    table(
      ['', 'Node', 'of payonce', 'Chromium', 'of payonce'],
      node.rows.map(({ name }, index) => [name, ...cells(node.rows, index), ...cells(chromium.rows, index)]),
    ),
  ].join('\n\n');
}

export function hashTables({ node, chromium }: Both<HashResults>): string {
  const parts: string[] = [];
  for (const [engine, { sizes, edit }] of Object.entries({ Node: node, Chromium: chromium })) {
    const head = ['lines', ...sizes.map(({ lines }) => count(lines))];
    const names = sizes[0]?.rows.map(({ name }) => name) ?? [];
    const columns = (cell: (row: Row) => string): string[][] =>
      names.map((name, index) => [name, ...sizes.map(({ rows }) => (rows[index] ? cell(rows[index]) : ''))]);
    parts.push(`Cart hash in ${engine}: us for one hash.`);
    parts.push(
      table(
        head,
        columns((row) => spread(row, US)),
      ),
    );
    parts.push(`The same, as multiples of payonce.`);
    parts.push(table(head, columns(times)));
    parts.push(`Cart hash in ${engine}: us after an edit of one line of 10,000.`);
    parts.push(
      table(
        ['', engine, 'of payonce'],
        edit.map((row) => [row.name, spread(row, US), times(row)]),
      ),
    );
  }
  return parts.join('\n\n');
}

export function startTables({ downloads, times, memory }: StartResults): string {
  return [
    'Start, in Chromium: ms from the request for the code to the first usable snapshot.',
    table(
      ['', 'ms'],
      times.map((row) => [row.name, spread(row, MS)]),
    ),
    'What these pages download, in bytes.',
    table(
      ['', 'raw', 'brotli'],
      downloads.map(({ name, raw, brotli }) => [name, count(raw), count(brotli)]),
    ),
    'Memory, in Chromium: bytes after that many checkouts were made and disposed.',
    table(
      ['checkouts', 'WebAssembly', 'JavaScript'],
      memory.map(({ checkouts, wasm, js }) => [count(checkouts), count(wasm), count(js)]),
    ),
  ].join('\n\n');
}

/** Nanoseconds in one of the unit. */
const NS = 1;
const US = 1e3;
const MS = 1e6;

/** The median, and from where to where it went. */
function spread({ median, min, max }: { median: number; min: number; max: number }, unit: number): string {
  const [middle, from, to] = [median, min, max].map((ns) => digits(ns / unit));
  return `${middle} (${from} to ${to})`;
}

const times = ({ ratio }: Row): string => digits(ratio);
const count = (value: number): string => value.toLocaleString('en');

/** Three digits, and all of those before the point. */
function digits(value: number): string {
  return value < 100 ? value.toPrecision(3) : count(Math.round(value));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [
    line(head),
    `|${widths.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`,
    ...rows.map(line),
  ].join('\n');
}
