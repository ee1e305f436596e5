import type { BenchResult } from "../report/bench-result.ts";
import { showsColors } from "./colors.ts";
import { checkFiles, toStandardOutput, writeTo } from "./outputs.ts";

interface BenchOutputOptions {
  readonly json?: string;
  readonly html?: string;
  readonly markdown?: string;
  readonly junit?: string;
}

function filesOf({ json, html, markdown, junit }: BenchOutputOptions) {
  return { "--json": json, "--html": html, "--markdown": markdown, "--junit": junit };
}

/** @throws Fault USAGE when a result could not be written where it is wanted, before anything is started. */
export function checkBenchOutputs(options: BenchOutputOptions): Promise<void> {
  return checkFiles(filesOf(options));
}

/**
 * The result has been shown to people and written wherever it was wanted.
 * @throws Fault USAGE when a file can no longer be written.
 */
export async function writeBenchOutputs(result: BenchResult, options: BenchOutputOptions): Promise<void> {
  const { renderBenchHuman } = await import("../report/bench/human.ts");
  const machineReads = Object.values(filesOf(options)).includes(toStandardOutput);
  const people = machineReads ? process.stderr : process.stdout;
  people.write(`${renderBenchHuman(result, { color: showsColors(people) })}\n`);
  const { json, html, markdown, junit } = options;
  if (json !== undefined) await writeTo(json, `${JSON.stringify(result, null, 2)}\n`);
  if (markdown !== undefined) {
    const { renderBenchMarkdown } = await import("../report/bench/markdown.ts");
    await writeTo(markdown, renderBenchMarkdown(result));
  }
  if (junit !== undefined) {
    const { renderBenchJunit } = await import("../report/bench/junit.ts");
    await writeTo(junit, renderBenchJunit(result));
  }
  if (html !== undefined) {
    const { renderBenchHtml } = await import("../report/bench/html.ts");
    await writeTo(html, renderBenchHtml(result));
  }
}
