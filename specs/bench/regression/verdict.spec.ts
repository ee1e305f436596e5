import { describe, expect, it } from "vitest";
import { judgeTime, noiseOf, type TimeFinding } from "../../../harness/bench/regression/time.ts";
import { decide } from "../../../harness/bench/regression/verdict.ts";
import type { Paired } from "../../../harness/bench/result.ts";

function paired(firstMedian: number, [low, estimate, high]: readonly [number, number, number]): Paired {
  const ratio = { low: low / firstMedian, estimate: estimate / firstMedian, high: high / firstMedian };
  const effect = { low, estimate, high };
  return { effect, ratio, firstMedian, secondMedian: firstMedian + estimate, rounds: [estimate] };
}

describe("times say", () => {
  it.each<[TimeFinding["verdict"], string, number, readonly [number, number, number], number, boolean]>([
    ["slower", "more than 5% of a slow query", 10, [0.6, 0.8, 1], 0, true],
    ["unknown", "less than 5% of a slow query, perhaps", 10, [0.3, 0.5, 0.7], 0, false],
    ["same", "less than 5% of a slow query, surely", 10, [0.2, 0.3, 0.4], 0, true],
    ["same", "half of a fast query that is less than 0.1 ms", 0.1, [0.03, 0.05, 0.08], 0, true],
    ["slower", "more than 0.1 ms of a fast query", 0.1, [0.11, 0.15, 0.2], 0, true],
    ["unknown", "much, which is less than the noise", 1, [0.4, 0.5, 0.6], 0.9, false],
    ["unknown", "something in the noise that is surely there", 1, [0.05, 0.1, 0.2], 0.3, false],
    ["same", "nothing that stands out of the noise", 1, [-0.1, 0.1, 0.2], 0.3, true],
    ["unknown", "what reaches out of the noise", 1, [-0.1, 0.1, 0.4], 0.3, false],
    ["unknown", "nothing, on a machine that is too busy to say so", 1, [-0.3, 0.1, 0.5], 0.9, false],
    ["faster", "less time", 1, [-0.5, -0.3, -0.2], 0.1, true],
    ["same", "less time, perhaps", 1, [-0.5, -0.2, 0.05], 0.1, false],
  ])("%s: %s", (verdict, _, first, effect, noiseMs, settled) => {
    expect(judgeTime(paired(first, effect), noiseMs)).toMatchObject({ verdict, settled });
  });

  it("how different equal arms seem, by the end of their interval that is farther from 0", () => {
    expect(noiseOf(paired(1, [-0.3, -0.1, 0.1]))).toBe(0.3);
    expect(noiseOf(paired(1, [-0.1, 0.1, 0.4]))).toBe(0.4);
  });
});

const [more, less] = [["touches 90 pages instead of 5"], ["touches 5 pages instead of 90"]];
const time = (verdict: TimeFinding["verdict"], leaning = 0): TimeFinding => ({
  ...{ verdict, leaning, settled: true, why: "so it was" },
});

describe("a query is", () => {
  it.each<[string, string, Partial<Parameters<typeof decide>[0]>]>([
    ["slower", "more work, which no time shows", { work: { more, less: [] }, time: time("same") }],
    ["slower", "more work, undecided times", { work: { more, less: [] }, time: time("unknown") }],
    ["slower", "more work, no times", { work: { more, less: [] }, timingMisbehaved: "noise" }],
    ["faster", "more work in less time", { work: { more, less: [] }, time: time("faster") }],
    ["faster", "less work in less time", { work: { more: [], less }, time: time("faster") }],
    ["faster", "less work, times lean its way", { work: { more: [], less }, time: time("unknown", -1) }],
    ["unknown", "less work, times lean against", { work: { more: [], less }, time: time("unknown", 1) }],
    ["faster", "less work, no times", { work: { more: [], less }, timingMisbehaved: "noise" }],
    ["same", "less work in the same time", { work: { more: [], less }, time: time("same") }],
    ["slower", "less work in more time", { work: { more: [], less }, time: time("slower") }],
    ["unknown", "more of one and less of another", { work: { more, less }, time: time("unknown") }],
    ["slower", "equal work in more time", { time: time("slower") }],
    ["unknown", "equal work, no times", { time: time("slower"), timingMisbehaved: "noise" }],
    ["same", "more work in equal schemas", { work: { more, less: [] }, schemaChanged: false }],
  ])("%s: %s", (verdict, _, given) => {
    const evidence = { work: { more: [], less: [] }, time: time("same"), timingMisbehaved: undefined };
    const decision = decide({ ...evidence, schemaChanged: true, ...given });
    expect(decision.verdict).toBe(verdict);
    const said =
      (given.schemaChanged ?? true) ? [...(given.work?.more ?? []), ...(given.work?.less ?? [])] : [];
    for (const one of [...said, given.timingMisbehaved ?? "so it was"]) expect(decision.why).toContain(one);
  });
});
