import { Command } from "commander";
import { loadBenchResult } from "./bench-file.ts";
import { checkFiles, toStandardOutput, writeTo } from "./outputs.ts";

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
      await checkFiles({ "--html": html });
      const results = await Promise.all(files.map(loadBenchResult));
      // Charts take their time to load.
      const { renderHistory } = await import("../report/bench/history.ts");
      await writeTo(html, renderHistory(results));
      if (html !== toStandardOutput) process.stdout.write(`${html}\n`);
    });
}
