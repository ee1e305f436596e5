// Aftermath: how the webhook migration of a legacy database ended, and what became of the rows.

import type { Connection } from "../../harness/catalog/connection.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import type { Way } from "../../harness/migrations/apply.ts";
import { quoteLiteral } from "../../harness/sql/identifier.ts";
import { type Application, apply } from "./application.ts";
import { events, type Legacy, orphans, repeatOf, webhookMigration } from "./webhook-legacy.ts";

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
