// Platform: what the host of a database supplies before the first migration: roles, schemas, functions, privileges.
// Deployer: the role that runs migrations there. It owns the database and is no superuser.
// Privileges: what the API roles hold on new objects by default; open before 2026-05-30, closed since.
// Reserved roles: the roles that a platform makes; they belong to the cluster, not to one database.
import { readFile } from "node:fs/promises";
import { quoteIdentifier } from "../sql/identifier.ts";

export const platformNames = ["supabase", "none"] as const;
export type PlatformName = (typeof platformNames)[number];

export const privilegeModels = ["open", "closed"] as const;
export type Privileges = (typeof privilegeModels)[number];

/** Which platform to build. `privileges` means nothing where the platform is "none". */
export interface PlatformChoice {
  readonly platform: PlatformName;
  readonly privileges: Privileges;
}

/** What this room needs of a connection: a client, not a pool, since it opens a transaction. */
export interface Connection {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** A cluster that is ready for databases of the platform. */
export interface PreparedPlatform extends PlatformChoice {
  readonly deployer: string;
  /** The roles that were not there before; `removePlatform` drops them. */
  readonly createdRoles: readonly string[];
}

/**
 * The cluster has the platform's roles, their memberships and settings; run again, it changes nothing.
 * `superuser` is a superuser's connection to any database; its password becomes that of every role that logs in.
 */
export async function preparePlatform(
  superuser: Connection,
  choice: PlatformChoice,
): Promise<PreparedPlatform> {
  const [before, deployer] = [await roleNames(superuser), await chooseDeployer(superuser)];
  const folder = choice.platform === "none" ? "plain" : "supabase";
  await run(superuser, [`${folder}/roles.sql`], deployer);
  const createdRoles = (await roleNames(superuser)).filter((name) => !before.includes(name));
  return { ...choice, deployer, createdRoles };
}

/**
 * The database has the platform's schemas, functions, tables and default privileges, and belongs to the deployer.
 * `superuser` is a superuser's connection to that database, which must be new.
 */
export async function installPlatform(superuser: Connection, prepared: PreparedPlatform): Promise<void> {
  const files =
    prepared.platform === "none"
      ? ["plain/database.sql"]
      : [
          "supabase/database.sql",
          "supabase/auth.sql",
          "supabase/storage.sql",
          `supabase/privileges-${prepared.privileges}.sql`,
        ];
  await run(superuser, files, prepared.deployer);
}

/**
 * The roles that `preparePlatform` created are gone, and so is what it set for a superuser that was there before.
 * Databases made for the platform must be dropped first.
 */
export async function removePlatform(superuser: Connection, prepared: PreparedPlatform): Promise<void> {
  const { platform, createdRoles } = prepared;
  if (platform === "supabase" && !createdRoles.includes("supabase_admin")) {
    await superuser.query("alter role supabase_admin reset search_path");
  }
  if (createdRoles.length === 0) return;
  const roles = createdRoles.map(quoteIdentifier).join(", ");
  // DROP OWNED takes the grants on server parameters with it, which would hold the roles back.
  await superuser.query(`drop owned by ${roles}; drop role ${roles}`);
}

/** Hosted Supabase calls it `postgres`; where that name is taken by a superuser, it is `tenantproof_deployer`. */
async function chooseDeployer(superuser: Connection): Promise<string> {
  const { rows } = await superuser.query(
    "select from pg_catalog.pg_roles where rolname = 'postgres' and rolsuper",
  );
  return rows.length === 0 ? "postgres" : "tenantproof_deployer";
}

async function roleNames(superuser: Connection): Promise<string[]> {
  const { rows } = await superuser.query("select rolname from pg_catalog.pg_roles order by rolname");
  return rows.map((row) => (row as { rolname: string }).rolname);
}

/** Runs the files in one transaction, with their parameter set for its duration only. */
async function run(superuser: Connection, files: readonly string[], deployer: string): Promise<void> {
  const sql = await Promise.all(files.map((file) => readFile(new URL(file, import.meta.url), "utf8")));
  await superuser.query("begin; set local client_min_messages = error");
  try {
    await superuser.query("select set_config('tenantproof.deployer', $1, true)", [deployer]);
    await superuser.query(sql.join("\n"));
    await superuser.query("commit");
  } catch (thrown) {
    await superuser.query("rollback");
    throw thrown;
  }
}
