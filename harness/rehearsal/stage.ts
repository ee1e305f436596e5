// Stage: a copy of the snapshot with the sessions in which a pass is made.

import type { Cluster } from "../engine/cluster.ts";
import { type Connection, connect } from "../engine/connection.ts";
import { createDatabase, type Database } from "../engine/database.ts";
import type { Plan } from "../migrations/migration.ts";
import { LockSampler } from "./watch/lock-sampler.ts";
import { OldTables } from "./watch/old-tables.ts";

export interface Stage extends AsyncDisposable {
  readonly database: Database;
  readonly superuser: Connection;
  readonly deployer: Connection;
  readonly sampler: LockSampler;
  /** What the snapshot had. */
  readonly tables: OldTables;
}

/** What every pass knows. */
export interface Theatre {
  readonly cluster: Cluster;
  /** The restored snapshot; nobody is in it while it is copied. */
  readonly pristine: Database;
  readonly deployer: string;
  /** The pending migrations, in order. */
  readonly plan: Plan;
}

/** A copy of `template`, which has the tables of the snapshot and in which nobody is, with sessions in it. */
export async function openStage(theatre: Theatre, template: Database): Promise<Stage> {
  const database = await copyDatabase(theatre, template);
  try {
    const stage = await enter(theatre, database);
    return {
      ...stage,
      async [Symbol.asyncDispose]() {
        // The database goes last: nobody may be in it.
        await stage[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  } catch (thrown) {
    await database[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** A copy of `template`, in which nobody is, owned by the deployer. */
export function copyDatabase({ cluster, deployer: owner }: Theatre, template: Database): Promise<Database> {
  return createDatabase(cluster, { template: template.name, owner });
}

/** Sessions in `database`, which stays when they are closed; `tables` are given where it is no longer the snapshot. */
export async function enter(theatre: Theatre, database: Database, tables?: OldTables): Promise<Stage> {
  const opened: AsyncDisposable[] = [];
  const close = async () => {
    for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
  };
  const keep = <T extends AsyncDisposable>(one: T): T => {
    opened.push(one);
    return one;
  };
  try {
    const address = database.address(theatre.cluster.superuser.user);
    const superuser = keep(await connect(address));
    const deployer = keep(
      await connect(database.address(theatre.deployer), { applicationName: "tenantproof migration" }),
    );
    const { rows } = await deployer.query("select pg_catalog.pg_backend_pid() as pid");
    const old = tables ?? (await OldTables.read(superuser));
    const sampler = keep(await LockSampler.open(address, (rows[0] as { pid: number }).pid, old));
    return { database, superuser, deployer, sampler, tables: old, [Symbol.asyncDispose]: close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
