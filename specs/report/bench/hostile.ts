import type { BenchResult } from "../../../harness/report/bench-result.ts";
import { standingOf } from "../../../harness/report/standing.ts";
import { sampleFailure, sampleResult } from "./sample.ts";

/** Strings that are words of the report itself, by the name of their field. */
const words = new Set([
  ...["format", "standing", "state", "outcome", "place", "way", "planKind", "asker", "verdict", "code"],
]);

/** Every string that a server, a file or a configuration could have said becomes `text`; ids stay apart by a number. */
export function saying(text: string): BenchResult {
  const broken = sampleResult("filtered");
  const unproven = sampleResult("floored").promises.slice(0, 1);
  const promises = [...broken.promises, ...unproven];
  const { fault } = sampleFailure();
  const whole: BenchResult = { ...broken, promises, ...standingOf(promises), ...(fault && { fault }) };
  let count = 0;
  const told = (value: unknown, name: string): unknown => {
    if (typeof value === "string") return words.has(name) ? value : `${text}${name === "id" ? count++ : ""}`;
    if (Array.isArray(value)) return value.map((one) => told(one, name));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, told(one, key)]));
  };
  return told(whole, "") as BenchResult;
}

/** The same where every time, every ratio and every count of the measurements is none. */
export function withoutNumbers(result: BenchResult): BenchResult {
  const emptied = (value: unknown): unknown => {
    if (typeof value === "number") return Number.NaN;
    if (Array.isArray(value)) return value.map(emptied);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, emptied(one)]));
  };
  const { format, exit, seed, machine, promises } = result;
  return { ...(emptied(result) as BenchResult), format, exit, seed, machine, promises };
}
