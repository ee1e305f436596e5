// Tolerance: how much later an answer may be without counting as slower. Noise: how different equal arms seem to be.

import type { Paired } from "../result.ts";

export type TimeVerdict = "faster" | "same" | "slower" | "unknown";

export interface TimeFinding {
  readonly verdict: TimeVerdict;
  /** Whether more rounds could say more. */
  readonly settled: boolean;
  /** The estimate of the effect; above 0 is slower. */
  readonly leaning: number;
  readonly why: string;
}

/** As a part of the first one's median. */
const mostRatio = 0.05;
const leastMs = 0.1;
/** A machine whose noise is so many times the tolerance cannot say that anything is the same. */
const mostNoise = 4;

/**
 * What the times say. Slower and faster only where the whole interval is outside of 5%, of 0.1 ms and of the noise. The
 * same where it ends inside of 5% or 0.1 ms; inside of the noise only where it has 0 in it, since an effect that is surely
 * there and less than the noise is unknown, and only where the noise is not many times as much.
 */
export function judgeTime({ effect, firstMedian, ratio }: Paired, noiseMs: number): TimeFinding {
  const tolerance = Math.max(firstMedian * mostRatio, leastMs);
  const budget = Math.max(tolerance, noiseMs);
  const why = `${signed(effect.estimate)} (${percent(ratio.estimate)}), 95% between ${signed(effect.low)} and ${signed(effect.high)}; from ${budget.toFixed(2)} ms on it counts`;
  const found = { leaning: effect.estimate, why };
  if (effect.low > budget) return { ...found, verdict: "slower", settled: true };
  if (effect.high < -budget) return { ...found, verdict: "faster", settled: true };
  // Perhaps faster: more rounds may tell, and if they do not, it is not slower.
  const quiet = effect.low <= 0 && noiseMs <= mostNoise * tolerance;
  if (effect.high <= (quiet ? budget : tolerance))
    return { ...found, verdict: "same", settled: effect.low >= -budget };
  return { ...found, verdict: "unknown", settled: false };
}

/** The farthest from 0 that the effect between equal arms may be, by its interval; milliseconds. */
export function noiseOf({ effect }: Paired): number {
  return Math.max(Math.abs(effect.low), Math.abs(effect.high));
}

function signed(ms: number): string {
  return `${ms < 0 ? "" : "+"}${ms.toFixed(2)} ms`;
}

function percent(ratio: number): string {
  return `${ratio < 0 ? "" : "+"}${(ratio * 100).toFixed(1)}%`;
}
