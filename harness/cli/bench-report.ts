import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { Fault, messageOf } from "../fault/fault.ts";
import { loadBenchResult } from "./bench-file.ts";

interface BenchReportOptions {
  readonly html: string;
}

/** `tenantproof bench report FILE...`: several results side by side, in the order of time. */
export function benchReportCommand(): Command {
  return new Command("report")
    .description("draw the results of several runs as one HTML file; it judges nothing")
    .argument("<file...>", "results that bench has written as JSON")
    .option("--html <file>", "where the HTML goes", "bench-history.html")
    .action(async (files: readonly string[], { html }: BenchReportOptions) => {
      const results = await Promise.all(files.map(loadBenchResult));
      // Charts take their time to load.
      const { renderHistory } = await import("../report/bench/history.ts");
      await write(html, renderHistory(results));
      process.stdout.write(`${html}\n`);
    });
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new Fault("USAGE", `the history could not be written: ${messageOf(cause)}`, {
      ...{ where: file, cause },
      hint: "Name a file in a folder that this user may write.",
    });
  }
}
