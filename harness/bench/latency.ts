import { binomialDistribution, quantileSorted } from "simple-statistics";
import { Fault } from "../fault/fault.ts";
import type { Interval, Judgement, Latency } from "./result.ts";

const confidence = 0.95;
const percentiles = [...Array.from({ length: 99 }, (_, index) => index + 1), 99.5, 99.9, 99.95, 99.99];

/** How the samples are spread, in milliseconds; zeros where there is none. */
export function latencyOf(samples: readonly number[]): Latency {
  if (samples.length === 0)
    return { count: 0, p50: 0, p90: 0, p99: { estimate: 0, low: 0, high: 0 }, max: 0, curve: [] };
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (percentile: number) => quantileSorted(sorted, percentile / 100);
  // A percentile that fewer than one sample lies above is the maximum by another name.
  const told = percentiles.filter((percentile) => (1 - percentile / 100) * sorted.length >= 1);
  return {
    count: sorted.length,
    p50: at(50),
    p90: at(90),
    p99: intervalOf(sorted, at(99), 0.99),
    max: sorted.at(-1) ?? Number.NaN,
    curve: told.map((percentile) => [percentile, at(percentile)] as const),
  };
}

/** The order statistics between which the quantile lies in 95 of 100 cases, whatever the distribution. */
function intervalOf(sorted: readonly number[], estimate: number, quantile: number): Interval {
  const below = cumulative(sorted.length, quantile);
  const low = below.findIndex((part) => part > (1 - confidence) / 2);
  const high = below.findIndex((part) => part >= (1 + confidence) / 2);
  return {
    estimate,
    // The estimate lies between two samples, and of two samples below both ends.
    low: Math.min(estimate, sorted[Math.max(0, low - 1)] ?? Number.NaN),
    high: sorted[Math.min(sorted.length - 1, high)] ?? Number.NaN,
  };
}

/**
 * Whether 99 of 100 executions take less than the target, told by how many samples exceed it: "pass" and "fail" are each
 * wrong in at most 5 of 100 runs, and in between there are too few samples to tell.
 */
export function judgeExceedances(over: number, count: number, rate = 0.01): Judgement["outcome"] {
  if (count === 0) return "inconclusive";
  const below = cumulative(count, rate);
  const atMost = (k: number) => (k < 0 ? 0 : (below[Math.min(k, below.length - 1)] ?? 1));
  if (atMost(over) <= 1 - confidence) return "pass";
  if (1 - atMost(over - 1) <= 1 - confidence) return "fail";
  return "inconclusive";
}

/** By k: how likely at most k of `trials` are. */
function cumulative(trials: number, probability: number): readonly number[] {
  const key = `${trials} ${probability}`;
  const known = distributions.get(key);
  if (known) return known;
  let sum = 0;
  const cells = binomialDistribution(trials, probability);
  if (cells === undefined) throw new Fault("BUG", `There is no distribution of ${trials} trials.`);
  const made = cells.map((one) => {
    sum += one;
    return sum;
  });
  distributions.set(key, made);
  return made;
}
const distributions = new Map<string, readonly number[]>();

const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

/** `3.1 ms`, `0.24 ms`. */
export function told(ms: number): string {
  return `${number.format(ms)} ms`;
}

/** What a busy machine adds to a request that asks for nothing, it adds to every other one, and more to a longer one. */
const calmPart = 0.5;

/** Whether more samples could tell what these cannot: a machine that is certainly too busy stays so for the moment. */
export function couldTellMore(
  samples: readonly number[],
  floor: readonly number[],
  targetMs: number,
  peers: readonly number[] = [],
): boolean {
  const noisy = floor.filter((ms) => ms >= targetMs * calmPart).length;
  const late = peers.filter((ms) => ms >= targetMs).length;
  return (
    judgeTarget(samples, floor, targetMs, peers).outcome === "inconclusive" &&
    judgeExceedances(noisy, floor.length) !== "fail" &&
    judgeExceedances(late, peers.length) !== "fail"
  );
}

/**
 * What the samples say of the target. `floor` are those of a request that asks for nothing, taken between them: where its
 * 99th percentile is not below half of the target, the machine is at fault and only a query that misses the target more
 * often than not is. `peers` are those of a request that merely counts for as long as the query usually takes: the longer
 * a request, the more of what disturbs the machine falls into it, so that these must meet the target for a miss to count.
 */
export function judgeTarget(
  samples: readonly number[],
  floor: readonly number[],
  targetMs: number,
  peers: readonly number[] = [],
): Judgement {
  const over = samples.filter((ms) => ms >= targetMs).length;
  const calmMs = targetMs * calmPart;
  const noisy = floor.filter((ms) => ms >= calmMs).length;
  const late = peers.filter((ms) => ms >= targetMs).length;
  const even = peers.length === 0 || judgeExceedances(late, peers.length) === "pass";
  const calm = judgeExceedances(noisy, floor.length) === "pass" && even;
  const outcome = judgeExceedances(over, samples.length);
  const seen = `p99 ${told(latencyOf(samples).p99.estimate)}, ${over} of ${number.format(samples.length)} not below ${told(targetMs)}`;
  const breached = judgeExceedances(floor.filter((ms) => ms >= targetMs).length, floor.length) === "fail";
  const usual = samples.length > 0 && over > samples.length / 2 && noisy < floor.length / 4;
  if (outcome === "fail" && usual) return { outcome, why: seen };
  if (calm || (outcome === "pass" && !breached))
    return outcome === "inconclusive"
      ? { outcome, why: `${seen}: too few samples to tell`, byClock: true }
      : { outcome, why: seen };
  return {
    outcome: "inconclusive",
    byClock: true,
    why: even
      ? `${seen}; but ${number.format(noisy)} of ${number.format(floor.length)} requests that ask for nothing are not below ${told(calmMs)}: the machine is busy`
      : `${seen}; but ${number.format(late)} of ${number.format(peers.length)} requests that only count for as long are not below it either: the machine is busy`,
  };
}
