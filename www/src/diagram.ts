/** The eleven states as a picture: the present one lit, the last transition drawn. */

import type { State } from 'payonce';
import { s, setText } from './dom';
import { words } from './format';

interface Place {
  readonly column: number;
  readonly row: number;
  /** What the state means, in one sentence. */
  readonly text: string;
}

const STATES: Readonly<Record<State, Place>> = {
  empty: { column: 0, row: 0, text: 'There is nothing to pay for.' },
  ready: { column: 1, row: 0, text: 'A session stands for exactly this cart.' },
  blocked: { column: 2, row: 1, text: 'Another tab is paying.' },
  failed: { column: 0, row: 1, text: 'This session cannot be paid any more.' },
  sheet_open: { column: 1, row: 1, text: 'The wallet shows the total that will be charged.' },
  waiting: { column: 0, row: 2, text: 'No answer. The same bytes go out again under the same key.' },
  sending: { column: 1, row: 2, text: 'The attempt is in the journal and on its way.' },
  action_required: { column: 2, row: 2, text: 'The bank asks the shopper.' },
  unresolved: { column: 0, row: 3, text: 'Even the merchant could not tell yet. No new attempt starts.' },
  settling: { column: 1, row: 3, text: 'Nobody knows what happened. The merchant is asked for the truth.' },
  succeeded: { column: 2, row: 3, text: 'Paid, once.' },
};

/** The ways most often taken. Any other is drawn when it is taken. */
const WAYS: readonly (readonly [State, State])[] = [
  ['empty', 'ready'],
  ['ready', 'empty'],
  ['ready', 'sheet_open'],
  ['sheet_open', 'ready'],
  ['sheet_open', 'sending'],
  ['sending', 'sheet_open'],
  ['sending', 'waiting'],
  ['waiting', 'sending'],
  ['sending', 'action_required'],
  ['sending', 'settling'],
  ['sending', 'succeeded'],
  ['sending', 'failed'],
  ['sending', 'blocked'],
  ['blocked', 'ready'],
  ['waiting', 'settling'],
  ['action_required', 'settling'],
  ['settling', 'succeeded'],
  ['settling', 'unresolved'],
  ['unresolved', 'settling'],
  ['failed', 'sheet_open'],
];

const NODE = { width: 108, height: 42 };
const GAP = { x: 138, y: 80 };
const MARGIN = 4;
const LINE = 15;
const SIZE = { width: 2 * GAP.x + NODE.width + 2 * MARGIN, height: 3 * GAP.y + NODE.height + 2 * MARGIN };

interface Point {
  readonly x: number;
  readonly y: number;
}

function centre(state: State): Point {
  const { column, row } = STATES[state];
  return { x: MARGIN + NODE.width / 2 + column * GAP.x, y: MARGIN + NODE.height / 2 + row * GAP.y };
}

function inside(point: Point, state: State, margin: number): boolean {
  const { x, y } = centre(state);
  return Math.abs(point.x - x) < NODE.width / 2 + margin && Math.abs(point.y - y) < NODE.height / 2 + margin;
}

/** A state's name, one line for each of its words. */
function label(state: State): SVGElement {
  const { x, y } = centre(state);
  const lines = words(state).split(' ');
  const top = y - (LINE * (lines.length - 1)) / 2;
  return s(
    'text',
    {},
    ...lines.map((line, index) => s('tspan', { x: String(x), y: String(top + index * LINE) }, line)),
  );
}

/** The arrow from one state to another: a line beside the one that comes back, bent where a state is in its way. */
function arrow(from: State, to: State): string {
  const a = centre(from);
  const b = centre(to);
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  const side = { x: -(b.y - a.y) / length, y: (b.x - a.x) / length };
  const curve = (bow: number, t: number): Point => {
    const shift = 6 + 4 * bow * t * (1 - t);
    return { x: a.x + (b.x - a.x) * t + side.x * shift, y: a.y + (b.y - a.y) * t + side.y * shift };
  };
  const steps = Array.from({ length: 81 }, (_, step) => step / 80);
  const others = (Object.keys(STATES) as State[]).filter((state) => state !== from && state !== to);
  const blocked = (bow: number): boolean => steps.some((t) => others.some((state) => inside(curve(bow, t), state, 2)));
  const bow = [0, 40, -52, 83, -95].find((candidate) => !blocked(candidate)) ?? 0;
  const points = steps.map((t) => curve(bow, t)).filter((point) => !inside(point, from, 1) && !inside(point, to, 5));
  return points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}

/** Draws the diagram into `element`. */
export function stateDiagram(element: HTMLElement): { render(state: State, cameFrom: State | null): void } {
  const nodes = new Map(
    (Object.keys(STATES) as State[]).map((state) => {
      const { x, y } = centre(state);
      const [left, top] = [x - NODE.width / 2, y - NODE.height / 2].map(String) as [string, string];
      const node = s(
        'g',
        { class: 'node' },
        s('rect', { x: left, y: top, width: `${NODE.width}`, height: `${NODE.height}`, rx: '10' }),
        label(state),
      );
      return [state, node] as const;
    }),
  );
  const last = s('path', { class: 'way last', 'marker-end': 'url(#arrow-last)' });
  const svg = s(
    'svg',
    { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, 'aria-hidden': 'true', focusable: 'false' },
    s('defs', {}, marker('arrow'), marker('arrow-last')),
    s(
      'g',
      {},
      ...WAYS.map(([from, to]) => s('path', { class: 'way', d: arrow(from, to), 'marker-end': 'url(#arrow)' })),
    ),
    last,
    s('g', {}, ...nodes.values()),
  );
  element.append(svg);

  let shown = '';
  return {
    render(state, cameFrom) {
      for (const [name, node] of nodes) {
        node.classList.toggle('now', name === state);
        node.classList.toggle('before', name === cameFrom && name !== state);
      }
      const path = cameFrom === null || cameFrom === state ? '' : arrow(cameFrom, state);
      if (path !== shown) {
        shown = path;
        last.setAttribute('d', path);
        // A new element starts its animation anew; a changed one would not.
        last.replaceWith(last);
        last.style.setProperty('--length', String(path === '' ? 0 : Math.ceil(last.getTotalLength())));
      }
    },
  };
}

/** Says the state in words: the picture's text alternative. */
export function renderState(name: HTMLElement, text: HTMLElement, state: State): void {
  setText(name, state);
  setText(text, STATES[state].text);
}

function marker(id: string): SVGElement {
  return s(
    'marker',
    { id, viewBox: '0 0 8 8', refX: '7', refY: '4', markerWidth: '7', markerHeight: '7', orient: 'auto-start-reverse' },
    s('path', { d: 'M0 0.5 8 4 0 7.5z' }),
  );
}
