// Stage: one thing that everybody waits for, measured several times over the code that everybody runs.
// Target: the median that a 2-core machine reaches when it has nothing else to do.
// Missing one ends in exit code 1; a load average beside the figures tells a slow harness from a busy machine.

import { availableParallelism, loadavg } from "node:os";
import { createColors } from "picocolors";
import { median, quantile } from "simple-statistics";
import { measureAll } from "./measure.ts";

interface Stage {
  readonly name: string;
  readonly unit: "ms" | "per s";
  /** Absent where nobody has named one. */
  readonly target?: number;
}

/** Times must not be above their target, rates not below. */
const stages = {
  firstSession: { name: "engine to first session", unit: "ms", target: 2_000 },
  migrations: { name: "the eight migrations", unit: "ms", target: 400 },
  clone: { name: "a clone", unit: "ms", target: 40 },
  experiments: { name: "isolation experiments on one connection", unit: "per s", target: 1_200 },
  tables: { name: "a gate of S, T, C, A and N", unit: "ms", target: 8_000 },
  gate: { name: "the whole gate", unit: "ms" },
} as const satisfies Record<string, Stage>;

export type StageName = keyof typeof stages;

const colors = createColors();
const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
let missed = 0;

/** Prints one line, and remembers whether the target was missed. */
function show(stage: StageName, samples: readonly number[]): void {
  const { name, unit, target }: Stage = stages[stage];
  const middle = median([...samples]);
  const [low, high] = [0.25, 0.75].map((part) => number.format(quantile([...samples], part)));
  const met = target === undefined || (unit === "ms" ? middle <= target : middle >= target);
  if (!met) missed += 1;
  const told = target === undefined ? "" : met ? "met" : "missed";
  const sign = unit === "ms" ? "<=" : ">=";
  console.log(
    [
      (met ? colors.green : colors.red)(told.padEnd(6)),
      name.padEnd(40),
      `${number.format(middle).padStart(6)} ${unit.padEnd(5)}`,
      `half of ${String(samples.length).padStart(2)} runs ${low}..${high}`.padEnd(30),
      target === undefined ? "no target" : `target ${sign} ${number.format(target)}`,
      colors.dim(`load ${loadavg()[0]?.toFixed(1)}`),
    ].join("  "),
  );
}

console.log(
  `${availableParallelism()} cores, load average ${loadavg()
    .map((load) => load.toFixed(1))
    .join(" ")}`,
);
for await (const { stage, samples } of measureAll()) show(stage, samples);
if (missed > 0 && (loadavg()[0] ?? 0) > availableParallelism())
  console.log(colors.yellow("The machine was busy with other things: measure again when it is not."));
process.exitCode = missed > 0 ? 1 : 0;
