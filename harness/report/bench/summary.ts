import type { BenchResult } from "../bench-result.ts";
import { formatCount, formatDuration, formatMoment } from "./quantity.ts";
import { whyOf } from "./table.ts";

/** Why the run stands where it stands, in one sentence; empty where that needs no reason. */
export function reasonOf({ fault, promises, standing }: BenchResult): string {
  if (fault) return fault.what;
  const state = standing === "broken" ? "broken" : "unproven";
  const first = promises.find(({ verdict }) => verdict.state === state);
  if (first === undefined) return "";
  return `${first.id}: ${whyOf(first)}`;
}

/** What was measured: "1,000,000 rows a table over 200 tenants at 1a2b3c4". */
export function subjectOf({ rows, tenants, revision }: BenchResult): string {
  const at = revision === undefined ? "" : ` at ${revision}`;
  return `${formatCount(rows)} rows a table over ${formatCount(tenants)} tenants${at}`;
}

/** On what and how it was measured, as names and values in the order of reading. */
export function factsOf(result: BenchResult): readonly (readonly [name: string, value: string])[] {
  const { engine, machine, revision } = result;
  return [
    ["rows", `${formatCount(result.rows)} a table over ${formatCount(result.tenants)} tenants`],
    ...(revision === undefined ? [] : [["revision", revision] as const]),
    ["engine", engine ?? "none was started"],
    ["machine", `${machine.cores} cores, load ${machine.load.map((load) => load.toFixed(2)).join(" to ")}`],
    ["started", formatMoment(result.startedAt)],
    ["took", formatDuration(result.durationMs)],
    ["seed", String(result.seed)],
    ["tool", `${result.tool} ${result.version}`],
    ["exit code", String(result.exit)],
  ];
}
