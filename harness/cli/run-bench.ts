import { availableParallelism, loadavg } from "node:os";
import { execa } from "execa";
import { openBase } from "../bench/base.ts";
import { concludePromises } from "../bench/promises.ts";
import type { BenchPromise, Findings } from "../bench/result.ts";
import type { Cluster, EngineRequest } from "../engine/cluster.ts";
import { thisMachine } from "../engine/machine.ts";
import { Fault } from "../fault/fault.ts";
import { exits } from "../fault/faults.ts";
import { readSubject } from "../guarantees/ground.ts";
import type { Project } from "../guarantees/project.ts";
import type { BenchResult } from "../report/bench-result.ts";
import { standingOf } from "../report/standing.ts";
import type { Workload } from "../workload/workload.ts";
import { compareWithBase } from "./compare.ts";
import { failed } from "./failed.ts";
import { withLog } from "./loss.ts";
import { measureAll } from "./measure.ts";
import { benchRequest } from "./prepare-bed.ts";
import type { Progress } from "./progress.ts";
import type { EngineChoice } from "./settings.ts";
import { startCluster } from "./start.ts";
import { packageVersion } from "./version.ts";

export interface BenchSettings {
  readonly choice: EngineChoice;
  readonly request: EngineRequest;
  /** Its paths are absolute. */
  readonly project: Project;
  readonly workload: Workload;
  /** The file that says so. */
  readonly configuration: string;
  /** Where the command was typed. */
  readonly directory: string;
  readonly seed: number;
  readonly rows: number;
  readonly tenants: number;
  readonly deep: boolean;
  readonly http: { readonly rate: number; readonly seconds: number };
  readonly waiveTiming: boolean;
  /** A commit or a folder to compare with; then nothing else is measured. */
  readonly against?: string;
  /** Ids of promises; default all. */
  readonly only?: readonly string[];
}

export interface BenchSurroundings {
  readonly progress: Progress;
  /** Rejects when the run is to end. */
  readonly interruption: Promise<never>;
  readonly now: () => Date;
}

type Found = { -readonly [K in keyof Omit<Findings, "promises">]: Findings[K] };

/** The whole bench. A fault ends it early and is part of the result, beside what was found until then. */
export async function runBench(
  settings: BenchSettings,
  surroundings: BenchSurroundings,
): Promise<BenchResult> {
  const { progress, now } = surroundings;
  const startedAt = now();
  const loadBefore = loadavg()[0] ?? 0;
  const found: Found = {};
  const durations = new Map<string, number>();
  const notes: string[] = [
    `the configuration is ${settings.configuration}, the migrations are those of ${settings.project.migrations}`,
  ];
  let engine: string | undefined;
  const finish = (fault?: Fault): BenchResult => {
    const promises = concludePromises(found, durations);
    return {
      tool: "tenantproof",
      format: 1,
      version: packageVersion(),
      startedAt: startedAt.toISOString(),
      durationMs: now().getTime() - startedAt.getTime(),
      seed: settings.seed,
      ...(engine !== undefined && { engine }),
      machine: { cores: availableParallelism(), load: [loadBefore, loadavg()[0] ?? 0] },
      rows: settings.rows,
      tenants: settings.tenants,
      ...(revision !== undefined && { revision }),
      stages: progress.stages,
      notes,
      promises,
      ...found,
      ...(fault ? failed(fault) : conclude(promises, settings.waiveTiming)),
    };
  };
  const revision = await revisionOf(settings.project.migrations);
  const stopping = new AbortController();
  surroundings.interruption.catch((reason) => stopping.abort(reason));
  try {
    const subject = await readSubject(settings.project);
    const { against, directory, project } = settings;
    await using base =
      against === undefined
        ? undefined
        : await openBase({ against, directory, project, machine: thisMachine() });
    const earlier =
      base && (await readSubject({ ...project, migrations: base.migrations, baseline: base.baseline }));
    await using cluster = await startCluster(
      { choice: settings.choice, request: benchRequest(settings, subject, startedAt) },
      progress,
    );
    engine = cluster.description;
    const run: Run = {
      settings,
      progress,
      notes,
      found,
      durations,
      cluster,
      startedAt,
      signal: stopping.signal,
    };
    const work = base && earlier ? compareWithBase(run, base, earlier, subject) : measureAll(run, subject);
    await work.catch(async (thrown) => {
      throw await withLog(Fault.from(thrown), cluster);
    });
    return finish();
  } catch (thrown) {
    return finish(Fault.from(thrown));
  } finally {
    stopping.abort(new Fault("INTERRUPTED", "the bench has ended"));
  }
}

/** What the parts of one run share. */
export interface Run {
  readonly settings: BenchSettings;
  readonly progress: Progress;
  readonly notes: string[];
  readonly found: Found;
  /** Of each promise, by id; milliseconds. */
  readonly durations: Map<string, number>;
  readonly cluster: Cluster;
  readonly startedAt: Date;
  readonly signal: AbortSignal;
}

/** What a machine was too busy for is no fault of the subject; whoever says so beforehand does not hear of it. */
function conclude(promises: readonly BenchPromise[], waiveTiming: boolean) {
  const counted = promises.filter(({ byTimingAlone }) => !(waiveTiming && byTimingAlone));
  if (promises.length > 0 && counted.length === 0) return { standing: "holds", exit: exits.holds } as const;
  return standingOf(counted);
}

/** The commit of the migrations, marked where they were changed since; undefined where no repository has them. */
async function revisionOf(folder: string): Promise<string | undefined> {
  const git = (...args: string[]) => execa("git", ["-C", folder, ...args], { reject: false });
  const commit = await git("rev-parse", "--short", "HEAD");
  if (commit.exitCode !== 0) return undefined;
  const changed = await git("status", "--porcelain", "--", ".");
  return `${commit.stdout.trim()}${changed.stdout.trim() === "" ? "" : " and changes"}`;
}
