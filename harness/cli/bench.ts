import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { Fault } from "../fault/fault.ts";
import type { Project } from "../guarantees/project.ts";
import { checkBenchOutputs, writeBenchOutputs } from "./bench-outputs.ts";
import { benchReportCommand } from "./bench-report.ts";
import { type LoadedProject, loadProject } from "./config.ts";
import { listenForInterruption } from "./interruption.ts";
import { type EngineOptions, engineOptions, parseSeed, readEngineOptions } from "./settings.ts";

interface BenchOptions extends EngineOptions {
  readonly migrations?: string;
  readonly rows?: number;
  readonly tenants?: number;
  readonly deep?: true;
  readonly against?: string;
  readonly only?: readonly string[];
  readonly rate?: number;
  readonly seconds?: number;
  readonly seed?: number;
  readonly waiveTiming?: true;
  readonly json?: string;
  readonly html?: string;
  readonly markdown?: string;
  readonly junit?: string;
}

const defaultRows = { targets: 1_000_000, against: 100_000 } as const;
const mostRows = 10_000_000;
/** Fewer rows leave a median tenant without any. */
const fewestRows = 10_000;

/** `tenantproof bench`: what queries, guards and upkeep cost, and whether a change made them slower. */
export function benchCommand(): Command {
  const command = new Command("bench").description(
    "fill a disposable PostgreSQL with rows and measure what the workload promises",
  );
  for (const option of engineOptions()) command.addOption(option);
  return command
    .addCommand(benchReportCommand())
    .option("--migrations <directory>", "the migrations; default: those of the configuration")
    .option(
      "--rows <number>",
      `of each table; default ${defaultRows.targets}, with --against ${defaultRows.against}`,
      parseCount(fewestRows, mostRows),
    )
    .option("--tenants <number>", "over how many tenants of unequal size", parseCount(3, 10_000), 200)
    .option("--deep", "measure growth up to 10,000,000 rows; takes ten times the room and the time to fill")
    .option("--against <ref|directory>", "compare with the migrations of a commit or folder, query by query")
    .option("--only <ids>", "measure these only: P1, P2, ...", collectIds)
    .option("--rate <number>", "requests a second over HTTP", parseCount(1, 100_000), 100)
    .option("--seconds <number>", "how long requests are made over HTTP, each way", parseCount(1, 3_600), 10)
    .option("--seed <number>", "make the same rows and draw the same values again", parseSeed, 1)
    .option("--waive-timing", "do not fail where nothing but a busy machine kept a promise from being proved")
    .option("--json <file>", "write the result as JSON, for a history; - for standard output")
    .option("--html <file>", "write the report, one file that needs no other")
    .option("--markdown <file>", "write the result for a pull request; - for standard output")
    .option("--junit <file>", "write the result as JUnit XML; - for standard output")
    .action(bench);
}

async function bench(options: BenchOptions): Promise<void> {
  const { choice, request } = readEngineOptions(options, process.env);
  const loaded = await loadProject(process.cwd());
  const project = applyOptions(loaded, options);
  if (project.workload === undefined)
    throw new Fault("CONFIG_INVALID", "it names no workload, so there is nothing to measure", {
      where: loaded.file,
      hint: "Add `workload`: the rows, queries and targets; bench/workload.ts of this package is one.",
    });
  const alone = options.against !== undefined && (options.only !== undefined || options.deep);
  if (alone)
    throw new Fault(
      "USAGE",
      "--against compares queries and nothing else: --only and --deep do not go with it",
      {
        where: "the command line",
        hint: "Leave one of them out, or run twice.",
      },
    );
  await checkBenchOutputs(options);
  const interruption = listenForInterruption();
  const { runBench } = await import("./run-bench.ts");
  const { openProgress } = await import("./progress.ts");
  const progress = openProgress({
    stream: process.stderr,
    now: () => performance.now(),
    interruption: interruption.promise,
  });
  const result = await runBench(
    {
      choice,
      request,
      project,
      workload: project.workload,
      configuration: loaded.file,
      directory: process.cwd(),
      seed: options.seed ?? 1,
      rows: options.rows ?? (options.against === undefined ? defaultRows.targets : defaultRows.against),
      tenants: options.tenants ?? 200,
      deep: options.deep ?? false,
      http: { rate: options.rate ?? 100, seconds: options.seconds ?? 10 },
      waiveTiming: options.waiveTiming ?? false,
      ...(options.against !== undefined && { against: options.against }),
      ...(options.only !== undefined && { only: options.only }),
    },
    { progress, interruption: interruption.promise, now: () => new Date() },
  );
  interruption.release();
  await writeBenchOutputs(result, options);
  process.exitCode = result.exit;
}

function applyOptions({ project, root }: LoadedProject, options: BenchOptions): Project {
  return {
    ...project,
    // A folder given on the command line starts where the command was typed.
    migrations: options.migrations ? resolve(options.migrations) : resolve(root, project.migrations),
    baseline: project.baseline.map((file) => resolve(root, file)),
  };
}

function parseCount(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = Number(text.replaceAll(/[_,]/g, ""));
    if (!/^[\d_,]+$/.test(text) || count < least || count > most)
      throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`);
    return count;
  };
}

const ids = ["P1", "P2", "P3", "P4", "P5", "P6"];

function collectIds(text: string, before: readonly string[] = []): string[] {
  const wanted = text
    .toUpperCase()
    .split(/[\s,]+/)
    .filter((id) => id !== "");
  const unknown = wanted.filter((id) => !ids.includes(id));
  if (wanted.length === 0 || unknown.length > 0)
    throw new InvalidArgumentError(`It takes one or more of ${ids.join(", ")}.`);
  return [...before, ...wanted];
}
