// Effect: what the second of two arms takes longer in a round, by the medians of its samples; negative where it is faster.
// Bootstrap: the interval is that of the effects of rounds drawn again from those that were played. Executions are never
//   drawn: within a round they share a backend and a moment, and would promise far more than they know.

import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { mean, median, quantile, sampleWithReplacement } from "simple-statistics";
import type { Interval, Paired } from "./result.ts";
import type { Round } from "./rounds.ts";

/** The samples of two arms in one round, of one query; milliseconds, at least one of each. */
export interface Pair {
  readonly first: readonly number[];
  readonly second: readonly number[];
}

interface Point {
  readonly first: number;
  readonly second: number;
  readonly effect: number;
  readonly ratio: number;
}

const resamples = 2000;

/** The samples of two arms for the query `id`, round by round. */
export function pairsOf(rounds: readonly Round[], id: string, first: string, second: string): Pair[] {
  return rounds
    .filter(({ query }) => query === id)
    .map(({ samples }) => ({ first: samples[first] ?? [], second: samples[second] ?? [] }));
}

/** How the second arm compares with the first, over at least one round; the same for the same rounds in any order. */
export function pairedOf(rounds: readonly Pair[], seed: number): Paired {
  return estimate(rounds.map(pointOf), seed);
}

/** The same of all queries asked once each: times are means over them, in each round, and ratios are of these. */
export function pairedOfAll(queries: readonly (readonly Pair[])[], seed: number): Paired {
  const [one = [], ...others] = queries.map((rounds) => rounds.map(pointOf));
  const points = one.map((point, round) => {
    const all = [point, ...others.flatMap((rounds) => rounds[round] ?? [])];
    const meanOf = (pick: (point: Point) => number) => mean(all.map(pick));
    const [first, second] = [meanOf((one) => one.first), meanOf((one) => one.second)];
    return { first, second, effect: second - first, ratio: first > 0 ? (second - first) / first : 0 };
  });
  return estimate(points, seed);
}

function pointOf(pair: Pair): Point {
  const [first, second] = [median([...pair.first]), median([...pair.second])];
  const effect = second - first;
  // By its own round: a machine that is slow for a while is so for both.
  return { first, second, effect, ratio: first > 0 ? effect / first : 0 };
}

function estimate(points: readonly Point[], seed: number): Paired {
  // Drawn from one order, whichever they were played in.
  const sorted = [...points].sort((a, b) => a.effect - b.effect || a.ratio - b.ratio);
  const generator = xoroshiro128plus(seed);
  const effects: number[] = [];
  const ratios: number[] = [];
  for (let draw = 0; draw < resamples; draw++) {
    const drawn = sampleWithReplacement(sorted, sorted.length, () => uniformFloat64(generator));
    effects.push(median(drawn.map(({ effect }) => effect)));
    ratios.push(median(drawn.map(({ ratio }) => ratio)));
  }
  const effect = points.map((point) => point.effect);
  return {
    effect: intervalOf(effect, effects),
    ratio: intervalOf(
      points.map(({ ratio }) => ratio),
      ratios,
    ),
    firstMedian: median(points.map(({ first }) => first)),
    secondMedian: median(points.map(({ second }) => second)),
    rounds: effect,
  };
}

/** The median of values that are one a round, with its interval. */
export function medianOfRounds(values: readonly number[], seed: number): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const generator = xoroshiro128plus(seed);
  const drawn = Array.from({ length: resamples }, () =>
    median(sampleWithReplacement(sorted, sorted.length, () => uniformFloat64(generator))),
  );
  return intervalOf(sorted, drawn);
}

function intervalOf(measured: number[], drawn: number[]): Interval {
  const [low, high] = quantile(drawn, [0.025, 0.975]) as [number, number];
  return { estimate: median(measured), low, high };
}
