import fc from "fast-check";
import { sql } from "../../harness/guarantees/sql.ts";
import { promise, type Trial } from "../../harness/guarantees/trial.ts";

/** W5: an event is one row, however often it is delivered. */
export const webhookReplay = promise({
  id: "W5",
  title: "an event that is delivered again, or 50 times at once, is one row; in two tenants it is two",
  effect: "A call is booked or billed twice, or another tenant's event is taken for one's own and dropped.",
  remedy: "Keep UNIQUE (org_id, event_id) on event_id as it is delivered, and upsert on it.",
  async experiment(trial) {
    await provesReplay(trial);
    await provesAnyId(trial);
    await trial.concurrently(50, trial.service, "delivers one event", deliver(trial.tenant, "evt at once"));
    await trial.finds(
      "50 deliveries of one event at the same time leave one row",
      sql`select count(*)::int as rows from public.processed_webhook_events where event_id = 'evt at once'`,
      [{ rows: 1 }],
    );
  },
});

function deliver(org: string, event: string) {
  return sql`insert into public.processed_webhook_events (org_id, event_id, event_type)
    values (${org}, ${event}, 'call ended') on conflict (org_id, event_id) do nothing`;
}

const count = (event: string) =>
  sql`select count(*)::int as rows, count(distinct org_id)::int as tenants
      from public.processed_webhook_events where event_id = ${event}`;

async function provesReplay(trial: Trial): Promise<void> {
  const { service, tenant, otherTenant } = trial;
  const event = "evt_replayed";
  await trial.sees(
    service,
    "one event delivered twice to one tenant is one row",
    [deliver(tenant, event), deliver(tenant, event), count(event)],
    [{ rows: 1, tenants: 1 }],
  );
  await trial.sees(
    service,
    "one event delivered twice to each of two tenants is two rows",
    [tenant, otherTenant, tenant, otherTenant].map((org) => deliver(org, event)).concat(count(event)),
    [{ rows: 2, tenants: 2 }],
  );
  await trial.sees(
    service,
    "a delivery that updates on conflict finds the row of its own tenant",
    [
      deliver(tenant, event),
      deliver(otherTenant, event),
      sql`insert into public.processed_webhook_events (org_id, event_id) values (${tenant}, ${event})
          on conflict (org_id, event_id) do update set event_type = 'seen again' returning org_id, event_type`,
    ],
    [{ org_id: tenant, event_type: "seen again" }],
  );
  const plain = sql`insert into public.processed_webhook_events (org_id, event_id) values (${tenant}, ${event})`;
  await trial.mayNot(service, "inserts one event twice", [plain, plain], { sqlstate: "23505" });
}

/** Ids of any spelling: what differs is another event, be it a capital or a space. */
async function provesAnyId(trial: Trial): Promise<void> {
  const { service, tenant, otherTenant } = trial;
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
  const random = fc.sample(text, { numRuns: 60, seed: trial.seed }).map((id) => id.replaceAll("\0", "0"));
  const alike = ["evt_a", "EVT_A", "evt_A", " evt_a", "evt_a ", "evt-a", "evta", "evt_\u00e4", "evt_a\u0308"];
  const long = ["evt_".padEnd(400, "x"), `${"evt_".padEnd(399, "x")}y`];
  const ids = [...new Set([...random, ...alike, ...long, ""])];
  const deliverAll = (org: string) =>
    sql`insert into public.processed_webhook_events (org_id, event_id)
        select ${org}::uuid, id from unnest(${ids}::text[]) as id on conflict (org_id, event_id) do nothing`;
  await trial.sees(
    service,
    "events of any id delivered twice to two tenants are each one row in each",
    [
      ...[tenant, otherTenant, tenant, otherTenant].map(deliverAll),
      sql`select count(*)::int as rows, count(distinct (org_id, event_id))::int as events
          from public.processed_webhook_events where event_id = any (${ids})`,
    ],
    [{ rows: ids.length * 2, events: ids.length * 2 }],
  );
}
