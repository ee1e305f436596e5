// Rehearsal: the pending migrations on a copy of what production holds, before they go there. Pass: one copy of the
// snapshot on which one thing is tried; see stage.ts.

import { type Picture, takePicture } from "../catalog/picture.ts";
import { readSchema } from "../catalog/schema.ts";
import { connect, withConnection } from "../engine/connection.ts";
import type { Database } from "../engine/database.ts";
import type { Proof } from "../guarantees/proof.ts";
import { openSessions } from "../session/session.ts";
import { applyAll, type Manner } from "./apply-pending.ts";
import { tryWayBack } from "./back/way-back.ts";
import { judgeData, judgeKeys } from "./checks/data.ts";
import { judgeLocks } from "./checks/locks.ts";
import { judgeQueues } from "./checks/traffic.ts";
import { judgeWayBack } from "./checks/way-back.ts";
import { toldMs, toldRows } from "./checks/words.ts";
import { compareData } from "./data/compare.ts";
import { checkForeignKeys } from "./data/foreign-keys.ts";
import { testQueues } from "./queue.ts";
import { check, hasAuthenticator, type RehearsalRequest } from "./request.ts";
import { dropRolesBut, rolesOf } from "./roles.ts";
import { copyDatabase, enter, type Stage } from "./stage.ts";
import { proveRealTenants } from "./tenants/real-tenants.ts";
import { trafficPass } from "./traffic-pass.ts";
import type { FileRun, ToldError } from "./watch/facts.ts";
import { OldTables } from "./watch/old-tables.ts";
import { Discretion } from "./watch/told.ts";
import { troublesOf } from "./watch/troubles.ts";

/**
 * Rehearses the pending migrations. Answers with the error of a file that failed, after which nothing else is tried.
 * @throws Fault ENGINE_LOST, and the reason of `signal`.
 */
export async function rehearse(request: RehearsalRequest): Promise<ToldError | undefined> {
  const { theatre, stages, findings, signal } = request;
  const manner = await mannerOf(request);
  const { superuser } = theatre.cluster;
  const roles = await withConnection(superuser, rolesOf);
  const failure = await proofPass(request, manner);
  if (failure) return failure;
  await withConnection(superuser, (connection) => dropRolesBut(connection, roles));
  signal.throwIfAborted();
  if (request.rate > 0 && theatre.plan.length > 0) {
    await stages.stage("traffic", (say) => trafficPass(request, { ...manner, say }, say));
    await withConnection(superuser, (connection) => dropRolesBut(connection, roles));
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
  if (!(await hasAuthenticator(superuser))) {
    proof.doubted("the server has no role authenticator, as which requests come in");
    return;
  }
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
