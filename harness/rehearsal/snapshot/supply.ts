// Supply: what a snapshot takes for granted and a fresh server lacks: roles, extensions, the schemas of a platform.
// Stand-in: a table or column with nothing behind it, so that rows of the platform's own services find a place.
import type { Connection } from "../../engine/connection.ts";
import { Fault } from "../../fault/fault.ts";
import { installPlatform, type PreparedPlatform } from "../../platform/platform.ts";
import { qualify, quoteIdentifier } from "../../sql/identifier.ts";
import { loadSql } from "../../sql/load.ts";
import { setDatabase } from "./database-setting.ts";
import type { Outline, RowsOf } from "./outline.ts";

const defaultPrivileges = loadSql(import.meta.url, "default-privileges.sql");
const tableColumns = loadSql(import.meta.url, "table-columns.sql");

export interface Supplied {
  /** Lines for people. */
  readonly lines: readonly string[];
  /** Extensions that the snapshot makes and the server lacks, with the reason. */
  readonly missing: ReadonlyMap<string, string>;
  /**
   * Once, after everything else: the platform's default privileges of which the snapshot says nothing are there again, and
   * its settings of the database hold in this one. Answers lines for people about those that were refused.
   */
  finish(): Promise<readonly string[]>;
}

/** Every role that the snapshot names is there. Answers a line for people about those that were not; none may log in. */
export async function supplyRoles(superuser: Connection, { roles }: Outline): Promise<readonly string[]> {
  const { rows } = await superuser.query<{ name: string }>(
    `select wanted.name from pg_catalog.unnest($1::text[]) as wanted (name)
     where wanted.name not in (select rolname from pg_catalog.pg_roles) order by 1`,
    [[...roles]],
  );
  const absent = rows.map(({ name }) => name).filter((name) => !/^pg_/.test(name) && name !== "public");
  for (const name of absent) await superuser.query(`create role ${quoteIdentifier(name)} nologin`);
  return absent.map((name) => `role ${name}: made, without a login; the snapshot names it`);
}

/**
 * The new database of that name, in which `superuser` is, has what the snapshot needs of the platform, and nothing of what it makes itself.
 */
export async function supplyDatabase(
  superuser: Connection,
  database: string,
  outline: Outline,
  prepared: PreparedPlatform,
): Promise<Supplied> {
  const before = await schemasOf(superuser);
  await installPlatform(superuser, prepared);
  const platform = (await schemasOf(superuser)).filter((name) => !before.includes(name));
  const own = platform.filter((name) => outline.schemas.has(name));
  const missing = await findMissing(superuser, outline);
  // Later than the rows of a dump's grants: they tell what differs from no default privileges at all.
  const defaults = await takeDefaultPrivileges(superuser, outline, own.includes("auth"));
  await makeWay(superuser, outline, own);
  const kept = platform.filter((name) => !own.includes(name));
  const lines = kept.map((name) => `schema ${name}: of the platform; the snapshot leaves it out`);
  for (const [name, why] of missing) lines.push(`extension ${name}: left out, since ${why}`);
  const absent = outline.rows.filter(
    ({ schema, table }) => kept.includes(schema) && !outline.tables.has(`${schema}.${table}`),
  );
  for (const rows of absent) lines.push(...(await supplyTable(superuser, rows)));
  return {
    lines,
    missing,
    async finish() {
      for (const command of defaults) await superuser.query(command);
      return setDatabase(superuser, database, outline.settings);
    },
  };
}

async function schemasOf(superuser: Connection): Promise<string[]> {
  const { rows } = await superuser.query<{ name: string }>(
    "select nspname::text as name from pg_catalog.pg_namespace order by 1",
  );
  return rows.map(({ name }) => name);
}

/** Each is tried and undone: whether one can be made also depends on what the server has preloaded. */
async function findMissing(superuser: Connection, outline: Outline): Promise<Map<string, string>> {
  const missing = new Map<string, string>();
  for (const name of outline.extensions.keys()) {
    await superuser.query("begin");
    try {
      await superuser.query(`create extension if not exists ${quoteIdentifier(name)} cascade`);
    } catch (thrown) {
      if (thrown instanceof Fault) throw thrown;
      const { code } = thrown as { code?: string };
      const absent = code === "58P01" || code === "0A000" || code === "22023";
      missing.set(name, absent ? "this server does not have it" : "this server cannot make it");
    }
    await superuser.query("rollback");
  }
  return missing;
}

/** What of the platform the snapshot makes itself is gone. */
async function makeWay(superuser: Connection, outline: Outline, own: readonly string[]): Promise<void> {
  for (const name of outline.extensions.keys()) {
    // Of the platform's schemas nothing depends on one; plpgsql is everybody's.
    if (name !== "plpgsql")
      await superuser.query(`drop extension if exists ${quoteIdentifier(name)} cascade`);
  }
  for (const name of own) await superuser.query(`drop schema ${quoteIdentifier(name)} cascade`);
  for (const name of outline.publications) {
    await superuser.query(`drop publication if exists ${quoteIdentifier(name)}`);
  }
}

/**
 * No default privileges are in force: a dump's GRANTs start from none, so that a table from which somebody's rights were
 * revoked would get them back. Answers how to give those back of which the snapshot says nothing, unless it is `whole`.
 */
async function takeDefaultPrivileges(
  superuser: Connection,
  outline: Outline,
  whole: boolean,
): Promise<readonly string[]> {
  const { rows } = await superuser.query<{ creator: string; take: string; give: string }>(defaultPrivileges);
  for (const { take } of rows) await superuser.query(take);
  return rows.flatMap(({ creator, give }) => (whole || outline.defaultsOf.has(creator) ? [] : [give]));
}

async function supplyTable(superuser: Connection, { schema, table, columns }: RowsOf): Promise<string[]> {
  const { rows } = await superuser.query<{ name: string }>(tableColumns, [schema, table]);
  const name = `${schema}.${table}`;
  const lacking = columns.filter((column) => !rows.some((found) => found.name === column));
  if (rows.length > 0 && lacking.length === 0) return [];
  const definitions = lacking.map((column) => `${quoteIdentifier(column)} ${typeOf(column)}`);
  if (rows.length === 0) {
    await superuser.query(`create table ${qualify(schema, table)} (${definitions.join(", ")})`);
    return [`table ${name}: a stand-in without keys or policies; the snapshot has only its rows`];
  }
  const additions = definitions.map((definition) => `add column ${definition}`).join(", ");
  await superuser.query(`alter table ${qualify(schema, table)} ${additions}`);
  return [`table ${name}: ${lacking.join(", ")} added as stand-ins; the snapshot has rows with them`];
}

/** From its name: text takes anything, and time is worth more as such. */
function typeOf(column: string): string {
  if (/_at$/.test(column)) return "timestamp with time zone";
  return /(^|_)metadata$/.test(column) ? "jsonb" : "text";
}
