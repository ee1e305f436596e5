import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { Fault, messageOf } from "../fault/fault.ts";
import type { BenchResult } from "../report/bench-result.ts";
import { benchFormat } from "./bench-format.ts";

const hint = "Name files that 'tenantproof bench --json FILE' of this version has written.";
/** A file of another kind is wrong in every field; the first ones say enough. */
const shownProblems = 5;

/**
 * The result that `text` holds; `file` is what a fault names.
 * @throws Fault USAGE when it is no JSON, of another format or of another shape.
 */
export function readBenchResult(text: string, file: string): BenchResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Fault("USAGE", `this is no JSON: ${messageOf(cause)}`, { where: file, hint, cause });
  }
  const format = typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
  if (format !== 1) {
    const what =
      format === undefined
        ? "this is no result of a bench: it names no format"
        : `its format is ${JSON.stringify(format)}, and only 1 is read here`;
    throw new Fault("USAGE", what, { where: file, hint });
  }
  const parsed = v.safeParse(benchFormat, value);
  if (parsed.success) return parsed.output;
  const problems = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
  const more = problems.length - shownProblems;
  const shown = [...problems.slice(0, shownProblems), ...(more > 0 ? [`and ${more} more`] : [])];
  throw new Fault("USAGE", `this is no result of a bench:\n${shown.join("\n")}`, { where: file, hint });
}

/**
 * The result in that file.
 * @throws Fault USAGE when it cannot be read, and as `readBenchResult` does.
 */
export async function loadBenchResult(file: string): Promise<BenchResult> {
  try {
    return readBenchResult(await readFile(file, "utf8"), file);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault("USAGE", `the file cannot be read: ${messageOf(cause)}`, { where: file, hint, cause });
  }
}
