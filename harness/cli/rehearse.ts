import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { Fault } from "../fault/fault.ts";
import type { Project } from "../guarantees/project.ts";
import { sniffSnapshot } from "../rehearsal/snapshot/snapshot.ts";
import { type LoadedProject, loadProject } from "./config.ts";
import { listenForInterruption } from "./interruption.ts";
import { checkRehearsalOutputs, writeRehearsalOutputs } from "./rehearsal-outputs.ts";
import { type EngineOptions, engineOptions, parseSeed, readEngineOptions } from "./settings.ts";

interface RehearseOptions extends EngineOptions {
  readonly snapshot: string;
  readonly migrations?: string;
  readonly pending?: readonly string[];
  readonly applied?: readonly string[];
  readonly maxStall: number;
  readonly rate: number;
  readonly traffic: boolean;
  readonly platform?: "supabase" | "none";
  readonly privileges?: "open" | "closed";
  readonly mask?: true;
  readonly keep?: true;
  readonly seed?: number;
  readonly json?: string;
  readonly markdown?: string;
}

const keptHint = "What was restored is kept; the note above says where.";

/** `tenantproof rehearse`: the run before a deploy. */
export function rehearseCommand(): Command {
  const command = new Command("rehearse").description(
    "restore a snapshot of production on a disposable PostgreSQL, apply what is pending, and say what a deploy would do",
  );
  for (const option of engineOptions()) command.addOption(option);
  return command
    .requiredOption(
      "--snapshot <file|directory>",
      "a dump: pg_dump's custom, directory, tar or plain format, also .gz or .zst, or the Supabase CLI's three files",
    )
    .option("--migrations <directory>", "the migrations; default: those of the configuration")
    .option("--pending <names...>", "these migrations are pending, and no others")
    .option("--applied <names...>", "these migrations are in the snapshot already, and no others")
    .option("--max-stall <time>", "nobody may be held up for as long: 500ms, 1s", parseTime, 1_000)
    .option("--rate <number>", "requests a second beside the migrations", parseRate, 100)
    .option("--no-traffic", "try neither traffic nor a queue beside the migrations")
    .addOption(new Option("--platform <platform>", "what the host supplies").choices(["supabase", "none"]))
    .addOption(
      new Option(
        "--privileges <model>",
        "Supabase's default privileges, before and after 2026-05-30",
      ).choices(["open", "closed"]),
    )
    .option("--mask", "replace names, phones, e-mail addresses and free text right after the restore")
    .option("--keep", "keep the server with the restored snapshot, and say how to connect")
    .option("--seed <number>", "make the same requests and rows again", parseSeed)
    .option("--json <file>", "write the result as JSON; - for standard output")
    .option("--markdown <file>", "write the result for a pull request; - for standard output")
    .action(rehearse);
}

async function rehearse(options: RehearseOptions): Promise<void> {
  const { choice, request } = readEngineOptions(options, process.env);
  if (options.pending && options.applied)
    throw new Fault("USAGE", "--pending and --applied say the same in two ways: give one", {
      where: "the command line",
    });
  if (choice === "existing")
    throw new Fault("USAGE", "a rehearsal needs a server of its own, whose log and settings it can see", {
      where: "--engine",
      hint: "Leave --engine out, or name docker, local or embedded.",
    });
  const loaded = await loadProject(process.cwd());
  await checkRehearsalOutputs(options);
  // A file that cannot be a snapshot is told before a server starts.
  const snapshot = await sniffSnapshot(resolve(options.snapshot));
  const interruption = listenForInterruption(options.keep ? keptHint : undefined);
  const { runRehearsal } = await import("./run-rehearsal.ts");
  const { openProgress } = await import("./progress.ts");
  const result = await runRehearsal(
    {
      choice,
      request,
      snapshot,
      project: applyOptions(loaded, options),
      configuration: loaded.file,
      told: { pending: options.pending, applied: options.applied },
      maxStallMs: options.maxStall,
      rate: options.traffic ? options.rate : 0,
      ...(options.mask && { maskKey: randomBytes(32).toString("hex") }),
      keep: options.keep ?? false,
      seed: options.seed ?? Math.floor(Math.random() * 2 ** 32),
    },
    {
      progress: openProgress({
        stream: process.stderr,
        now: () => performance.now(),
        interruption: interruption.promise,
      }),
      interruption: interruption.promise,
      now: () => new Date(),
    },
  );
  interruption.release();
  await writeRehearsalOutputs(result, options);
  process.exitCode = result.exit;
}

/** The configured project with what the options change; all paths absolute. */
function applyOptions({ project, root }: LoadedProject, options: RehearseOptions): Project {
  return {
    ...project,
    migrations: options.migrations ? resolve(options.migrations) : resolve(root, project.migrations),
    baseline: project.baseline.map((file) => resolve(root, file)),
    platform: options.platform ?? project.platform,
    privileges: options.privileges ?? project.privileges,
  };
}

function parseTime(text: string): number {
  const [, amount = "", unit = "ms"] = /^(\d+(?:\.\d+)?)\s*(ms|s)?$/.exec(text) ?? [];
  const ms = Number(amount) * (unit === "s" ? 1000 : 1);
  if (amount === "" || ms < 10)
    throw new InvalidArgumentError("It takes a time of at least 10ms, such as 500ms or 1s.");
  return ms;
}

function parseRate(text: string): number {
  const rate = Number(text);
  if (!/^\d+$/.test(text) || rate < 1 || rate > 10_000)
    throw new InvalidArgumentError("It takes a whole number from 1 to 10000.");
  return rate;
}
