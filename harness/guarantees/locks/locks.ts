import type { Connection } from "../../engine/connection.ts";
import { messageOf } from "../../fault/fault.ts";
import { confessedIn } from "../../migrations/header.ts";
import { settingsOf } from "../../migrations/limits.ts";
import type { Migration } from "../../migrations/migration.ts";
import { quoteLiteral } from "../../sql/identifier.ts";
import { loadSql } from "../../sql/load.ts";
import type { Ground } from "../ground.ts";
import type { Proof } from "../proof.ts";
import type { Site } from "../site.ts";
import { Bystander } from "./bystander.ts";
import { type Misuse, watchStrongLocks } from "./strong-locks.ts";

const listTables = loadSql(import.meta.url, "tables.sql");

/**
 * No migration holds ACCESS EXCLUSIVE on a table with rows while it reads or rewrites all of it, the first time and when
 * it is applied again; a file that must says so, in a line `-- access exclusive: schema.table, because ...`.
 */
export async function proveStrongLocks(ground: Ground, proof: Proof): Promise<void> {
  const rows = await rowsOfPopulation(ground);
  await using first = await ground.open("before");
  await applyWatched(ground, proof, first, "", async (superuser) => fill(superuser, rows));
  await using again = await ground.open("populated");
  await (await again.connection("superuser")).query("analyze");
  await applyWatched(ground, proof, again, ", applied again", async () => {});
}

/** Applies the plan statement by statement; before each file `prepare` may give rows to the tables that there are. */
async function applyWatched(
  { plan, cluster, limits }: Ground,
  proof: Proof,
  site: Site,
  when: string,
  prepare: (superuser: Connection) => Promise<void>,
): Promise<void> {
  const superuser = await site.connection("superuser");
  const connection = await site.connection("deployer");
  for (const [name, value] of settingsOf(limits))
    await connection.query("select set_config($1, $2, false)", [name, value]);
  await using reader = await Bystander.open(site.database.address(cluster.superuser.user), "reader");
  for (const migration of plan) {
    await prepare(superuser);
    const tables = await rowCounts(superuser);
    const { misuses, error } = await watchStrongLocks(migration, { connection, reader, tables });
    if (error) {
      proof.doubted(`${migration.file}${when} cannot be watched: ${messageOf(error)}`);
      return;
    }
    for (const misuse of misuses.filter(
      ({ table }) => !confessedIn(migration.text, "access exclusive").includes(table),
    ))
      tell(proof, migration, misuse, when);
    proof.held(tables.size);
  }
}

function tell(proof: Proof, { file }: Migration, { table, how, statement }: Misuse, when: string): void {
  const what = `${file}:${statement.start.line}${when}`;
  if (how === "perhaps scanned")
    proof.doubted(
      `${what} takes ACCESS EXCLUSIVE on ${table} in a statement that begins and ends transactions itself`,
    );
  else
    proof.broke(
      `${what} holds ACCESS EXCLUSIVE on ${table}, which has rows, while it is ${how}`,
      `${statement.text};`,
    );
}

/** A table that takes rows. */
interface Fillable {
  readonly name: string;
  readonly columns: string;
}

async function tablesOf(superuser: Connection): Promise<readonly Fillable[]> {
  return (await superuser.query(listTables)).rows as Fillable[];
}

/** Table -> how many rows it has, for those that have any. */
async function rowCounts(superuser: Connection): Promise<ReadonlyMap<string, number>> {
  const counts = (await tablesOf(superuser)).map(
    ({ name }) => `select ${quoteLiteral(name)} as name, count(*)::integer as rows from ${name}`,
  );
  const { rows } = await superuser.query(counts.join(" union all "));
  const filled = (rows as { name: string; rows: number }[]).filter((one) => one.rows > 0);
  return new Map(filled.map((one) => [one.name, one.rows]));
}

/** Table -> its rows as JSON, where the whole set is applied and two tenants are there. */
async function rowsOfPopulation(ground: Ground): Promise<ReadonlyMap<string, string>> {
  await using site = await ground.open("populated");
  const superuser = await site.connection("superuser");
  const contents = (await tablesOf(superuser)).map(
    ({ name }) => `select ${quoteLiteral(name)} as name, json_agg(t)::text as rows from ${name} t`,
  );
  const { rows } = await superuser.query(contents.join(" union all "));
  return new Map(
    (rows as { name: string; rows: string | null }[]).flatMap(({ name, rows }) =>
      rows ? [[name, rows]] : [],
    ),
  );
}

/** Every table that there is and is empty has those rows, as far as it has their columns; nothing is checked, no trigger runs. */
async function fill(superuser: Connection, population: ReadonlyMap<string, string>): Promise<void> {
  const filled = await rowCounts(superuser);
  await superuser.query("set session_replication_role = replica");
  for (const { name, columns } of await tablesOf(superuser)) {
    const rows = filled.has(name) ? undefined : population.get(name);
    if (rows === undefined) continue;
    const source = `select ${columns} from jsonb_populate_recordset(null::${name}, $1)`;
    await superuser.query(`insert into ${name} (${columns}) overriding system value ${source}`, [rows]);
    await superuser.query(`analyze ${name}`);
  }
  await superuser.query("reset session_replication_role");
}
