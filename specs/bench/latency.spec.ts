import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeExceedances, judgeTarget, latencyOf } from "../../harness/bench/latency.ts";
import { openDraw } from "../../harness/workload/draw.ts";

/** So many samples of 1 ms, of which `over` take 20. */
const samplesOf = (count: number, over: number) =>
  Array.from({ length: count }, (_, n) => (n < over ? 20 : 1));
const quiet = samplesOf(1_000, 0);

describe("exceedances of a percentile", () => {
  // Exact binomial, one-sided 95%.
  it.each([
    { count: 300, pass: 0, fail: 7 },
    { count: 1_000, pass: 4, fail: 16 },
    { count: 5_000, pass: 38, fail: 63 },
  ])("of $count samples pass up to $pass and fail from $fail", ({ count, pass, fail }) => {
    const outcomes = Array.from({ length: fail + 20 }, (_, over) => judgeExceedances(over, count));
    expect(outcomes.lastIndexOf("pass")).toBe(pass);
    expect(outcomes.indexOf("fail")).toBe(fail);
    expect(outcomes.slice(0, pass + 1).every((outcome) => outcome === "pass")).toBe(true);
    expect(outcomes.slice(pass + 1, fail).every((outcome) => outcome === "inconclusive")).toBe(true);
    expect(outcomes.slice(fail).every((outcome) => outcome === "fail")).toBe(true);
    expect(judgeExceedances(count, count)).toBe("fail");
  });

  it("of too few samples pass in no case", () => {
    for (let count = 1; count < 299; count++) expect(judgeExceedances(0, count)).toBe("inconclusive");
    expect(judgeExceedances(0, 299)).toBe("pass");
    expect(judgeExceedances(0, 0)).toBe("inconclusive");
  });
});

describe("a latency", () => {
  it("of no samples is zeros", () => {
    const zeros = { count: 0, p50: 0, p90: 0, p99: { estimate: 0, low: 0, high: 0 }, max: 0, curve: [] };
    expect(latencyOf([])).toEqual(zeros);
  });

  it("has percentiles that rise, inside what was measured", () => {
    const times = fc.array(fc.double({ min: 0.01, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(times, (all) => {
        const { count, p50, p90, p99, max, curve } = latencyOf(all);
        expect(count).toBe(all.length);
        expect(max).toBe(Math.max(...all));
        const rising = [Math.min(...all), p50, p90, p99.estimate, max];
        expect(rising).toEqual([...rising].sort((a, b) => a - b));
        expect(p99.low).toBeLessThanOrEqual(p99.estimate);
        expect(p99.high).toBeGreaterThanOrEqual(p99.estimate);
        const told = curve.map(([, ms]) => ms);
        expect(told).toEqual([...told].sort((a, b) => a - b));
        // Where fewer than one sample lies above, it would be the maximum by another name.
        for (const [percentile] of curve) expect((1 - percentile / 100) * count).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
  });

  it("has an interval that the true p99 is in, in about 95 of 100 series", () => {
    const draw = openDraw(11);
    const runs = 400;
    const covered = Array.from({ length: runs }, () => {
      const { p99 } = latencyOf(Array.from({ length: 1_000 }, () => draw.between(0, 999_999)));
      return p99.low <= 990_000 && 990_000 <= p99.high;
    }).filter(Boolean).length;
    expect(covered / runs).toBeGreaterThan(0.92);
  });
});

describe("a target", () => {
  it.each<[string, number[], number[], string, RegExp]>([
    ["is met", samplesOf(1_000, 4), quiet, "pass", /^p99 .*, 4 of 1,000 not below 10 ms$/],
    ["is missed", samplesOf(1_000, 16), quiet, "fail", /^p99 20 ms, 16 of 1,000 not below 10 ms$/],
    [
      "is open while there are too few samples",
      samplesOf(1_000, 9),
      quiet,
      "inconclusive",
      /too few samples/,
    ],
    [
      "is not missed where nothing can be asked for in time",
      samplesOf(1_000, 16),
      samplesOf(1_000, 16),
      "inconclusive",
      /16 of 1,000 requests that ask for nothing are not below 5 ms: the machine is busy$/,
    ],
    [
      "is not missed where asking for nothing takes half as long",
      samplesOf(1_000, 16),
      Array(1_000).fill(6),
      "inconclusive",
      /1,000 of 1,000 .* busy$/,
    ],
    [
      "is missed on any machine by what misses it nearly always",
      samplesOf(1_000, 900),
      samplesOf(1_000, 16),
      "fail",
      /10 ms$/,
    ],
    ["is not met there either", samplesOf(1_000, 0), samplesOf(1_000, 16), "inconclusive", /busy$/],
    ["is not missed where nobody looked at the floor", samplesOf(1_000, 16), [], "inconclusive", /busy$/],
    ["is not met by no samples", [], quiet, "inconclusive", /too few samples/],
  ])("%s", (_, samples, floor, outcome, why) => {
    const judgement = judgeTarget(samples, floor, 10);
    expect(judgement).toMatchObject({ outcome, why: expect.stringMatching(why) });
    expect(judgement.byClock ?? false).toBe(outcome === "inconclusive");
  });

  it("is never met where the floor breaches it", () => {
    fc.assert(
      fc.property(fc.nat({ max: 300 }), fc.nat({ max: 300 }), (over, overFloor) => {
        const floor = samplesOf(1_000, overFloor);
        const { outcome } = judgeTarget(samplesOf(1_000, over), floor, 10);
        if (judgeExceedances(overFloor, 1_000) === "fail") expect(outcome).toBe("inconclusive");
      }),
      { numRuns: 60 },
    );
  });

  it("is not missed where a request that only counts for as long misses it, too", () => {
    const missed = samplesOf(1_000, 16);
    expect(judgeTarget(missed, quiet, 10, samplesOf(1_000, 4)).outcome).toBe("fail");
    expect(judgeTarget(missed, quiet, 10, samplesOf(1_000, 5))).toMatchObject({
      ...{ outcome: "inconclusive", byClock: true, why: expect.stringMatching(/5 of 1,000 .* count/) },
    });
    expect(judgeTarget(samplesOf(1_000, 900), quiet, 10, samplesOf(1_000, 900)).outcome).toBe("fail");
  });

  it("counts what takes exactly as long as allowed as too long", () => {
    expect(judgeTarget(Array(1_000).fill(10), quiet, 10).outcome).toBe("fail");
  });
});
