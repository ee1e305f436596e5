import { availableParallelism } from "node:os";
import type { Cluster, EngineRequest, Major } from "../engine/cluster.ts";
import { majors } from "../engine/cluster.ts";
import { withConnection } from "../engine/connection.ts";
import { psqlCommand } from "../engine/psql.ts";
import { Fault } from "../fault/fault.ts";
import { readSubject, type Subject } from "../guarantees/ground.ts";
import type { Project } from "../guarantees/project.ts";
import { type CheckId, checkIds, concludeCheck } from "../rehearsal/checks/checks.ts";
import { readStoredTables } from "../rehearsal/data/stored-tables.ts";
import type { Check, Findings } from "../rehearsal/findings.ts";
import { maskDatabase } from "../rehearsal/mask/mask.ts";
import { findPending } from "../rehearsal/pending/find.ts";
import { pendingByWord, type Told } from "../rehearsal/pending/pending.ts";
import { rehearse } from "../rehearsal/rehearse.ts";
import { settle } from "../rehearsal/settle.ts";
import { type Restored, restoreSnapshot } from "../rehearsal/snapshot/restore.ts";
import type { Snapshot } from "../rehearsal/snapshot/snapshot.ts";
import type { RehearsalResult } from "../report/rehearsal-result.ts";
import { standingOf } from "../report/standing.ts";
import { failed } from "./failed.ts";
import { withLog } from "./loss.ts";
import type { Progress } from "./progress.ts";
import type { EngineChoice } from "./settings.ts";
import { startCluster } from "./start.ts";
import { packageVersion } from "./version.ts";

export interface RehearsalSettings {
  readonly choice: EngineChoice;
  readonly request: EngineRequest;
  readonly snapshot: Snapshot;
  /** Its paths are absolute. */
  readonly project: Project;
  /** The file that says so. */
  readonly configuration: string;
  readonly told: Told;
  readonly maxStallMs: number;
  /** Requests a second; 0: no traffic. */
  readonly rate: number;
  /** With which the snapshot is masked; absent: it is not. */
  readonly maskKey?: string;
  readonly keep: boolean;
  readonly seed: number;
}

interface Surroundings {
  readonly progress: Progress;
  /** Rejects when the run is to end. */
  readonly interruption: Promise<never>;
  readonly now: () => Date;
}

type Found = { -readonly [K in keyof Findings]: Findings[K] };

interface Run extends RehearsalSettings {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly notes: string[];
  readonly checks: Check[];
  readonly found: Found;
}

/** What a snapshot takes in a database for a byte of its file, at most; compressed ones shrink to a tenth. */
const bytesOfByte = 12;
/** Copies that are there at the same time: the snapshot, one that is changed, one with new rows. */
const copies = 3;

/** The whole rehearsal. A fault ends it early and is part of the result, beside what was found until then. */
export async function runRehearsal(
  settings: RehearsalSettings,
  { progress, interruption, now }: Surroundings,
): Promise<RehearsalResult> {
  const startedAt = now();
  const stopping = new AbortController();
  interruption.catch((reason) => stopping.abort(reason));
  const run: Run = {
    ...{ ...settings, progress, signal: stopping.signal, checks: [], found: {} },
    notes: [
      `the configuration is ${settings.configuration}, the migrations are those of ${settings.project.migrations}`,
    ],
  };
  let engine: string | undefined;
  const finish = (fault?: Fault): RehearsalResult => ({
    tool: "tenantproof",
    version: packageVersion(),
    format: 1,
    startedAt: startedAt.toISOString(),
    durationMs: now().getTime() - startedAt.getTime(),
    seed: settings.seed,
    ...(engine !== undefined && { engine }),
    maxStallMs: settings.maxStallMs,
    masked: settings.maskKey !== undefined,
    stages: progress.stages,
    notes: run.notes,
    promises: inOrder(run.checks),
    ...run.found,
    ...(fault ? failed(fault) : standingOf(run.checks)),
  });
  try {
    const subject = await readSubject(settings.project);
    // What the user says of them is refused before anything is started.
    if (settings.told.pending || settings.told.applied) pendingByWord(subject.plan, settings.told);
    await using cluster = await startCluster(
      { choice: settings.choice, request: requestOf(settings) },
      progress,
    );
    engine = cluster.description;
    if (settings.keep) run.notes.push(cluster.keep());
    const failure = await onCluster(run, cluster, subject).catch(async (thrown) => {
      throw await withLog(faultOf(thrown), cluster);
    });
    return finish(failure);
  } catch (thrown) {
    return finish(Fault.from(thrown));
  } finally {
    stopping.abort(new Fault("INTERRUPTED", "the rehearsal has ended"));
  }
}

/** An error of the server that nobody expected may quote a row: its SQLSTATE is told, and nothing else. */
function faultOf(thrown: unknown): Fault {
  const fault = Fault.in(thrown);
  if (fault) return fault;
  const { code, severity, error, suppressed } = thrown as Record<string, unknown>;
  if (typeof severity === "string") return new Fault("BUG", `a statement of ours ended in SQLSTATE ${code}`);
  // What was thrown first, where closing things threw as well.
  const inner = suppressed ?? error;
  return inner instanceof Error ? faultOf(inner) : Fault.from(thrown);
}

/** A server of the snapshot's major, with room for what it holds. */
function requestOf({ request, snapshot }: RehearsalSettings): EngineRequest {
  const major = request.major ?? majors.find((one): one is Major => one === snapshot.major);
  return {
    ...request,
    ...(major !== undefined && { major }),
    roomBytes:
      snapshot.bytes * (snapshot.compression || snapshot.kind !== "plain" ? bytesOfByte : 2) * copies,
    settings: {
      ...request.settings,
      shared_buffers: "512MB",
      maintenance_work_mem: "256MB",
      checkpoint_timeout: "1h",
    },
  };
}

async function onCluster(run: Run, cluster: Cluster, subject: Subject): Promise<Fault | undefined> {
  const { progress, project, snapshot, signal, found, notes } = run;
  const from = performance.now();
  const restored = await restore(run, cluster);
  const { database: pristine, deployer } = restored;
  if (run.maskKey !== undefined) await mask(run, restored, cluster, run.maskKey);
  const facts = await progress.stage("statistics", async (say) => {
    const found = await settle(pristine.address(cluster.superuser.user), signal);
    say(`${found.tables} tables vacuumed and analyzed`);
    return found;
  });
  found.snapshot = {
    ...{ description: snapshot.description, restoreMs: restored.elapsedMs, bytes: restored.bytes, ...facts },
    ...{ supplied: restored.supplied, explained: restored.explained },
  };
  run.checks.push(
    concludeCheck("restore", { state: "holds", checked: facts.tables }, performance.now() - from),
  );
  notes.push(...restored.supplied.map((line) => `supplied: ${line}`));
  notes.push(...restored.explained.map((line) => `explained: ${line}`));
  const pending = await progress.stage("pending", async (say) => {
    const answer = await findPending(run.told, { ...restored, ...{ cluster, project, subject, signal } });
    say(`${answer.plan.length} of ${subject.plan.length} migrations, according to ${answer.source}`);
    return answer;
  });
  found.pending = { source: pending.source, reasons: pending.reasons };
  if (run.keep)
    notes.push(`the restored snapshot: ${psqlCommand({ ...cluster.superuser, database: pristine.name })}`);
  if (pending.plan.length === 0) {
    notes.push("nothing is pending: no migration was rehearsed");
    return new Fault("USAGE", "nothing is pending, so there is nothing to rehearse", {
      where: "the migrations",
      hint: "Say --pending NAME... where that is wrong.",
    });
  }
  const failure = await rehearse({
    theatre: { cluster, pristine, deployer, plan: pending.plan },
    ...{ project, maxStallMs: run.maxStallMs, rate: run.rate, seed: run.seed, stages: progress, signal },
    findings: found,
    onCheck: (check) => run.checks.push(check),
  });
  if (run.rate === 0) notes.push("neither traffic nor queues were tried");
  return (
    failure &&
    new Fault("MIGRATION_FAILED", failure.what, {
      where: failure.where,
      hint: "Everything was done on a copy; mend the file or the rows, and rehearse again.",
    })
  );
}

async function restore(run: Run, cluster: Cluster): Promise<Restored> {
  const { progress, project, snapshot, signal } = run;
  return progress.stage("restore", async (say) => {
    const restored = await restoreSnapshot(cluster, snapshot, {
      ...{ platform: project, jobs: availableParallelism(), say, signal },
    });
    const { rows } = await withConnection(
      restored.database.address(cluster.superuser.user),
      async (connection) => ({
        rows: (await readStoredTables(connection)).length,
      }),
    );
    say(`${snapshot.description}, ${rows} tables`);
    return restored;
  });
}

async function mask(run: Run, { database }: Restored, cluster: Cluster, key: string): Promise<void> {
  const { progress, project, signal, notes } = run;
  await progress.stage("mask", async (say) => {
    const keep = project.rehearsal?.unmasked;
    const done = await maskDatabase(database.address(cluster.superuser.user), { key, keep, say, signal });
    say(`${done.masked.length} columns of ${done.rows.toLocaleString("en-US")} rows`);
    notes.push(`masked: ${done.masked.join(", ")}`);
    notes.push(...done.kept.map(({ column, why }) => `not masked: ${column}: ${why}`));
  });
}

function inOrder(checks: readonly Check[]): readonly Check[] {
  return checkIds.flatMap((id: CheckId) => checks.filter((check) => check.id === id));
}
