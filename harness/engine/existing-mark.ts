// Mark: a role on a server that is not ours, whose comment says which run uses it and which roles were there before.
// What appears while the mark stands is ours: whoever finds the mark of a dead run knows what to remove.

import * as v from "valibot";
import { quoteIdentifier, quoteLiteral } from "../sql/identifier.ts";
import { loadSql } from "../sql/load.ts";
import type { Connection } from "./connection.ts";
import { databaseName } from "./database.ts";
import { ownerSchema, thisOwner } from "./owner.ts";

/** The role that bears the mark. */
export const markRole = "tenantproof_run";
/** Of no meaning; only runs of ours take this advisory lock, all of them in the database `postgres`. */
const lockKey = 74_656_116;

const markSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ owner: ownerSchema, rolesBefore: v.pipe(v.array(v.string()), v.readonly()), kept: v.boolean() }),
);

export type Mark = Readonly<v.InferOutput<typeof markSchema>>;

/** Whether this session is now the one that may use the server; the lock goes when the session ends. */
export async function takeLock(connection: Connection): Promise<boolean> {
  const { rows } = await connection.query("select pg_catalog.pg_try_advisory_lock($1) as taken", [lockKey]);
  return rows[0]?.taken === true;
}

/** The mark on the server; undefined when there is none. */
export async function readMark(connection: Connection): Promise<Mark | undefined> {
  const { rows } = await connection.query(loadSql(import.meta.url, "existing/mark.sql"), [markRole]);
  const parsed = v.safeParse(markSchema, rows[0]?.record);
  return parsed.success ? parsed.output : undefined;
}

/** The server bears our mark: made before anything else, so that even a killed run's work can be told apart. */
export async function placeMark(connection: Connection, rolesBefore: readonly string[]): Promise<void> {
  // Both or neither: one message is one transaction.
  await connection.query(
    `create role ${markRole}; ${commentOn({ owner: thisOwner(), rolesBefore, kept: false })}`,
  );
}

/** What the run made stays, and no later run may remove it. */
export async function keepMarked(connection: Connection, rolesBefore: readonly string[]): Promise<void> {
  await connection.query(commentOn({ owner: thisOwner(), rolesBefore, kept: true }));
}

function commentOn(mark: Mark): string {
  return `comment on role ${markRole} is ${quoteLiteral(JSON.stringify(mark))}`;
}

/** No other session of this run is left, so that nothing new can come of what was under way when it was given up. */
export async function endOtherSessions(connection: Connection): Promise<void> {
  await connection.query(
    `select pg_catalog.pg_terminate_backend(pid, 5000) from pg_catalog.pg_stat_activity
     where pid <> pg_catalog.pg_backend_pid() and application_name like 'tenantproof%'`,
  );
}

/** What was made since the mark was placed is gone, the mark last. */
export async function removeMarked(
  connection: Connection,
  { rolesBefore }: Pick<Mark, "rolesBefore">,
): Promise<void> {
  const { rows: databases } = await connection.query(
    "select datname::text as name from pg_catalog.pg_database order by datname",
  );
  for (const { name } of databases.filter((found) => databaseName.test(found.name))) {
    await connection.query(`alter database ${quoteIdentifier(name)} with is_template false`);
    await connection.query(`drop database ${quoteIdentifier(name)} with (force)`);
  }
  const { rows: roles } = await connection.query(
    "select rolname::text as name from pg_catalog.pg_roles where rolname !~ '^pg_' order by rolname",
  );
  const ours = roles.map(({ name }) => name as string).filter((name) => !rolesBefore.includes(name));
  if (ours.length === 0) return;
  const quoted = ours.map(quoteIdentifier).join(", ");
  // The mark is one of them. What they hold on the server's settings would hold them back.
  await connection.query(`drop owned by ${quoted}; drop role ${quoted}`);
}
