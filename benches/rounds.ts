/**
 * Interleaved rounds. In each round every subject is measured once, in an order drawn anew, so that a machine that is
 * slow for a moment is slow for all of them, and nobody always runs on the garbage of the same neighbour.
 */

/** What is measured against others. */
export interface Subject {
  readonly name: string;
  /** Runs for about `ms` and returns nanoseconds for each operation. */
  sample(ms: number): Promise<number>;
}

export interface Rounds {
  readonly rounds: number;
  /** ms for one subject in one round: few, because on a busy machine others are let in between. */
  readonly ms: number;
}

/** Nanoseconds for each operation; `ratio` is the median of this over the baseline in the same round. */
export interface Row {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly ratio: number;
  readonly rounds: number;
}

/** On a machine that is slow there are fewer rounds: no race lasts much longer than this, in ms. */
const LIMIT = 20_000;
const FEWEST_ROUNDS = 3;
/** ms for each subject, before the first round. */
const WARM_UP = 200;

/** The first subject is the baseline. */
export async function race(subjects: readonly Subject[], { rounds, ms }: Rounds): Promise<Row[]> {
  const started = performance.now();
  const samples = new Map<Subject, number[]>(subjects.map((subject) => [subject, []]));
  // A subject that was never run is not compiled yet: the first round is for that, and counts for nothing.
  for (const subject of subjects) await subject.sample(WARM_UP);
  for (let round = 0; round < rounds; round += 1) {
    if (round >= FEWEST_ROUNDS && performance.now() - started > LIMIT) break;
    for (const subject of shuffled(subjects)) {
      samples.get(subject)?.push(await subject.sample(ms));
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  const [baseline = []] = samples.values();
  return [...samples].map(([{ name }, values]) => ({
    name,
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    ratio: median(values.map((value, round) => value / (baseline[round] ?? NaN))),
    rounds: values.length,
  }));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
