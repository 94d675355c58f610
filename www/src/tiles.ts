/** Radio buttons that look like tiles. */

import { h } from './dom';

export interface Tile {
  readonly value: string;
  readonly name: string;
  readonly note: Node | string;
}

export interface Tiles {
  readonly elements: readonly HTMLElement[];
  chosen(): string;
  choose(value: string): void;
}

/** Makes a group of them, none chosen. */
export function tiles(group: string, entries: readonly Tile[]): Tiles {
  const inputs = entries.map(({ value }) =>
    h('input', { type: 'radio', name: group, value, 'data-testid': `${group}-${value}` }),
  );
  return {
    elements: entries.map(({ name, note }, index) => h('label', {}, inputs[index] ?? null, h('span', {}, name, note))),
    chosen: () => inputs.find((input) => input.checked)?.value ?? '',
    choose(value) {
      for (const input of inputs) input.checked = input.value === value;
    },
  };
}
