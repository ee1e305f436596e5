import type { Connection } from "../../harness/catalog/connection.ts";
import { key } from "../../harness/catalog/schema.ts";
import type { Fault } from "../../harness/fault/fault.ts";
import { changedTables, digestData } from "../../harness/guarantees/digest.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import type { Migration } from "../../harness/migrations/migration.ts";
import type { Notice } from "../../harness/migrations/simple-query.ts";
import { type Application, apply, applyAgain, leftBehind, messageOf } from "./application.ts";
import { scriptsOf, wayOf } from "./rollback-catalog.ts";
import { provesSharedEvents } from "./rollback-events.ts";
import { provesLateRows } from "./rollback-late-rows.ts";

/** What says that data may be lost. */
export const permission = { "tenantproof.allow_data_loss": "on" };
export const allowLoss = "set tenantproof.allow_data_loss = 'on';\n";

/** What does not, although something is said; undefined: nothing is. */
const noPermission: readonly (string | undefined)[] = [undefined, "off", "", "false", "no", "0", "onwards"];

/** The tables in which the set's users have written since, all of which the summary names. */
const written = [
  "organizations",
  "contacts",
  "appointments",
  "notifications",
  "audit_logs",
  "audit_logs_archive",
];

/** Rows of every sort in each, another number in each, besides those that are there. */
const plant = `
insert into public.organizations (name) select 'organization ' || n from generate_series(1, 5) n;
insert into public.contacts (org_id, name, phone, lead_status)
  select org.id, 'contact ' || n, case when n % 2 = 0 then '+1555019' || n end, status
  from (select id from public.organizations order by id limit 1) org, generate_series(1, 2) n,
    unnest(enum_range(null::public.lead_status_type)) status
  on conflict do nothing;
insert into public.appointments (org_id, contact_id, service_type, scheduled_at, status, deleted_at)
  select contact.org_id, contact.id, 'service', now(), status, case when n % 2 = 0 then now() end
  from (select org_id, id from public.contacts order by id limit 1) contact, generate_series(1, 3) n,
    unnest(enum_range(null::public.appointment_status)) status;
insert into public.notifications (org_id, user_id, type, title, message, status, read_at, expires_at)
  select one.org_id, one.user_id, 'voicemail', 'title', 'message',
    case n % 3 when 0 then 'archived' when 1 then 'read' else 'unread' end::public.notification_status,
    case when n % 3 < 2 then now() end, now() + (n - 12) * interval '1 day'
  from (select org_id, user_id from public.notifications order by id limit 1) one, generate_series(1, 23) n;
insert into public.audit_logs (event_type, operation) select 'access_denied', 'SELECT' from generate_series(1, 3);`;

/** A rollback that would lose rows refuses with their number; told that it may, it goes and says what it dropped. */
export async function provesRefusal(ground: Ground, proof: Proof): Promise<void> {
  await Promise.all([
    provesTables(ground, proof),
    provesSharedEvents(ground, proof),
    provesLateRows(ground, proof),
  ]);
}

async function provesTables(ground: Ground, proof: Proof): Promise<void> {
  await using site = await ground.open("populated");
  const superuser = await site.connection("superuser");
  await superuser.query(plant);
  const dropped = new Set<string>();
  for (const [index, migration] of [...ground.plan.entries()].toReversed()) {
    const before = await rowCounts(superuser);
    const attempt: Attempt = (settings = {}) =>
      apply(ground, site, scriptsOf([migration]), { way: wayOf(index, 0), settings });
    // The webhook script drops no table that anybody wrote to; what it would lose is asked elsewhere.
    const asks = !migration.file.includes("processed_webhook_events");
    const { refusal, went } = asks ? await provesUnpermitted(ground, site, proof, migration, attempt) : {};
    const { fault, notices } = went ?? (await attempt(permission));
    if (fault)
      return proof.broke(`${migration.file}, although data may be lost: ${fault.what}`, allow(migration));
    const after = await rowCounts(superuser);
    const lost = [...before].filter(([table, count]) => asks && !after.has(table) && count > 0);
    for (const [table] of lost) dropped.add(table);
    if (lost.length === 0) continue;
    const what = lost.map(([table, count]) => `${count} rows of ${table}`).join(" and ");
    const counts = lost.map(([, count]) => count);
    provesCounts(proof, migration, what, [counts], refusal, notices);
  }
  const untold = written.filter((table) => !dropped.has(`public.${table}`));
  if (untold.length > 0)
    proof.doubted(`there were no rows to lose in ${untold.join(", ")}, or no script dropped them`);
}

type Attempt = (settings?: Readonly<Record<string, string>>) => Promise<Application>;

interface Unpermitted {
  /** The first refusal. */
  readonly refusal?: Fault | undefined;
  /** The attempt that went through. */
  readonly went?: Application | undefined;
}

/** Whatever is said that is no permission, the script refuses and changes nothing, if it refuses when nothing is said. */
export async function provesUnpermitted(
  ground: Ground,
  site: Site,
  proof: Proof,
  migration: Migration,
  attempt: Attempt,
): Promise<Unpermitted> {
  const superuser = await site.connection("superuser");
  const counts = await rowCounts(superuser);
  const tables = ground.schema.tables.filter((table) => counts.has(key(table)));
  const before = await digestData(superuser, tables);
  let refusal: Fault | undefined;
  let went: Application | undefined;
  const left = await leftBehind(site, async () => {
    for (const value of noPermission) {
      const ended = await attempt(value === undefined ? {} : { "tenantproof.allow_data_loss": value });
      if (ended.fault === undefined) went = ended;
      if (value !== undefined)
        proof.weigh(
          went === undefined,
          `rollback of ${migration.file} takes '${value}' for the permission to lose data`,
          `set tenantproof.allow_data_loss = '${value}';\n${applyAgain(migration.rollback)}`,
        );
      if (went !== undefined) return;
      refusal ??= ended.fault;
    }
  });
  if (went !== undefined) return { refusal, went };
  const changed = [...left, ...changedTables(before, await digestData(superuser, tables))];
  proof.weigh(
    changed.length === 0,
    `rollback of ${migration.file}, refused, changes ${changed.join(", ")}`,
    applyAgain(migration.rollback),
  );
  return { refusal };
}

/** Both the refusal, and what is said when it goes, hold the counts: one of these lists, each number or their sum. */
export function provesCounts(
  proof: Proof,
  migration: Migration,
  what: string,
  lists: readonly (readonly number[])[],
  refusal: Fault | undefined,
  notices: readonly Notice[],
): void {
  const says = (text: string) => lists.some((counts) => saysAll(text, counts));
  const refused = refusal && messageOf(refusal);
  proof.weigh(
    refused !== undefined && says(refused),
    `rollback of ${migration.file}, which loses ${what}, ${refused === undefined ? "does not ask" : `says only: ${refused}`}`,
    applyAgain(migration.rollback),
  );
  if (refusal === undefined) return;
  const said = notices.map(({ severity, message }) => `${severity}: ${message}`).join("; ");
  proof.weigh(
    says(said),
    `rollback of ${migration.file}, told that it may, lost ${what} and said ${said || "nothing"}`,
    allow(migration),
  );
}

/** What runs the script with the permission. */
export function allow(migration: Migration): string {
  return `${allowLoss}${applyAgain(migration.rollback)}`;
}

function saysAll(text: string, counts: readonly number[]): boolean {
  const says = (count: number) => new RegExp(`(?<!\\d)${count}(?!\\d)`).test(text);
  return counts.every(says) || says(counts.reduce((sum, count) => sum + count, 0));
}

/** `schema.table` -> rows, of the ordinary tables in schema public. */
export async function rowCounts(connection: Connection): Promise<ReadonlyMap<string, number>> {
  const { rows } = await connection.query(`
    select 'public.' || relname as name, (pg_catalog.xpath('/row/n/text()', pg_catalog.query_to_xml(
      pg_catalog.format('select count(*) as n from public.%I', relname), false, true, '')))[1]::text::int as count
    from pg_catalog.pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`);
  return new Map((rows as { name: string; count: number }[]).map(({ name, count }) => [name, count]));
}
