// Roles belong to the whole server: a migration that makes one makes it for every copy of the snapshot.

import type { Connection } from "../engine/connection.ts";
import type { Plan } from "../migrations/migration.ts";
import { quoteIdentifier } from "../sql/identifier.ts";

/** The names of all roles. */
export async function rolesOf(superuser: Connection): Promise<ReadonlySet<string>> {
  const { rows } = await superuser.query<{ name: string }>(
    "select rolname::text as name from pg_catalog.pg_roles",
  );
  return new Set(rows.map(({ name }) => name));
}

/** Every role is gone that is not one of `kept`; the databases in which it holds anything are gone already. */
export async function dropRolesBut(superuser: Connection, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await rolesOf(superuser))
    if (!kept.has(name)) await superuser.query(`drop role ${quoteIdentifier(name)}`);
}

/** Whether a file of the plan, or its way back, makes, changes or drops a role. */
export function touchesRoles(plan: Plan): boolean {
  return plan
    .flatMap(({ statements, rollback }) => [...statements, ...(rollback?.statements ?? [])])
    .some(({ kind }) => /^(Create|Drop)RoleStmt$/.test(kind));
}
