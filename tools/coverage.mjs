/**
 * Which cells of the transition table the tests entered: `node tools/coverage.mjs FOLDER`, where the tests left their
 * notes. Prints how many tests entered each cell, and writes which ones to FOLDER/tests.txt. Fails where no test entered
 * a cell, or none was taken where the table takes the event.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? '.';

/** The lines of a file, split at their tabs. */
const rows = (/** @type {string} */ name) =>
  readFileSync(join(folder, name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));

/**
 * What the table says of a state and an event, and the tests by what became of the event.
 *
 * @typedef {{ state: string, event: string, decision: string, taken: Set<string>, rejected: Set<string> }} Cell
 */

/** @type {Map<string, Cell>} */
const cells = new Map();
for (const [state = '', event = '', decision = ''] of rows('cells')) {
  cells.set(`${state} ${event}`, { state, event, decision, taken: new Set(), rejected: new Set() });
}
for (const name of readdirSync(folder).filter((name) => name.endsWith('.tsv'))) {
  for (const [state, event, outcome, test = '?'] of rows(name)) {
    const cell = cells.get(`${state} ${event}`);
    cell?.[outcome === 'taken' ? 'taken' : 'rejected'].add(test);
  }
}

const states = [...new Set([...cells.values()].map(({ state }) => state))];
const events = [...new Set([...cells.values()].map(({ event }) => event))];
const width = Math.max(...states.map((state) => state.length)) + 2;

/** How many tests entered a cell. */
function count(/** @type {Cell | undefined} */ cell) {
  if (!cell) return '';
  return `${cell.taken.size + cell.rejected.size}${cell.decision === 'rejected' ? ' -' : ''}`;
}

console.log('Tests that entered each cell of the transition table; - where the table rejects the event.\n');
console.log(''.padEnd(20) + states.map((state) => state.padStart(width)).join(''));
for (const event of events) {
  const row = states.map((state) => count(cells.get(`${state} ${event}`)).padStart(width));
  console.log(event.padEnd(20) + row.join(''));
}

const listed = [...cells.values()].map(
  ({ state, event, decision, taken, rejected }) =>
    `${state} ${event} (${decision})\n${[...taken, ...rejected].map((test) => `  ${test}\n`).join('')}`,
);
writeFileSync(join(folder, 'tests.txt'), listed.join(''));

const missed = [...cells.values()].filter(({ decision, taken, rejected }) =>
  decision === 'taken' ? taken.size === 0 : rejected.size === 0,
);
console.log(`\n${cells.size - missed.length} of ${cells.size} cells are entered as the table decides them.`);
for (const { state, event, decision } of missed) console.log(`not ${decision} by any test: ${state} ${event}`);
process.exitCode = missed.length > 0 ? 1 : 0;
