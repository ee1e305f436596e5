import { describe, expect, it } from "vitest";
import { concludePromises, promiseIds } from "../../harness/bench/promises.ts";
import type { BenchPromise, Findings, Judgement, Outcome, SizeResult } from "../../harness/bench/result.ts";
import { sampleResult } from "../report/bench/sample.ts";

type Found = Omit<Findings, "promises">;
const judged = (outcome: Outcome, why: string = outcome): Judgement => ({ outcome, why });
const byClock: Judgement = { ...judged("inconclusive"), byClock: true };
const size = (table: string, judgement: Judgement): SizeResult => ({
  ...{ table, rows: 1, totalKb: 1, heapKb: 1, indexesKb: 0, mostKb: 1 },
  judgement,
});
const conclude = (found: Found, durations = new Map<string, number>()): BenchPromise => {
  const [one, ...others] = concludePromises(found, durations);
  if (one === undefined || others.length > 0) throw new Error("not one promise");
  return one;
};
const whole = sampleResult("filtered");
const [query] = whole.queries ?? [];
const [cell] = query?.cells ?? [];
const [chore] = whole.chores ?? [];
const [compared] = whole.regression?.queries ?? [];

/** One query with one cell that was judged so. */
function queryJudged(workJudgement: Judgement, timeJudgement?: Judgement): Found {
  if (query === undefined || cell === undefined) throw new Error("the sample has no query");
  const { timeJudgement: _, ...rest } = cell;
  const cells = [{ ...rest, workJudgement, ...(timeJudgement && { timeJudgement }) }];
  return { queries: [{ ...query, id: "q", cells }] };
}

describe("a promise", () => {
  it("is told of what was measured and of nothing else, in their order", () => {
    expect(concludePromises({}, new Map())).toEqual([]);
    const found = { removals: [], sizes: [], growth: [] };
    expect(concludePromises(found, new Map()).map(({ id }) => id)).toEqual(["P2", "P4", "P6"]);
    expect(promiseIds).toEqual(["P1", "P2", "P3", "P4", "P5", "P6"]);
  });

  it.each<[string, Found, object]>([
    [
      "holds where all pass",
      { sizes: [size("a", judged("pass")), size("b", judged("pass"))] },
      { verdict: { state: "holds", checked: 2 } },
    ],
    [
      "is broken by each that fails, whatever else",
      {
        sizes: [
          size("a", judged("fail", "too large")),
          size("b", judged("inconclusive")),
          size("c", judged("fail")),
        ],
      },
      {
        verdict: {
          state: "broken",
          checked: 3,
          breaches: [
            { what: "a: too large", sql: "" },
            { what: "c: fail", sql: "" },
          ],
        },
      },
    ],
    [
      "is unproven where one is open",
      {
        sizes: [
          size("a", judged("inconclusive", "no rows")),
          size("b", judged("pass")),
          size("c", judged("inconclusive")),
        ],
      },
      { verdict: { state: "unproven", checked: 3, why: "a: no rows; and 1 more" }, byTimingAlone: false },
    ],
    [
      "is unproven where there is nothing, and no clock is to blame",
      { sizes: [] },
      {
        verdict: { state: "unproven", checked: 0, why: "the workload names nothing to measure" },
        byTimingAlone: false,
      },
    ],
    [
      "is unproven by timing alone where the clock could not tell",
      queryJudged(judged("pass"), byClock),
      { verdict: { state: "unproven", checked: 2 }, byTimingAlone: true },
    ],
    [
      "is not by timing alone where a time is open for another reason",
      queryJudged(judged("pass"), judged("inconclusive")),
      { verdict: { state: "unproven", checked: 2 }, byTimingAlone: false },
    ],
    [
      "is not by timing alone where counting could not tell either",
      queryJudged(judged("inconclusive"), byClock),
      { verdict: { state: "unproven" }, byTimingAlone: false },
    ],
    [
      "counts work and time of a query each",
      queryJudged(judged("pass"), judged("pass")),
      { verdict: { state: "holds", checked: 2 } },
    ],
    [
      "counts no time where nothing is promised",
      queryJudged(judged("pass")),
      { verdict: { state: "holds", checked: 1 } },
    ],
  ])("%s", (_, found, expected) => {
    expect(conclude(found)).toMatchObject(expected);
  });

  it("says of a query where and how it was asked, with the SQL that shows it", () => {
    const { verdict } = conclude(queryJudged(judged("fail", "it reads too much")));
    expect(verdict).toMatchObject({
      breaches: [
        {
          what: expect.stringMatching(/^q, \w+ tenant, (not )?prepared.*: it reads too much$/),
          sql: cell?.repeat ?? "",
        },
      ],
    });
  });

  it("says of a chore what was run", () => {
    if (chore === undefined) throw new Error("the sample has no chore");
    const { verdict } = conclude({ chores: [{ ...chore, judgement: judged("fail", "somebody waits") }] });
    expect(verdict).toMatchObject({ breaches: [{ what: `${chore.title}: somebody waits`, sql: chore.sql }] });
  });

  it("has the time that its measurements took", () => {
    expect(conclude({ sizes: [] }, new Map([["P4", 12]])).durationMs).toBe(12);
    expect(conclude({ sizes: [] }).durationMs).toBe(0);
  });
});

describe("a comparison", () => {
  it.each([
    ["slower", "broken"],
    ["unknown", "unproven"],
    ["same", "holds"],
    ["faster", "holds"],
  ] as const)("that comes out %s is %s", (verdict, state) => {
    if (whole.regression === undefined || compared === undefined)
      throw new Error("the sample compares nothing");
    const queries = [{ ...compared, verdict, why: "so it is", causes: ["an index was removed"] }];
    const promise = conclude({ regression: { ...whole.regression, queries } });
    expect(promise).toMatchObject({ id: "against", verdict: { state } });
    if (state !== "holds")
      expect(JSON.stringify(promise.verdict)).toContain(`${verdict}: so it is (an index was removed)`);
  });
});
