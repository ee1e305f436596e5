// Legacy database: a clone as an application left it: its tables in some shape, with rows, and what the webhook
// migration requires. Aftermath: how the migration ended, and what became of the rows.

import { type LegacyData, rowsSql } from "../../fixtures/legacy/rows.ts";
import { type LegacyShape, shapeSql } from "../../fixtures/legacy/shapes.ts";
import type { Connection } from "../../harness/catalog/connection.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import type { Way } from "../../harness/migrations/apply.ts";
import type { Migration } from "../../harness/migrations/migration.ts";
import { quoteLiteral } from "../../harness/sql/identifier.ts";
import { type Application, apply } from "./application.ts";
import { requirementsOf } from "./requirements.ts";

export const events = "public.processed_webhook_events";
export const orphans = "public.processed_webhook_events_orphans";

export interface Legacy {
  readonly shape: LegacyShape;
  readonly data: LegacyData;
}

/** A row with the text of its old columns and their types. */
export interface Kept {
  readonly event: string;
  readonly org: string | null;
  readonly old: string;
}

export interface Orphan extends Kept {
  /** Texts of the columns that only orphans have. */
  readonly reasons: readonly string[];
  /** Whether some time that only orphans have is one within the migration. */
  readonly timely: boolean;
}

export interface Aftermath extends Application {
  readonly legacy: Legacy;
  /** Rows of the events before and after; the text of the old columns says all of a row. */
  readonly before: readonly Kept[];
  readonly after: readonly Kept[];
  readonly orphans: readonly Orphan[];
  /** A checksum of the calls, which are nobody's to change, before and after. */
  readonly calls: readonly [before: string, after: string];
  /** A script that shows it again before the first migration, with this event alone when one is given. */
  repeat(event?: string): { readonly repeat: string };
}

/** The migration of the subject that gives events their organization. @throws Error when there is none. */
export function webhookMigration({ plan }: Pick<Ground, "plan">): Migration {
  const found = plan.find(({ file }) => file.includes("processed_webhook_events"));
  if (found === undefined) throw new Error("no migration names processed_webhook_events");
  return found;
}

/** The tenants that every legacy database has. */
export function tenantsOf({ society }: Pick<Ground, "society">): readonly string[] {
  return society.tenants.map(({ id }) => id);
}

/** A clone with the legacy tables and their rows, the tenants, and what the webhook migration requires. */
export async function openLegacy(ground: Ground, legacy: Legacy): Promise<Site> {
  const site = await ground.open("before");
  const deployer = await site.connection("deployer");
  await deployer.query(legacySql(legacy));
  const { fault } = await apply(ground, site, requirementsOf(ground.plan, webhookMigration(ground)));
  if (fault) throw new Error(`what the webhook migration requires does not apply: ${fault.what}`);
  const superuser = await site.connection("superuser");
  await superuser.query(tenantsSql(ground));
  return site;
}

/** Applies the webhook migration to a legacy database and tells what became of its rows. */
export async function migrate(ground: Ground, site: Site, legacy: Legacy, way: Way): Promise<Aftermath> {
  const superuser = await site.connection("superuser");
  const columns = await columnsOf(superuser, events);
  const before = await rowsOf(superuser, events, columns);
  const callsBefore = await digestOf(superuser, legacy);
  const { rows: clock } = await superuser.query("select clock_timestamp()::text as now");
  const application = await apply(ground, site, [webhookMigration(ground)], { way });
  const { now } = clock[0] as { now: string };
  return {
    ...application,
    legacy,
    before,
    after: await rowsOf(superuser, events, columns),
    orphans: await orphansOf(superuser, columns, now),
    calls: [callsBefore, await digestOf(superuser, legacy)],
    repeat: (event) => repeatOf(ground, legacy, event),
  };
}

/** A script that makes the legacy database, with one event alone if given, and migrates it, for people. */
export function repeatOf(
  ground: Ground,
  { shape, data }: Legacy,
  event?: string,
): { readonly repeat: string } {
  return {
    get repeat() {
      const events = data.events.filter(({ event_id }) => event === undefined || event_id === event);
      const linked = new Set(
        events.flatMap((one) => Object.values(one).map((value) => value?.toLowerCase())),
      );
      const calls = data.calls.filter(
        ({ id, vapi_call_id }) =>
          event === undefined || linked.has(id) || linked.has(vapi_call_id ?? undefined),
      );
      const migration = webhookMigration(ground);
      return [
        "-- on a database before the first migration:",
        legacySql({ shape, data: { calls, events } }),
        ...requirementsOf(ground.plan, migration).map(({ file }) => `\\i migrations/${file}`),
        tenantsSql(ground),
        `\\i migrations/${migration.file}`,
      ].join("\n");
    },
  };
}

/** A script that shows `outcome` again, after the legacy database was made and migrated. */
export function repeatAfter(
  { repeat }: Aftermath,
  outcome: { readonly repeat: string },
): { readonly repeat: string } {
  return {
    get repeat() {
      return `${repeat().repeat}\n${outcome.repeat}`;
    },
  };
}

function legacySql({ shape, data }: Legacy): string {
  return `${shapeSql(shape)}\n${rowsSql(shape, data)}`;
}

function tenantsSql(ground: Ground): string {
  const rows = tenantsOf(ground).map((id, index) => `(${quoteLiteral(id)}, 'tenant ${index + 1}')`);
  return `insert into public.organizations (id, name) values ${rows.join(", ")};`;
}

interface Column {
  readonly name: string;
  /** S: text, E: enum, D: date or time. */
  readonly kind: string;
}

async function columnsOf(connection: Connection, table: string): Promise<readonly Column[]> {
  const { rows } = await connection.query(
    `select quote_ident(a.attname) as name, t.typcategory as kind
     from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
     where a.attrelid = pg_catalog.to_regclass($1) and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [table],
  );
  return rows as Column[];
}

/** The old columns with their types, as one text; one that is gone is told as that. */
function oldText(old: readonly Column[], present: readonly Column[]): string {
  const there = new Set(present.map(({ name }) => name));
  const parts = old.map(({ name }) => (there.has(name) ? `${name}, pg_typeof(${name})` : "'gone'"));
  return `row(${parts.join(", ")})::text`;
}

async function rowsOf(
  connection: Connection,
  table: string,
  columns: readonly Column[],
): Promise<readonly Kept[]> {
  const present = await columnsOf(connection, table);
  // There is no such table any more: then nothing is in it.
  if (present.length === 0) return [];
  const hasOrg = present.some(({ name }) => name === "org_id");
  const { rows } = await connection.query(
    `select event_id::text as event, ${hasOrg ? "org_id" : "null"}::text as org, ${oldText(columns, present)} as old
     from ${table} order by 1, 3`,
  );
  return rows as Kept[];
}

async function orphansOf(
  connection: Connection,
  columns: readonly Column[],
  since: string,
): Promise<readonly Orphan[]> {
  const old = new Set(["org_id", ...columns.map(({ name }) => name)]);
  const present = await columnsOf(connection, orphans);
  const added = present.filter(({ name }) => !old.has(name));
  // There is no such table: then nothing is in it.
  if (present.length === 0) return [];
  const reasons = added.filter(({ kind }) => kind === "S" || kind === "E").map(({ name }) => `${name}::text`);
  const times = added
    .filter(({ kind }) => kind === "D")
    .map(({ name }) => `coalesce(${name} between $1::timestamptz and clock_timestamp(), false)`);
  const { rows } = await connection.query(
    `select event_id::text as event, null as org, ${oldText(columns, present)} as old,
       array_remove(array[${reasons.join(", ")}]::text[], null) as reasons,
       ${times.join(" or ") || "$1::timestamptz is null"} as timely
     from ${orphans} order by 1, 3`,
    [since],
  );
  return rows as Orphan[];
}

async function digestOf(connection: Connection, { shape }: Legacy): Promise<string> {
  const parts = shape.callTables.map(
    (table) => `select ${quoteLiteral(table)} as name, md5(string_agg(t::text, '|' order by t.id)) as digest
      from public.${table} t`,
  );
  if (parts.length === 0) return "";
  const { rows } = await connection.query(parts.join(" union all "));
  return JSON.stringify(rows);
}
