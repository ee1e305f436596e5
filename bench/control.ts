// The schema against itself, again and again: npm run bench:control [-- RUNS ROWS]. A comparison that finds a difference
// where there is none would be believed nowhere else. Default 20 runs with 20,000 rows a table.

import { createColors } from "picocolors";
import { cellsOf } from "../harness/bench/regression/arms.ts";
import { compareSchemas } from "../harness/bench/regression/compare.ts";
import { prepareContestant } from "../harness/bench/regression/contestant.ts";
import { misbehaviourOf } from "../harness/bench/regression/controls.ts";
import type { RegressionQuery } from "../harness/bench/result.ts";
import { readSubject, type Stages } from "../harness/guarantees/ground.ts";
import { scaleOf } from "../harness/workload/scale.ts";
import { configured, openEngine, seed } from "./ground.ts";

const given = process.argv.slice(2);
const [runs = 20, rows = 20_000] = given.map(Number);
if (![runs, rows].every((one) => Number.isInteger(one) && one > 0)) {
  console.error(`bench:control takes two numbers, of runs and of rows, not '${given.join(" ")}'`);
  process.exit(2);
}
const colors = createColors();
const scale = scaleOf(rows, 20, new Date("2025-01-10T00:00:00Z"));
const stages: Stages = { stage: (_, work) => work(() => {}) };

await using cluster = await openEngine();
const project = await configured();
const { tenancy, workload } = project;
if (workload === undefined) throw new Error("the configuration has no workload");
const subject = await readSubject(project);
const request = { cluster, workload, scale };
await using only = await prepareContestant("head", { ...request, subject, seed, stages });
const cells = cellsOf(workload.queries, scale);

const verdicts: RegressionQuery[] = [];
let believed = 0;
for (let run = 1; run <= runs; run++) {
  const from = performance.now();
  const { queries, controls } = await compareSchemas({
    ...{ ...request, base: only, head: only, cells, tenancy, deployer: only.deployer, seed: seed + run },
    say: () => {},
  });
  verdicts.push(...queries);
  const misbehaved = misbehaviourOf(controls);
  believed += misbehaved === undefined ? 1 : 0;
  const told = Object.entries(countsOf(queries)).map(([verdict, count]) => `${count} ${verdict}`);
  const seconds = ((performance.now() - from) / 1000).toFixed(0);
  console.log(
    `run ${run} of ${runs}, ${seconds} s: ${told.join(", ")}${misbehaved ? `; ${misbehaved}` : ""}`,
  );
  for (const { id, place, verdict, why } of queries)
    if (verdict !== "same") console.log(`  ${id} ${place}: ${verdict}, ${why}`);
}

const wrong = verdicts.filter(({ verdict }) => verdict === "slower" || verdict === "faster");
const counts = Object.entries(countsOf(verdicts)).map(([verdict, count]) => `${count} ${verdict}`);
console.log(
  `${verdicts.length} comparisons of equals: ${counts.join(", ")}; ${believed} of ${runs} runs had controls that behaved`,
);
// A busy machine finds nothing out, and that is no success either.
const failed = wrong.length > 0 || believed === 0;
console.log(failed ? colors.red("failed") : colors.green("no false finding"));
process.exitCode = failed ? 1 : 0;

function countsOf(queries: readonly RegressionQuery[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verdict } of queries) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}
