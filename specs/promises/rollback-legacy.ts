import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { apply, applyAgain } from "./application.ts";
import { first, type LegacyRows, legacyRows, plantLegacy, plantOrganizations, tellRows } from "./legacy.ts";
import { requirementsOf } from "./requirements.ts";
import { scriptsOf, wayOf } from "./rollback-catalog.ts";

interface Shape {
  readonly name: string;
  /** Whether the whole set is applied; else only what the webhook migration needs, and itself. */
  readonly whole?: boolean;
  /** Makes of the baseline, with its legacy rows in it, what some application has. */
  readonly sql: string;
}

const shapes: readonly Shape[] = [
  {
    name: "the baseline, with columns and a trigger that the set has never heard of",
    whole: true,
    sql: `
alter table public.processed_webhook_events
  add column number bigint generated always as identity,
  add column raw bytea not null default '\\x00ff0a5c',
  add column payload json not null default '{"b":  1, "a": [1.0, 1.00],  "a": null}',
  add column score double precision not null default 'NaN',
  add column shouted text generated always as (upper(event_type)) stored;
update public.processed_webhook_events set raw = decode(md5(event_id), 'hex'), score = 1 / (number + 2.0);
create function public.stamp_event() returns trigger language plpgsql as
  'begin new.processed_at := now(); new.event_type := ''stamped''; return new; end';
create trigger stamp_event before insert on public.processed_webhook_events
  for each row execute function public.stamp_event();
create trigger stamp_every_event before insert on public.processed_webhook_events
  for each row execute function public.stamp_event();
alter table public.processed_webhook_events enable always trigger stamp_every_event;`,
  },
  {
    name: "text links and no key at all",
    sql: `
alter table public.processed_webhook_events
  drop constraint processed_webhook_events_pkey,
  drop constraint processed_webhook_events_event_id_key,
  drop constraint processed_webhook_events_call_log_id_fkey,
  drop constraint processed_webhook_events_call_id_fkey,
  alter column event_id drop not null,
  alter column call_log_id type text, alter column call_id type text;
update public.processed_webhook_events set call_log_id = upper(call_log_id) where event_type = '';
-- No organization has one of these twice, but several have the same.
update public.processed_webhook_events set event_id = 'shared'
where id in (
  select (array_agg(event.id))[1]
  from public.processed_webhook_events event join public.call_logs call on call.id::text = lower(event.call_log_id)
  where event.call_id is null and event.vapi_call_id is null group by call.org_id);
insert into public.processed_webhook_events (id, event_id, call_log_id, call_id, vapi_call_id, received_at)
select id, event_id, 'not-a-uuid', call_id, vapi_call_id, 'epoch'
from (values (md5('twice')::uuid, null, null, null), (md5('twice')::uuid, null, null, null),
  (md5('once')::uuid, 'shared', '', 'of nobody'), (md5('once')::uuid, 'shared', '', 'of nobody'),
  (md5('null')::uuid, null, null, 'first'), (md5('null')::uuid, null, null, 'first'))
  twice (id, event_id, call_id, vapi_call_id);`,
  },
  {
    name: "one of the three links, and one table of calls",
    sql: `
drop table public.calls cascade;
alter table public.processed_webhook_events drop column call_id, drop column vapi_call_id;`,
  },
];

/** In each shape, all rows that were there before are there again after apply and rollback, and so is what came since. */
export async function provesLegacyDataStay(ground: Ground, proof: Proof): Promise<void> {
  const migration = ground.plan.find(({ file }) => file.includes("processed_webhook_events"));
  if (migration === undefined)
    return proof.broke("no migration names processed_webhook_events", "ls migrations");
  const needed = requirementsOf(ground.plan, migration);
  for (const [index, { name, whole, sql }] of shapes.entries()) {
    const files = whole ? ground.plan.filter((one) => !needed.includes(one)) : [migration];
    await using site = await ground.open("before");
    const superuser = await site.connection("superuser");
    const given = `${plantLegacy}\n${sql}`;
    await superuser.query(given);
    const before = await legacyRows(superuser);
    const repeat = [
      "-- on a database before the first migration:",
      given,
      applyAgain(...needed),
      plantOrganizations,
      applyAgain(...files),
      ...(whole ? [] : [delivered]),
      applyAgain(...scriptsOf(files)),
    ].join("\n");
    await apply(ground, site, needed);
    await superuser.query(plantOrganizations);
    const { fault: refusal } = await apply(ground, site, files);
    if (refusal) {
      proof.doubted(`the set does not apply to ${name}: ${refusal.where}: ${refusal.what}`);
      continue;
    }
    const moved = surely(before, await legacyRows(superuser));
    if (moved !== "") proof.doubted(`in ${name}, ${moved}`);
    const way = wayOf(index, 2);
    // What is delivered is audited, and then the rollback of the audit trail rightly refuses.
    if (!whole) await superuser.query(delivered);
    const { fault } = await apply(ground, site, scriptsOf(files), { way });
    if (fault) {
      proof.broke(`in ${name}, ${way}, ${fault.where}: ${fault.what}`, repeat);
      continue;
    }
    if (!whole) {
      const since = await superuser.query(
        "delete from public.processed_webhook_events where event_id = 'delivered since' returning event_id",
      );
      proof.weigh(
        since.rows.length === 1,
        `in ${name}, of one event that was delivered meanwhile ${since.rows.length} are there after the rollback`,
        `${repeat}\n-- delivered between the two:\n${delivered}`,
      );
    }
    const told = tellRows(before, await legacyRows(superuser));
    proof.weigh(told === "", `after apply and rollback in ${name}, ${told}`, repeat);
  }
}

/** An event of a call that is there, as the service would store it; the set finds its organization. */
const delivered = `insert into public.processed_webhook_events (event_id, call_log_id)
  select 'delivered since', id from public.call_logs where org_id = '${first}' limit 1;`;

/** Why the experiment says nothing: the migration moved no event away, or kept none; else empty. */
function surely(before: LegacyRows, after: LegacyRows): string {
  const [all = 0, kept = 0] = [before, after].map((rows) => rows.get("processed_webhook_events")?.length);
  if (kept > 0 && kept < all) return "";
  return `of ${all} events the migration kept ${kept}, so that there is nothing to bring back or to keep`;
}
