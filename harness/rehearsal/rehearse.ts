// Rehearsal: the pending migrations on a copy of what production holds, before they go there. Pass: one copy of the
// snapshot on which one thing is tried; see stage.ts.

import { setTimeout as sleep } from "node:timers/promises";
import { type Picture, takePicture } from "../catalog/picture.ts";
import { readSchema } from "../catalog/schema.ts";
import { connect, withConnection } from "../engine/connection.ts";
import type { Database } from "../engine/database.ts";
import type { Stages } from "../guarantees/ground.ts";
import type { Project } from "../guarantees/project.ts";
import { Proof } from "../guarantees/proof.ts";
import { openDirect, openSessions } from "../session/session.ts";
import { applyAll, type Manner } from "./apply-pending.ts";
import { tryWayBack } from "./back/way-back.ts";
import { type CheckId, concludeCheck } from "./checks/checks.ts";
import { judgeData, judgeKeys } from "./checks/data.ts";
import { judgeLocks } from "./checks/locks.ts";
import { judgeQueues, judgeTraffic } from "./checks/traffic.ts";
import { judgeWayBack } from "./checks/way-back.ts";
import { toldMs, toldRows } from "./checks/words.ts";
import { compareData } from "./data/compare.ts";
import { checkForeignKeys } from "./data/foreign-keys.ts";
import type { Check, Findings } from "./findings.ts";
import { testQueues } from "./queue.ts";
import { copyDatabase, enter, openStage, type Stage, type Theatre } from "./stage.ts";
import { proveRealTenants } from "./tenants/real-tenants.ts";
import { Traffic } from "./traffic/drive.ts";
import { configuredMix, keyedMix } from "./traffic/mix.ts";
import { summarize } from "./traffic/summary.ts";
import type { FileRun, ToldError } from "./watch/facts.ts";
import { OldTables } from "./watch/old-tables.ts";
import { Discretion } from "./watch/told.ts";
import { troublesOf } from "./watch/troubles.ts";

export interface RehearsalRequest {
  readonly theatre: Theatre;
  readonly project: Project;
  /** Nobody may be held up for as long; milliseconds. */
  readonly maxStallMs: number;
  /** Requests a second beside the migrations; 0: none, and neither their stalls nor queues are looked at. */
  readonly rate: number;
  readonly seed: number;
  readonly stages: Stages;
  readonly signal: AbortSignal;
  /** Told of each check once it has a verdict. */
  readonly onCheck: (check: Check) => void;
  /** Added to as things are found. */
  readonly findings: { -readonly [K in keyof Findings]: Findings[K] };
}

/** How long the application is watched before the first file and after the last. */
const calmMs = 3_000;

/**
 * Rehearses the pending migrations. Answers with the error of a file that failed, after which nothing else is tried.
 * @throws Fault ENGINE_LOST, and the reason of `signal`.
 */
export async function rehearse(request: RehearsalRequest): Promise<ToldError | undefined> {
  const { theatre, stages, findings, signal } = request;
  const manner = await mannerOf(request);
  const failure = await proofPass(request, manner);
  if (failure) return failure;
  signal.throwIfAborted();
  if (request.rate > 0 && theatre.plan.length > 0) {
    await stages.stage("traffic", (say) => trafficPass(request, { ...manner, say }, say));
    signal.throwIfAborted();
    await check(request, "queue", async (proof) => {
      await stages.stage("queue", async (say) => {
        findings.queues = await testQueues(
          theatre,
          findings.files ?? [],
          { ...manner, say },
          request.maxStallMs,
        );
        const worst = Math.max(0, ...findings.queues.map(({ stallMs }) => stallMs));
        say(
          `${findings.queues.length} tables with somebody in front; others waited ${toldMs(worst)} at most`,
        );
      });
      judgeQueues(findings.queues ?? [], request.maxStallMs, proof);
    });
  }
  return undefined;
}

/** What may be told of errors is what stands in the migrations and in the catalog. */
async function mannerOf({ theatre, project }: RehearsalRequest): Promise<Manner> {
  const { plan, pristine, cluster } = theatre;
  const names = await withConnection(pristine.address(cluster.superuser.user), async (connection) =>
    (await takePicture(connection, { cluster: true })).map(({ name }) => name),
  );
  const texts = plan.flatMap(({ text, rollback }) => [text, rollback?.text ?? ""]);
  return { discretion: new Discretion(texts, names), remedies: project.rehearsal?.remedies ?? [] };
}

/** Alone in the database: what the files do, what becomes of the data, who sees whose rows, and the way back. */
async function proofPass(request: RehearsalRequest, manner: Manner): Promise<ToldError | undefined> {
  const { theatre, signal } = request;
  await using database = await copyDatabase(theatre, theatre.pristine);
  const tables = await withConnection(database.address(theatre.cluster.superuser.user), (superuser) =>
    OldTables.read(superuser),
  );
  const there = await wayThere(request, database, manner);
  if ("failure" in there) return there.failure;
  signal.throwIfAborted();
  await wayBackPass(request, database, { ...there, tables, manner });
  return undefined;
}

type There = { readonly before: Picture; readonly after: Picture } | { readonly failure: ToldError };

/** The pending files are applied, and everything is looked at but the way back. */
async function wayThere(request: RehearsalRequest, database: Database, manner: Manner): Promise<There> {
  const { theatre, stages, findings, maxStallMs, signal } = request;
  await using stage = await enter(theatre, database);
  const before = await takePicture(stage.superuser, { cluster: true });
  const runs = await stages.stage("migrations", async (say) => {
    const all = await applyAll(stage, theatre.plan, { ...manner, say });
    const elapsedMs = all.reduce((sum, run) => sum + run.elapsedMs, 0);
    say(`${all.length} of ${theatre.plan.length} files as ${theatre.deployer}, ${toldMs(elapsedMs)}`);
    return all;
  });
  findings.files = runs;
  const failed = runs.find(({ outcome }) => outcome === "failed");
  await check(request, "apply", async (proof) => {
    proof.held(runs.length - (failed ? 1 : 0));
    if (!failed?.error) return;
    const troubles = await troublesOf(stage, failed, theatre.plan);
    const what = [`${failed.file} fails: ${failed.error.what}`, ...troubles].join("\n");
    proof.broke(what, `-- ${failed.error.where ?? failed.file}`);
  });
  await check(request, "locks", async (proof) =>
    judgeLocks(runs, { plan: theatre.plan, tables: stage.tables.all, maxStallMs }, proof),
  );
  if (failed?.error) return { failure: failed.error };
  signal.throwIfAborted();
  const after = await takePicture(stage.superuser, { cluster: true });
  await stages.stage("data", (say) => lookAtData(request, stage, runs, say));
  signal.throwIfAborted();
  await check(request, "isolation", (proof) =>
    stages.stage("tenants", (say) => lookAtTenants(request, stage, proof, say)),
  );
  return { before, after };
}

async function lookAtTenants(
  { project }: RehearsalRequest,
  { database, superuser }: Stage,
  proof: Proof,
  say: (line: string) => void,
): Promise<void> {
  await using sessions = openSessions(database.address("authenticator"));
  const schema = await readSchema(superuser);
  await proveRealTenants({ schema, tenancy: project.tenancy, superuser, sessions }, proof);
  say(`${proof.verdict().checked} experiments with tenants of the snapshot`);
}

async function lookAtData(
  request: RehearsalRequest,
  stage: Stage,
  runs: readonly FileRun[],
  say: (line: string) => void,
): Promise<void> {
  const { theatre, findings } = request;
  await check(request, "data", async (proof) => {
    await using pristine = await connect(theatre.pristine.address(theatre.cluster.superuser.user));
    findings.data = await compareData(pristine, stage.superuser);
    await stage.superuser.query("reset all");
    judgeData(findings.data, runs, theatre.plan, proof);
  });
  await check(request, "keys", async (proof) => {
    findings.keys = await checkForeignKeys(stage.superuser);
    judgeKeys(findings.keys, proof);
  });
  const { rows = 0, tables = 0, changes = [] } = findings.data ?? {};
  say(
    `${toldRows(rows)} in ${tables} tables compared, ${changes.length} of these changed; ${findings.keys?.checked ?? 0} foreign keys`,
  );
}

async function wayBackPass(
  request: RehearsalRequest,
  database: Database,
  given: { before: Picture; after: Picture; tables: OldTables; manner: Manner },
): Promise<void> {
  const { theatre, project, stages, findings, seed } = request;
  await check(request, "rollback", async (proof) => {
    findings.wayBack = await stages.stage("way back", async (say) => {
      const manner = { ...given.manner, say };
      const found = await tryWayBack(database, { ...given, theatre, project, manner, seed });
      say(found.untried ?? (found.failed ? "it fails" : "there, back, and there again"));
      return found;
    });
    judgeWayBack(findings.wayBack, theatre.plan, proof);
  });
}

async function trafficPass(
  request: RehearsalRequest,
  manner: Manner,
  say: (line: string) => void,
): Promise<void> {
  const { theatre, project, findings, rate, seed, maxStallMs } = request;
  await using stage = await openStage(theatre, theatre.pristine);
  const configured = project.rehearsal?.traffic ?? [];
  const mix =
    configured.length > 0
      ? await configuredMix(stage.superuser, configured, project.tenancy)
      : await keyedMix(stage.superuser);
  await using sessions = openSessions(stage.database.address("authenticator"), {
    size: 40,
    forgetful: false,
  });
  await using direct = openDirect(stage.database.address(theatre.deployer), { size: 40 });
  await check(request, "traffic", async (proof) => {
    await using traffic = Traffic.start({ requests: mix.requests, sessions, direct, rate, seed });
    await sleep(calmMs);
    const from = performance.now();
    const files = await applyAll(stage, theatre.plan, manner);
    const to = performance.now();
    await sleep(calmMs);
    await traffic.stop();
    const summary = summarize(
      traffic.answered,
      { from, to },
      { rate, dropped: traffic.dropped, asked: mix.requests.map(({ id }) => id), left: mix.left },
    );
    findings.traffic = { summary, files };
    const [, during] = summary.phases;
    say(
      `${during?.requests ?? 0} requests while ${files.length} files ran, the longest ${toldMs(during?.longest ?? 0)}`,
    );
    judgeTraffic(findings.traffic, maxStallMs, proof);
    const stuck = files.find(({ outcome }) => outcome === "failed");
    if (stuck?.error)
      proof.broke(`with traffic beside it ${stuck.file} fails: ${stuck.error.what}`, `-- ${stuck.file}`);
  });
}

async function check(
  { onCheck }: RehearsalRequest,
  id: CheckId,
  work: (proof: Proof) => Promise<void> | void,
): Promise<void> {
  const from = performance.now();
  const proof = new Proof();
  await work(proof);
  onCheck(concludeCheck(id, proof.verdict(), performance.now() - from));
}
