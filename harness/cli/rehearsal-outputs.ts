import type { RehearsalResult } from "../report/rehearsal-result.ts";
import { showsColors } from "./colors.ts";
import { checkFiles, toStandardOutput, writeTo } from "./outputs.ts";

interface RehearsalOutputOptions {
  readonly json?: string;
  readonly markdown?: string;
}

/** @throws Fault USAGE when a result could not be written where it is wanted, before anything is started. */
export function checkRehearsalOutputs({ json, markdown }: RehearsalOutputOptions): Promise<void> {
  return checkFiles({ "--json": json, "--markdown": markdown });
}

/**
 * The result has been shown to people and written wherever it was wanted.
 * @throws Fault USAGE when a file can no longer be written.
 */
export async function writeRehearsalOutputs(
  result: RehearsalResult,
  { json, markdown }: RehearsalOutputOptions,
): Promise<void> {
  const { renderRehearsalHuman } = await import("../report/rehearsal/human.ts");
  const machineReads = [json, markdown].includes(toStandardOutput);
  const people = machineReads ? process.stderr : process.stdout;
  people.write(`${renderRehearsalHuman(result, { color: showsColors(people) })}\n`);
  if (json !== undefined) await writeTo(json, `${JSON.stringify(result, null, 2)}\n`);
  if (markdown !== undefined) {
    const { renderRehearsalMarkdown } = await import("../report/rehearsal/markdown.ts");
    await writeTo(markdown, renderRehearsalMarkdown(result));
  }
}
