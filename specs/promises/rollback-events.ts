import type { Connection } from "../../harness/catalog/connection.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { apply, pictureOf, tellDifference } from "./application.ts";
import { first, plantLegacy, plantOrganizations, second } from "./legacy.ts";
import { requirementsOf } from "./requirements.ts";
import { scriptsOf, wayOf } from "./rollback-catalog.ts";
import { allow, permission, provesCounts, provesUnpermitted } from "./rollback-loss.ts";

/** Something that cannot go back into the old table as it is. */
interface Loss {
  readonly what: string;
  readonly sql: string;
  readonly rows: number;
}

const events = "public.processed_webhook_events";

/** Each event has a call of its own organization, so that nothing but the key is in its way. */
const losses: readonly Loss[] = [
  {
    what: "19 events whose event_id another organization has too",
    sql: `
with log as (
  insert into public.call_logs (org_id, vapi_call_id)
  select org::uuid, 'shared' from (values ('${first}'), ('${second}')) org (org) returning id, org_id)
insert into ${events} (org_id, event_id, call_log_id)
select log.org_id, 'shared ' || n, log.id from log, generate_series(1, 19) n;`,
    rows: 19,
  },
  {
    what: "14 events of two organizations, of 7 event_ids that orphans have",
    sql: `
with log as (
  insert into public.call_logs (org_id, vapi_call_id)
  select org::uuid, 'again' from (values ('${first}'), ('${second}')) org (org) returning id, org_id)
insert into ${events} (org_id, event_id, call_log_id)
select log.org_id, orphan.event_id, log.id
from log, (select event_id from ${events}_orphans order by event_id limit 7) orphan;`,
    rows: 14,
  },
];

/** What no call gives, or calls of several organizations: nobody finds the organization again. */
const unknownTenant: Loss = {
  what: "the organization of 13 events that no call gives, or calls of two",
  sql: `insert into ${events} (org_id, event_id, vapi_call_id)
  select '${second}', 'without a call ' || n, case when n % 4 = 0 then 'of two' end from generate_series(1, 13) n;`,
  rows: 13,
};

/** Two rows of one event_id do not fit under the old key: the script refuses, with how many it would have to drop. */
export async function provesSharedEvents(ground: Ground, proof: Proof): Promise<void> {
  const { plan } = ground;
  const migration = plan.find(({ file }) => file.includes("processed_webhook_events"));
  if (migration === undefined)
    return proof.broke("no migration names processed_webhook_events", "ls migrations");
  await using site = await ground.open("before");
  const superuser = await site.connection("superuser");
  await superuser.query(plantLegacy);
  await apply(ground, site, requirementsOf(plan, migration));
  await superuser.query(plantOrganizations);
  const before = await pictureOf(site);
  const eventsBefore = await eventIds(superuser);
  const scripts = scriptsOf([migration]);
  for (const [index, loss] of [...losses, unknownTenant].entries()) {
    const { fault: refusal } = await apply(ground, site, [migration]);
    if (refusal) return proof.doubted(`${migration.file} does not apply to legacy rows: ${refusal.what}`);
    await superuser.query(loss.sql);
    const held = await eventIds(superuser);
    const way = wayOf(index, 1);
    const attempt = (settings = {}) => apply(ground, site, scripts, { way, settings });
    const { refusal: refused, went } = await provesUnpermitted(ground, site, proof, migration, attempt);
    const { fault, notices } = went ?? (await attempt(permission));
    if (fault)
      return proof.broke(`${migration.file}, although data may be lost: ${fault.what}`, allow(migration));
    provesCounts(proof, migration, loss.what, [[loss.rows]], refused, notices);
    // One row of each event stays: what was allowed to go is the other, and nothing else.
    const after = await eventIds(superuser);
    const missing = [...new Set([...held, ...eventsBefore])].filter((event) => !after.includes(event));
    proof.weigh(
      missing.length === 0 && new Set(after).size === after.length,
      `rollback of ${migration.file}, which may lose ${loss.what}, leaves ${after.length} events and loses all of ${missing.length}, such as ${missing[0]}`,
      `${loss.sql}\n${allow(migration)}`,
    );
    const told = tellDifference(before, await pictureOf(site));
    proof.weigh(
      told === "",
      `after that rollback of ${migration.file} the catalog is not what it was: ${told}`,
      `${loss.sql}\n${allow(migration)}`,
    );
    await superuser.query(`delete from ${events} where event_id ~ '^(shared|without a call) [0-9]+$'`);
  }
}

async function eventIds(connection: Connection): Promise<readonly string[]> {
  const { rows } = await connection.query(`select event_id from ${events} order by event_id`);
  return (rows as { event_id: string }[]).map((row) => row.event_id);
}
