// Restoring: a snapshot becomes a database of ours. What it takes for granted is supplied before, and every error is
// explained or the restore fails: a database that lacks something proves nothing.
import { type Cluster, type Major, majors } from "../../engine/cluster.ts";
import { withConnection } from "../../engine/connection.ts";
import { createDatabase, type Database } from "../../engine/database.ts";
import { type Machine, thisMachine } from "../../engine/machine.ts";
import { Fault } from "../../fault/fault.ts";
import { type PlatformChoice, preparePlatform } from "../../platform/platform.ts";
import { loadSql } from "../../sql/load.ts";
import { openJob } from "./job.ts";
import { heed } from "./restore-session.ts";
import type { Snapshot } from "./snapshot.ts";
import { supplyDatabase, supplyRoles } from "./supply.ts";

const databaseSize = loadSql(import.meta.url, "database-size.sql");

export interface Restored {
  /** Owned by the deployer; dropped when disposed of. */
  readonly database: Database;
  /** The role that runs migrations there. */
  readonly deployer: string;
  readonly elapsedMs: number;
  /** What the database takes on disk. */
  readonly bytes: number;
  /** What the snapshot takes for granted and was made: lines for people. */
  readonly supplied: readonly string[];
  /** What was left out or failed, and why nothing is lost by it: lines for people. */
  readonly explained: readonly string[];
}

interface RestoreOptions {
  readonly platform: PlatformChoice;
  /** How many sessions restore an archive at the same time; plain SQL and a tar take one. */
  readonly jobs: number;
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Default: this one. */
  readonly machine?: Machine;
}

/** The part of a cluster that a restore needs. */
export type RestoreHost = Pick<Cluster, "superuser" | "kept" | "major" | "clientBinaries">;

/**
 * The whole snapshot is in a new database on `cluster`, with the roles that it names; its file was only read. Where it throws,
 * the database, the temporary files and the processes are gone; roles stay.
 * @throws Fault SNAPSHOT_UNREADABLE when it is truncated, damaged, or newer than the server; RESTORE_INCOMPLETE at an error
 * that nothing explains; NO_SPACE, NO_ENGINE without pg_restore, ENGINE_LOST; INTERRUPTED through `signal`.
 */
export async function restoreSnapshot(
  cluster: RestoreHost,
  snapshot: Snapshot,
  { platform, jobs, say, signal, machine = thisMachine() }: RestoreOptions,
): Promise<Restored> {
  heed(signal);
  refuseNewer(snapshot, cluster.major);
  const started = performance.now();
  await using job = await openJob({ cluster, snapshot, machine, jobs, say, signal });
  const { outline } = job;
  const { prepared, roles } = await withConnection(cluster.superuser, async (superuser) => {
    // Roles belong to the whole server: another restore may make the same ones. The lock ends with the session.
    await superuser.query("select pg_catalog.pg_advisory_lock(pg_catalog.hashtext('tenantproof roles'))");
    return {
      prepared: await preparePlatform(superuser, platform),
      roles: await supplyRoles(superuser, outline),
    };
  });
  const database = await createDatabase(cluster, { owner: prepared.deployer });
  try {
    const address = database.address(cluster.superuser.user);
    return await withConnection(address, async (superuser) => {
      const supplied = await supplyDatabase(superuser, database.name, outline, prepared);
      const explained = await job.restore(address, supplied.missing);
      const refused = await supplied.finish();
      const { rows } = await superuser.query<{ bytes: string }>(databaseSize);
      return {
        database,
        deployer: prepared.deployer,
        elapsedMs: performance.now() - started,
        bytes: Number(rows[0]?.bytes),
        supplied: [...roles, ...supplied.lines],
        explained: [...explained, ...refused],
      };
    });
  } catch (thrown) {
    await database[Symbol.asyncDispose]();
    throw thrown;
  }
}

function refuseNewer({ major, path, description }: Snapshot, server: Major): void {
  if (major === undefined || major <= server) return;
  const known = majors.some((one) => one === major);
  throw new Fault(
    "SNAPSHOT_UNREADABLE",
    `The snapshot (${description}) is of a newer PostgreSQL than this server, which is ${server}.`,
    {
      where: path,
      hint: known
        ? `Restore it on its own major: --postgres ${major}.`
        : `PostgreSQL ${major} is not supported yet.`,
    },
  );
}
