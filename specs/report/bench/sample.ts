import type { BenchPromise } from "../../../harness/bench/result.ts";
import { type FaultCode, faults } from "../../../harness/fault/faults.ts";
import type { Verdict } from "../../../harness/guarantees/verdict.ts";
import type { BenchResult } from "../../../harness/report/bench-result.ts";
import { standingOf } from "../../../harness/report/standing.ts";
import { openDraw } from "../../../harness/workload/draw.ts";
import { sampleCosts } from "./sample-costs.ts";
import { latencyOf } from "./sample-numbers.ts";
import { type Condition, sampleQueries } from "./sample-queries.ts";
import { sampleRegression } from "./sample-regression.ts";

const titles = {
  P1: "each query of the application meets its target at the 99th percentile, and reads what it returns",
  P2: "latency stays flat as a table grows from 10,000 rows to 10,000,000",
  P3: "row level security costs at most 5%, pgAudit at most 10%, both at most 15%",
  P4: "1,000 rows of each table take no more than was allowed",
  P5: "weekly and monthly chores hold nobody up longer than their budget",
  P6: "deletes take milliseconds, whatever goes with them",
};

const held: Verdict = { state: "holds", checked: 24 };

const verdicts: Readonly<Record<Condition, Verdict>> = {
  fine: held,
  filtered: {
    ...{ state: "broken", checked: 24 },
    breaches: [
      {
        what: "contacts-by-status reads 25,000 rows of the largest tenant to return 50",
        sql: "explain (analyze, buffers) select 1;",
      },
    ],
  },
  floored: {
    ...{ state: "unproven", checked: 24 },
    why: "the floor is not below the target: SELECT 1 has a p99 of 11.8 ms on this machine",
  },
};

/** A result with every section, the same for the same seed: all fine, one promise broken, or a machine that is too busy. */
export function sampleResult(condition: Condition = "fine", seed = 7): BenchResult {
  const draw = openDraw(seed);
  const promises = Object.entries(titles).map(
    ([id, title]): BenchPromise => ({
      ...{ id, title, durationMs: 41_250, verdict: id === "P1" ? verdicts[condition] : held },
      ...(id === "P1" && condition === "floored" && { byTimingAlone: true }),
    }),
  );
  return {
    ...head(seed),
    engine: "local: PostgreSQL 15.18 (Debian 15.18-0+deb12u1), with pgAudit",
    stages: [
      { name: "engine", detail: "local, chosen since no Docker engine listens", durationMs: 840 },
      { name: "rows", detail: "1,000,000 in each of 4 tables", durationMs: 214_300 },
      { name: "queries", detail: "6 in 24 cells, 2,000 each", durationMs: 96_400 },
    ],
    notes: ["autovacuum, JIT and parallel plans are off while anything is measured"],
    promises,
    floor: latencyOf(draw, 0.062, condition === "floored" ? 1.34 : 0.16),
    queries: sampleQueries(draw, condition),
    ...sampleCosts(draw),
    regression: sampleRegression(draw, condition === "filtered"),
    ...standingOf(promises),
  };
}

/** A run that a fault ended after its queries were measured. */
export function sampleFailure(code: FaultCode = "ENGINE_LOST", what = "the server ended"): BenchResult {
  const { queries, floor, ...rest } = sampleResult();
  const { exit, hint } = faults[code];
  return {
    ...head(rest.seed),
    ...{ stages: rest.stages, notes: [], promises: [], standing: "failed", exit },
    ...(floor && { floor }),
    ...(queries && { queries }),
    fault: { code, what, where: "while removals were measured", hint },
  };
}

/** A run that ended before anything was measured. */
export function sampleNothing(): BenchResult {
  return { ...head(7), stages: [], notes: [], promises: [], standing: "unproven", exit: 5 };
}

function head(seed: number): Omit<BenchResult, "stages" | "notes" | "promises" | "standing" | "exit"> {
  return {
    ...{ tool: "tenantproof", version: "0.1.0", seed, durationMs: 724_000, rows: 1_000_000, tenants: 200 },
    ...{ startedAt: "2025-01-10T08:30:00.000Z", revision: "9b07d31" },
    format: 1,
    machine: { cores: 2, load: [0.31, 1.12] },
  };
}

/** Runs of seven weeks, in no order; the last but one broke a promise, one ended early, and one had fewer rows. */
export function sampleHistory(): readonly BenchResult[] {
  return Array.from({ length: 8 }, (_, week): BenchResult => {
    const startedAt = new Date(Date.UTC(2025, 0, 10 + 7 * week, 8, 30)).toISOString();
    const result =
      week === 3 ? sampleFailure() : sampleResult(week === 6 ? "filtered" : "fine", 7 + week * 13);
    return { ...result, startedAt, revision: `9b07d3${week}`, rows: week === 0 ? 100_000 : result.rows };
  }).reverse();
}
