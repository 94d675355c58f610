/** The results, for people. */

import type { Row } from './rounds';
import type { SuiteResults } from './suite';

export interface Results {
  readonly at: string;
  readonly cpu: string;
  readonly versions: { readonly node: string; readonly chromium: string };
  readonly node: SuiteResults;
  readonly chromium: SuiteResults;
}

export function tables({ at, cpu, versions, node, chromium }: Results): string {
  const engines = { [`Node ${versions.node}`]: node, [`Chromium ${versions.chromium}`]: chromium };
  const parts = [`${at}, ${cpu}`];
  for (const [engine, { machine, hash }] of Object.entries(engines)) {
    parts.push(table(`${engine}: machine, ns for each of nine events (${machine.coreEvents} of the core)`, machine.rows));
    for (const { lines, rows } of hash.sizes) {
      parts.push(table(`${engine}: hash of a cart of ${lines.toLocaleString('en')} lines, ns`, rows));
    }
    parts.push(table(`${engine}: hash of 10,000 lines after an edit of one, ns`, hash.edit));
  }
  return parts.join('\n\n');
}

function table(title: string, rows: readonly Row[]): string {
  const number = (value: number): string => Math.round(value).toLocaleString('en');
  const lines = rows.map(({ name, median, min, max, ratio }) => [
    name,
    number(median),
    number(min),
    number(max),
    ratio.toFixed(2),
  ]);
  const cells = [['', 'median', 'min', 'max', 'times'], ...lines];
  const first = Math.max(...cells.map(([name = '']) => name.length));
  const body = cells.map(([name = '', ...rest]) => `${name.padEnd(first)}${rest.map((cell) => cell.padStart(14)).join('')}`);
  return [title, ...body].join('\n');
}
