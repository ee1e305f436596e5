import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { Fault } from "../fault/fault.ts";
import type { Guarantee } from "../guarantees/guarantee.ts";
import type { Project } from "../guarantees/project.ts";
import { type LoadedProject, loadProject } from "./config.ts";
import { listenForInterruption } from "./interruption.ts";
import { checkOutputs, writeOutputs } from "./outputs.ts";
import { type EngineOptions, engineOptions, parseSeed, readEngineOptions } from "./settings.ts";

interface GateOptions extends EngineOptions {
  readonly migrations?: string;
  readonly platform?: "supabase" | "none";
  readonly privileges?: "open" | "closed";
  readonly only?: readonly string[];
  readonly seed?: number;
  readonly keep?: true;
  readonly json?: string;
  readonly junit?: string;
  readonly migrationTimeout?: number;
}

const keptHint = "What was made is kept; the note above says where.";

/** `tenantproof gate`: the check before a merge. */
export function gateCommand(): Command {
  const command = new Command("gate").description(
    "start a disposable PostgreSQL, apply the migrations and try to break every promise",
  );
  for (const option of engineOptions()) command.addOption(option);
  return command
    .option("--migrations <directory>", "the migrations; default: those of the configuration")
    .addOption(new Option("--platform <platform>", "what the host supplies").choices(["supabase", "none"]))
    .addOption(
      new Option(
        "--privileges <model>",
        "Supabase's default privileges, before and after 2026-05-30",
      ).choices(["open", "closed"]),
    )
    .option("--only <ids>", "prove these promises only: T6, or T for the whole group", collectIds)
    .option("--seed <number>", "draw the same random experiments again", parseSeed)
    .option("--keep", "keep the server and its databases, and say how to connect")
    .option("--json <file>", "write the result as JSON; - for standard output")
    .option("--junit <file>", "write the result as JUnit XML; - for standard output")
    .option(
      "--migration-timeout <seconds>",
      "the longest that one statement of a migration may run",
      parseSeconds,
    )
    .action(gate);
}

async function gate(options: GateOptions): Promise<void> {
  const { choice, request } = readEngineOptions(options, process.env);
  const loaded = await loadProject(process.cwd());
  const project = applyOptions(loaded, options);
  await checkOutputs(options);
  const interruption = listenForInterruption(options.keep ? keptHint : undefined);
  // All that a server needs takes half a second to load, and whoever mistyped an option is told sooner.
  const { runGate } = await import("./run-gate.ts");
  const { openProgress } = await import("./progress.ts");
  const result = await runGate(
    {
      choice,
      request,
      project,
      configuration: loaded.file,
      seed: options.seed ?? Math.floor(Math.random() * 2 ** 32),
      keep: options.keep ?? false,
      ...(options.migrationTimeout !== undefined && { statementTimeoutMs: options.migrationTimeout * 1000 }),
    },
    {
      progress: openProgress({
        stream: process.stderr,
        now: () => performance.now(),
        interruption: interruption.promise,
      }),
      now: () => new Date(),
    },
  );
  interruption.release();
  await writeOutputs(result, options);
  process.exitCode = result.exit;
}

/** The configured project with what the options change; all paths absolute. */
function applyOptions({ project, root }: LoadedProject, options: GateOptions): Project {
  return {
    ...project,
    // A folder given on the command line starts where the command was typed.
    migrations: options.migrations ? resolve(options.migrations) : resolve(root, project.migrations),
    baseline: project.baseline.map((file) => resolve(root, file)),
    platform: options.platform ?? project.platform,
    privileges: options.privileges ?? project.privileges,
    guarantees: chooseGuarantees(project.guarantees, options.only),
  };
}

/** @throws Fault USAGE when an id is not among the promises. */
function chooseGuarantees(
  all: readonly Guarantee[],
  only: readonly string[] | undefined,
): readonly Guarantee[] {
  if (only === undefined) return all;
  const matches = (wanted: string, { id }: Guarantee) => id === wanted || id.replace(/\d+$/, "") === wanted;
  const unknown = only.filter((wanted) => !all.some((guarantee) => matches(wanted, guarantee)));
  if (unknown.length > 0)
    throw new Fault("USAGE", `no promise is called ${unknown.join(", ")}`, {
      where: "--only",
      hint: `The promises are ${all.map(({ id }) => id).join(", ")}.`,
    });
  return all.filter((guarantee) => only.some((wanted) => matches(wanted, guarantee)));
}

function collectIds(text: string, before: readonly string[] = []): string[] {
  const ids = text.split(/[\s,]+/).filter((id) => id !== "");
  if (ids.length === 0) throw new InvalidArgumentError("It takes one or more ids, such as T6.");
  return [...before, ...ids.map((id) => id.toUpperCase())];
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0)) throw new InvalidArgumentError("It takes a number of seconds above 0.");
  return seconds;
}
