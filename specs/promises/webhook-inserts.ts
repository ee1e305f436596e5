import { textual } from "../../fixtures/legacy/shapes.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { type Statement, sql } from "../../harness/guarantees/sql.ts";
import { promise, type Trial } from "../../harness/guarantees/trial.ts";
import { service } from "../../harness/session/actor.ts";
import type { Outcome } from "../../harness/session/outcome.ts";
import { quoteLiteral } from "../../harness/sql/identifier.ts";
import { migrate, repeatAfter } from "./webhook-aftermath.ts";
import { fatesOf, sampleData } from "./webhook-data.ts";
import { judgesApplied } from "./webhook-judgement.ts";
import { type Legacy, openLegacy, tenantsOf } from "./webhook-legacy.ts";

const trials = promise({
  id: "W9",
  title: "an insert that gives no org_id gets that of its call, as in the backfill, or fails and says so",
  effect:
    "The application, which knows no org_id yet, stops taking webhooks, or files them under a wrong tenant.",
  remedy:
    "Find org_id in a trigger before insert by the same rules as the backfill, and raise where there is not one.",
  leavesNothing: true,
  async experiment(trial) {
    await provesInserts(trial);
    await provesUse(trial);
  },
});

/** W9: the application goes on as it was. */
export const webhookInserts: Guarantee = {
  ...trials,
  async experiment(arena, proof) {
    const data = sampleData(textual, { tenants: tenantsOf(arena), seed: arena.seed + 90, size: 100 });
    await Promise.all([
      trials.experiment(arena, proof),
      provesAsBackfilled(arena, proof, { shape: textual, data }),
    ]);
  },
};

/** What says that org_id is missing and could not be found; that NULL is refused says only that somebody forgot it. */
function saysSo(outcome: Outcome): boolean {
  return (
    !outcome.ok &&
    /org_?id|organi[sz]ation|tenant/i.test(outcome.message) &&
    !/violates not-null constraint|invalid input syntax/.test(outcome.message)
  );
}

/** Inserted anew without org_id, each legacy event ends as the backfill ends it; what that cannot place is refused. */
async function provesAsBackfilled(ground: Ground, proof: Proof, legacy: Legacy): Promise<void> {
  await using site = await openLegacy(ground, legacy);
  const aftermath = await migrate(ground, site, legacy, "pasted");
  if (!judgesApplied(proof, aftermath)) return;
  const fates = [...fatesOf(legacy.data, tenantsOf(ground))];
  const statements = legacy.data.events.map((event) => {
    const { event_id, ...links } = event;
    const values = [`${event_id} again`, ...Object.values(links)];
    const written = values.map((value) => (value == null ? "null" : quoteLiteral(value))).join(", ");
    const columns = ["event_id", ...Object.keys(links)].join(", ");
    return `insert into public.processed_webhook_events (${columns}) values (${written}) returning org_id`;
  });
  const outcomes = await site.sessions.attempt(statements.map((text) => ({ actor: service, sql: text })));
  outcomes.forEach((outcome, index) => {
    const [event, fate] = fates[index] as (typeof fates)[number];
    const told = outcome.ok ? `gets ${outcome.rows[0]?.org_id}` : `is refused: ${outcome.message}`;
    const [asPromised, wanted] =
      fate.to === "organization"
        ? [outcome.ok && outcome.rows[0]?.org_id === fate.id, `is of ${fate.id} by part ${fate.part}`]
        : [saysSo(outcome), `has no organization: ${fate.reason}`];
    const what = `${legacy.shape.called}: an insert like event ${event}, which ${wanted}, ${told}`;
    proof.weigh(asPromised, what, repeatAfter(aftermath, outcome));
  });
}

const call = (table: "call_logs" | "calls", id: string, org: string | null, vapi: string): Statement =>
  table === "calls"
    ? sql`insert into public.calls (id, org_id, vapi_call_id) values (${id}, ${org}, ${vapi})`
    : sql`insert into public.call_logs (id, org_id, vapi_call_id) values (${id}, ${org}, ${vapi})`;

/** Every kind of insert that an application makes; the calls are of the same transaction. */
async function provesInserts(trial: Trial): Promise<void> {
  const { service, tenant, otherTenant, proof } = trial;
  const [log, one, other] = [trial.uuid(), trial.uuid(), trial.uuid()];
  const calls = [
    call("call_logs", log, tenant, "vapi of the log"),
    call("calls", one, tenant, "vapi of one"),
    call("calls", other, otherTenant, "vapi of the other"),
  ];
  await trial.sees(
    service,
    "several events of several tenants in one insert each get their own",
    [
      ...calls,
      sql`insert into public.processed_webhook_events (event_id, call_log_id, call_id, vapi_call_id)
          values ('a', ${log}, null, null), ('b', null, ${one}, 'vapi of the log'),
                 ('c', null, ${other}, null), ('d', null, null, 'vapi of the other')`,
      sql`select event_id, org_id from public.processed_webhook_events
          where event_id in ('a', 'b', 'c', 'd') order by event_id`,
    ],
    [tenant, tenant, otherTenant, otherTenant].map((org_id, index) => ({
      event_id: "abcd".charAt(index),
      org_id,
    })),
  );
  await trial.sees(
    service,
    "an upsert without org_id that names (org_id, event_id) finds the row that is there",
    [
      ...calls,
      ...["first", "again"].map(
        (type) => sql`insert into public.processed_webhook_events (event_id, call_id, event_type)
          values ('evt upserted', ${one}, ${type})
          on conflict (org_id, event_id) do update set event_type = excluded.event_type`,
      ),
      sql`select org_id, event_type from public.processed_webhook_events where event_id = 'evt upserted'`,
    ],
    [{ org_id: tenant, event_type: "again" }],
  );
  await trial.sees(
    service,
    "an event that gives its org_id keeps it, although it has no call",
    sql`insert into public.processed_webhook_events (org_id, event_id) values (${otherTenant}, 'evt given')
        returning org_id`,
    [{ org_id: otherTenant }],
  );
  await trial.sees(
    service,
    "an insert of which one row cannot be placed writes none",
    [
      ...calls,
      sql`do $$ begin
        insert into public.processed_webhook_events (event_id, vapi_call_id)
          values ('evt half', 'vapi of one'), ('evt half too', 'of no call');
      exception when others then null;
      end $$`,
      sql`select count(*)::int as rows from public.processed_webhook_events where event_id like 'evt half%'`,
    ],
    [{ rows: 0 }],
  );
  await trial.mayNot(
    service,
    "inserts an event whose empty vapi_call_id is that of a call that has none",
    [
      call("calls", trial.uuid(), tenant, ""),
      sql`insert into public.processed_webhook_events (event_id, vapi_call_id) values ('evt of no call', '')`,
    ],
    { sqlstate: ["23502", "P0001", "23514", "23503"] },
  );
  const outcomes = await trial.site.deployer.triesInTurn([
    ...calls.map(({ template, values }) => [template, ...values] as const),
    [
      "insert into public.processed_webhook_events (event_id, vapi_call_id) values ('evt', 'vapi of one') returning org_id",
    ],
  ]);
  const { outcome } = outcomes;
  proof.weigh(
    outcome.ok && outcome.rows[0]?.org_id === tenant,
    `an insert by the tables' owner ${outcome.ok ? `gets ${outcome.rows[0]?.org_id}` : outcome.message}`,
    outcome,
  );
}

/** What an application does with its events after they are there. */
async function provesUse(trial: Trial): Promise<void> {
  const { service, tenant } = trial;
  const [log, one] = [trial.uuid(), trial.uuid()];
  const there = [
    call("call_logs", log, tenant, "vapi of use"),
    call("calls", one, tenant, "vapi of use"),
    sql`insert into public.processed_webhook_events (event_id, call_id) values ('evt used', ${one})`,
  ];
  for (const [fact, statement] of [
    ["marks an event as processed", sql`update public.processed_webhook_events set processed_at = now()`],
    [
      "writes a call_log to an event of the same tenant",
      sql`update public.processed_webhook_events set call_log_id = ${log} where event_id = 'evt used'`,
    ],
    [
      "takes the links from an event",
      sql`update public.processed_webhook_events set call_id = null, call_log_id = null, vapi_call_id = null`,
    ],
    ["deletes an event", sql`delete from public.processed_webhook_events where event_id = 'evt used'`],
  ] as const)
    await trial.may(service, fact, [...there, statement]);
  await trial.sees(
    service,
    "an event whose call is deleted keeps its tenant",
    [
      ...there,
      sql`delete from public.calls where id = ${one}`,
      sql`select org_id, call_id from public.processed_webhook_events where event_id = 'evt used'`,
    ],
    [{ org_id: tenant, call_id: null }],
  );
}
