// What a rehearsal costs beside the commands that it stands for: npm run bench:rehearsal -- SNAPSHOT [RUNS]. Both restore the
// same archive and apply the same pending files, in turn, on one server: pg_restore and psql by hand, and the rehearsal's
// restore and its watched application. The rest of a rehearsal is no part of the comparison: by hand nobody does it.

import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { createColors } from "picocolors";
import { median } from "simple-statistics";
import type { Cluster } from "../harness/engine/cluster.ts";
import { withConnection } from "../harness/engine/connection.ts";
import { createDatabase, type Database } from "../harness/engine/database.ts";
import { Fault } from "../harness/fault/fault.ts";
import { readSubject } from "../harness/guarantees/ground.ts";
import { applyPlanWithPsql } from "../harness/migrations/psql.ts";
import { applyAll } from "../harness/rehearsal/apply-pending.ts";
import { findPending } from "../harness/rehearsal/pending/find.ts";
import { restoreSnapshot } from "../harness/rehearsal/snapshot/restore.ts";
import { sniffSnapshot } from "../harness/rehearsal/snapshot/snapshot.ts";
import { enter } from "../harness/rehearsal/stage.ts";
import { Discretion } from "../harness/rehearsal/watch/told.ts";
import { configured, openEngine } from "./ground.ts";

const mostRatio = 1.3;
const [file, runsGiven = "3"] = process.argv.slice(2);
const runs = Number(runsGiven);
if (file === undefined || !Number.isInteger(runs) || runs < 1) {
  console.error("bench:rehearsal takes a custom archive of pg_dump, and how often both are run; default 3");
  process.exit(2);
}
const colors = createColors();
const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

await using cluster = await openEngine();
const project = await configured();
const subject = await readSubject(project);
const snapshot = await sniffSnapshot(resolve(file));
const { remedies = [] } = project.rehearsal ?? {};
const { signal } = new AbortController();
const restore = () =>
  restoreSnapshot(cluster, snapshot, { platform: project, jobs: availableParallelism(), say: () => {} });

// The first restore supplies what the dump takes for granted, and says what is pending.
const prepared = await restore();
const { deployer } = prepared;
const { plan } = await findPending({}, { ...prepared, ...{ cluster, project, subject, signal } });
await prepared.database[Symbol.asyncDispose]();
console.log(`${snapshot.description}, ${plan.length} pending files, ${cluster.description}`);

const ratios: number[] = [];
for (let run = 1; run <= runs; run++) {
  const byHandMs = await timed(byHand);
  const rehearsedMs = await timed(rehearsed);
  ratios.push(rehearsedMs / byHandMs);
  console.log(
    `run ${run} of ${runs}: by hand ${number.format(byHandMs / 1000)} s, rehearsed ${number.format(rehearsedMs / 1000)} s, ratio ${number.format(rehearsedMs / byHandMs)}`,
  );
}
const met = median(ratios) <= mostRatio;
if (!met) process.exitCode = 1;
console.log(
  `${met ? colors.green("met   ") : colors.red("missed")}  the median ratio is at most ${mostRatio}: ${number.format(median(ratios))} (${number.format(Math.min(...ratios))} to ${number.format(Math.max(...ratios))})`,
);

async function byHand(): Promise<void> {
  await using database = await createDatabase(cluster, { owner: deployer });
  const { host, port, user } = cluster.superuser;
  const client = join(cluster.clientBinaries ?? "", "pg_restore");
  const to = ["--host", host, "--port", String(port), "--username", user, "--dbname", database.name];
  // Schemas and extensions that every database of the host has are there already: it goes on after saying so.
  await emptied(cluster, database);
  await execa(client, [...to, resolve(file as string)], { reject: false, stdio: "ignore" });
  const address = database.address(deployer);
  for (const script of plan) {
    const apply = () =>
      applyPlanWithPsql(cluster.clientBinaries ?? "", address, [script], { statementTimeoutMs: 0 });
    try {
      await apply();
    } catch (thrown) {
      const remedy = remedies.find((one) => script.file.startsWith(one.file));
      if (!(thrown instanceof Fault) || remedy === undefined) throw thrown;
      await withConnection(address, async (connection) => {
        for (const statement of remedy.statements) await connection.query(statement);
      });
      await apply();
    }
  }
}

async function rehearsed(): Promise<void> {
  const { database } = await restore();
  await using _dropped = database;
  const theatre = { cluster, pristine: database, deployer, plan };
  await using stage = await enter(theatre, database);
  const all = await applyAll(stage, plan, { discretion: new Discretion([], []), remedies });
  const failed = all.find(({ outcome }) => outcome === "failed");
  if (failed) throw new Error(`${failed.file} fails: ${failed.error?.what}`);
}

/** What the platform's schemas need of roles is there; the database itself is bare but for them. */
async function emptied({ superuser }: Cluster, database: Database): Promise<void> {
  await withConnection(database.address(superuser.user), (connection) =>
    connection.query("drop schema public; create schema public authorization pg_database_owner"),
  );
}

async function timed(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}
