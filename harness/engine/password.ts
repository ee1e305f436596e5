import { randomBytes } from "node:crypto";
import { quoteIdentifier, quoteLiteral } from "../sql/identifier.ts";
import type { Connection } from "./connection.ts";

/** One that nobody guesses. */
export function makePassword(): string {
  return randomBytes(18).toString("base64url");
}

/**
 * The session's user has this password, or none; so does every role that logs in and had the same as the user before:
 * a platform gives them the superuser's, whose saved data may be another run's.
 */
export async function givePassword(connection: Connection, password: string | undefined): Promise<void> {
  const { rows: others } = await connection.query<{ name: string }>(
    `select role.rolname::text as name
     from pg_catalog.pg_authid as role
     join pg_catalog.pg_authid as me on me.rolname = current_user
     where role.rolcanlogin and role.oid <> me.oid and role.rolpassword is not distinct from me.rolpassword
     order by 1`,
  );
  const given = password === undefined ? "null" : quoteLiteral(password);
  await connection.query(`alter role current_user password ${given}`);
  const { rows } = await connection.query<{ verifier: string | null }>(
    "select rolpassword as verifier from pg_catalog.pg_authid where rolname = current_user",
  );
  // A SCRAM verifier holds for any name.
  const verifier = rows[0]?.verifier == null ? "null" : quoteLiteral(rows[0].verifier);
  for (const { name } of others) {
    await connection.query(`alter role ${quoteIdentifier(name)} password ${verifier}`);
  }
}
