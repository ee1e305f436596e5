import fc from "fast-check";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { describe, expect, it } from "vitest";
import { type Pair, pairedOf, pairedOfAll, pairsOf } from "../../harness/bench/paired.ts";

const times = fc.array(fc.double({ min: 0.05, max: 500, noNaN: true }), { minLength: 1, maxLength: 8 });
const pair = fc.record({ first: times, second: times });
const rounds = fc.array(pair, { minLength: 1, maxLength: 30 });
const seed = fc.integer({ min: 0, max: 0xffff_ffff });
const few = { numRuns: 25 };

/** Rounds of a machine that drifts, is disturbed now and then, and gives each backend a speed of its own. */
function noisyRounds(from: number, count: number, shiftMs: number): Pair[] {
  const generator = xoroshiro128plus(from);
  const random = () => uniformFloat64(generator);
  const drift = 1 + random();
  return Array.from({ length: count }, (_, round) => {
    const pace = 1 + (drift * round) / count + (random() < 0.1 ? 3 * random() : 0);
    const arm = (shift: number) => {
      const backend = 1 + 0.06 * (random() + random() - 1);
      return Array.from(
        { length: 10 },
        () => (1 + 0.2 * random() + (random() < 0.05 ? 20 * random() : 0)) * pace * backend + shift,
      );
    };
    return { first: arm(0), second: arm(shiftMs) };
  });
}

describe("a paired comparison", () => {
  it("finds no effect between equal arms", () => {
    fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 30 }), seed, (all, from) => {
        const equal = pairedOf(
          all.map((one) => ({ first: one, second: [...one].reverse() })),
          from,
        );
        expect(equal.effect).toEqual({ estimate: 0, low: 0, high: 0 });
        expect(equal.ratio).toEqual({ estimate: 0, low: 0, high: 0 });
      }),
      few,
    );
  });

  it("recovers a shift that every execution has", () => {
    const shift = fc.double({ min: -0.04, max: 50, noNaN: true });
    fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 30 }), shift, seed, (all, ms, from) => {
        const shifted = pairedOf(
          all.map((first) => ({ first, second: first.map((time) => time + ms) })),
          from,
        );
        for (const found of Object.values(shifted.effect)) expect(found).toBeCloseTo(ms, 6);
        expect(shifted.rounds).toHaveLength(all.length);
      }),
      few,
    );
  });

  it("is the same for the same rounds in any order, and for the same seed", () => {
    fc.assert(
      fc.property(rounds, seed, (all, from) => {
        const [one, other] = [pairedOf(all, from), pairedOf([...all].reverse(), from)];
        expect({ ...other, rounds: [...other.rounds].reverse() }).toEqual(one);
        expect(pairedOf(all, from)).toEqual(one);
      }),
      few,
    );
  });

  it("keeps its estimates inside their intervals, and those inside what was measured", () => {
    fc.assert(
      fc.property(rounds, seed, (all, from) => {
        const { effect, rounds: effects } = pairedOf(all, from);
        expect(effect.low).toBeLessThanOrEqual(effect.estimate);
        expect(effect.high).toBeGreaterThanOrEqual(effect.estimate);
        expect(effect.low).toBeGreaterThanOrEqual(Math.min(...effects));
        expect(effect.high).toBeLessThanOrEqual(Math.max(...effects));
      }),
      few,
    );
  });

  for (const { count, shiftMs } of [
    { count: 20, shiftMs: 0 },
    { count: 20, shiftMs: 0.3 },
    { count: 40, shiftMs: 0 },
  ])
    it(`covers an effect of ${shiftMs} ms in about 95 of 100 noisy series of ${count} rounds`, () => {
      const series = 150;
      const covered = Array.from({ length: series }, (_, n) => {
        const { effect } = pairedOf(noisyRounds(1000 * count + n, count, shiftMs), n);
        return effect.low <= shiftMs && shiftMs <= effect.high;
      }).filter(Boolean).length;
      // Four standard errors: 95% of 150 is 142.5.
      expect(covered / series).toBeGreaterThan(0.88);
    });

  it("finds 5% in twenty noisy rounds", () => {
    const { effect, ratio } = pairedOf(noisyRounds(7, 20, 0.15), 1);
    expect(effect.low).toBeGreaterThan(0);
    expect(ratio.low).toBeGreaterThan(0);
  });

  it("asks all queries once each", () => {
    const of = (ms: number, factor: number) => [{ first: [ms], second: [ms * factor] }];
    const all = pairedOfAll([of(1, 1.1), of(99, 1.3)], 1);
    expect(all.effect.estimate).toBeCloseTo((0.1 + 29.7) / 2, 9);
    expect(all.ratio.estimate).toBeCloseTo(0.298, 9);
  });

  it("takes the two arms and the query that were asked for", () => {
    const samples = { a: [1], b: [2], c: [4] };
    const played = [
      { index: 0, query: "one", samples },
      { index: 0, query: "two", samples },
    ];
    expect(pairsOf(played, "one", "a", "c")).toEqual([{ first: [1], second: [4] }]);
  });
});
