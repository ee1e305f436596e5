// Database: one of ours in a cluster, dropped when disposed of.
// Template: a database that nobody may enter any more, made once and cloned for every spec.

import { randomBytes } from "node:crypto";
import type { ClientBase } from "pg";
import { Fault } from "../fault/fault.ts";
import { quoteIdentifier, quoteLiteral } from "../sql/identifier.ts";
import { loadSql } from "../sql/load.ts";
import type { Address, Cluster } from "./cluster.ts";
import { runErrand } from "./connection.ts";
import { thisOwner, writeOwner } from "./owner.ts";

/** The names that databases of ours have, and no others. */
export const databaseName = /^tenantproof_[0-9a-f]{12}$/;

const templateProperties = loadSql(import.meta.url, "template-properties.sql");

export interface Database extends AsyncDisposable {
  readonly name: string;
  /** How `user` reaches it. */
  address(user: string): Address;
}

/** The part of a cluster that databases are made with. */
export type Host = Pick<Cluster, "superuser" | "kept">;

interface DatabaseOptions {
  /** The role that owns it; default the superuser. */
  readonly owner?: string;
  /** The database to copy; default template1. */
  readonly template?: string;
}

/** A new database under a name that no other run uses, marked with our owner record. */
export async function createDatabase(cluster: Host, options: DatabaseOptions = {}): Promise<Database> {
  return runErrand(cluster.superuser, (connection) => makeDatabase(cluster, connection, options));
}

async function makeDatabase(
  cluster: Host,
  connection: ClientBase,
  options: DatabaseOptions,
): Promise<Database> {
  const name = `tenantproof_${randomBytes(6).toString("hex")}`;
  const quoted = quoteIdentifier(name);
  const owner = options.owner === undefined ? "" : ` owner ${quoteIdentifier(options.owner)}`;
  // Copying files beats writing them to the log when nothing is synced to disk.
  await connection.query(
    `create database ${quoted} template ${quoteIdentifier(options.template ?? "template1")} strategy file_copy${owner}`,
  );
  await connection.query(`comment on database ${quoted} is ${quoteLiteral(writeOwner(thisOwner()))}`);
  if (options.template !== undefined) await copyProperties(connection, options.template, name);
  return findDatabase(cluster, name);
}

/** The database of ours that has this name already: one that an earlier run made, on data that were saved. */
export function findDatabase(cluster: Host, name: string): Database {
  return {
    name,
    address: (user) => ({ ...cluster.superuser, user, database: name }),
    [Symbol.asyncDispose]: () => dropDatabase(cluster, name),
  };
}

/** Every database of ours there bears our owner record, whichever run made it. `connection` is a superuser's. */
export async function adoptDatabases(connection: ClientBase): Promise<void> {
  const { rows } = await connection.query<{ name: string }>(
    "select datname::text as name from pg_catalog.pg_database order by datname",
  );
  const record = quoteLiteral(writeOwner(thisOwner()));
  for (const { name } of rows.filter((found) => databaseName.test(found.name))) {
    await connection.query(`comment on database ${quoteIdentifier(name)} is ${record}`);
  }
}

/** CREATE DATABASE copies what is in a database, not what is said of it: its settings and privileges. */
async function copyProperties(connection: ClientBase, template: string, name: string): Promise<void> {
  const { rows } = await connection.query<{ command: string }>(templateProperties, [template, name]);
  if (rows.length > 0) await connection.query(rows.map(({ command }) => command).join(";\n"));
}

/** A copy of `template`, owned by its owner, with its settings and privileges. */
export async function cloneDatabase(cluster: Host, template: string): Promise<Database> {
  return runErrand(cluster.superuser, async (connection) => {
    const { rows } = await connection.query(
      "select pg_catalog.pg_get_userbyid(datdba) as owner from pg_catalog.pg_database where datname = $1",
      [template],
    );
    const owner = rows[0]?.owner as string | undefined;
    if (owner === undefined) throw new Fault("BUG", `There is no template ${template}.`);
    return makeDatabase(cluster, connection, { template, owner });
  });
}

/** Nobody is in the database `name` or can enter it, so that it can be cloned at any time. */
export async function freezeTemplate(cluster: Host, name: string): Promise<void> {
  await runErrand(cluster.superuser, async (connection) => {
    await connection.query(
      `alter database ${quoteIdentifier(name)} with allow_connections false is_template true`,
    );
    await connection.query(
      "select pg_catalog.pg_terminate_backend(pid, 5000) from pg_catalog.pg_stat_activity where datname = $1",
      [name],
    );
  });
}

async function dropDatabase(cluster: Host, name: string): Promise<void> {
  if (cluster.kept) return;
  const quoted = quoteIdentifier(name);
  await runErrand(cluster.superuser, async (connection) => {
    const { rowCount } = await connection.query("select from pg_catalog.pg_database where datname = $1", [
      name,
    ]);
    if (rowCount === 0) return;
    await connection.query(`alter database ${quoted} with is_template false`);
    await connection.query(`drop database ${quoted} with (force)`);
  });
}
