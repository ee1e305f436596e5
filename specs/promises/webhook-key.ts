import { keyedShapes, usual } from "../../fixtures/legacy/shapes.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import { service } from "../../harness/session/actor.ts";
import { migrate, repeatAfter } from "./webhook-aftermath.ts";
import { sampleData } from "./webhook-data.ts";
import { judgesApplied } from "./webhook-judgement.ts";
import { openLegacy, tenantsOf } from "./webhook-legacy.ts";

/** W4: the key of the events. */
export const webhookKey: Guarantee = {
  id: "W4",
  title: "every event has a tenant, and is unique within it and no further, whatever the old key was called",
  effect: "One tenant's event makes another's look processed, and it is never dealt with.",
  remedy: "Set org_id not null, add UNIQUE (org_id, event_id), and drop every unique key on event_id alone.",
  async experiment(ground, proof) {
    const { calls, events } = sampleData(usual, {
      tenants: tenantsOf(ground),
      seed: ground.seed + 40,
      size: 20,
    });
    // Some of the old keys take capitals and small letters for the same.
    const data = {
      calls,
      events: events.map((one, index) => ({ ...one, event_id: `${index} ${one.event_id}` })),
    };
    const provesShared = async () => {
      await using site = await ground.open("populated");
      await provesKey(ground, proof, site, "the baseline's key", (outcome) => outcome);
    };
    await Promise.all([
      provesShared(),
      ...keyedShapes.map(async (shape, index) => {
        const legacy = { shape, data };
        await using site = await openLegacy(ground, legacy);
        const superuser = await site.connection("superuser");
        await superuser.query(unfinished);
        const aftermath = await migrate(ground, site, legacy, index === 0 ? "pasted" : "wrapped");
        if (!judgesApplied(proof, aftermath)) return;
        await provesKey(ground, proof, site, shape.called, (outcome) => repeatAfter(aftermath, outcome));
      }),
    ]);
  },
};

/** What CREATE INDEX CONCURRENTLY leaves when it fails still refuses rows. */
const unfinished = `
update pg_catalog.pg_index set indisvalid = false
where indexrelid in (pg_catalog.to_regclass('public."Once, please"'), pg_catalog.to_regclass('public.covering_event'));`;

type Evidence = { readonly repeat: string };

/** What keys there are, by the catalog and by what they refuse; `showing` says how to see an outcome again. */
async function provesKey(
  ground: Ground,
  proof: Proof,
  site: Site,
  called: string,
  showing: (outcome: Evidence) => Evidence,
): Promise<void> {
  const [row] = await site.superuser.reads`
    select
      (select count(*)::int from public.processed_webhook_events where org_id is null) as nulls,
      coalesce((
        select attnotnull from pg_catalog.pg_attribute
        where attrelid = 'public.processed_webhook_events'::regclass and attname = 'org_id'
      ), false) as required,
      coalesce((
        select string_agg(pg_get_indexdef(i.indexrelid), '; ')
        from pg_catalog.pg_index i
        join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attname = 'event_id'
        where i.indrelid = 'public.processed_webhook_events'::regclass and i.indisunique
          and i.indnkeyatts = 1 and (
            i.indkey[0] = a.attnum
            or i.indexprs is not null and pg_get_indexdef(i.indexrelid, 1, true) ~ '\\mevent_id\\M')
      ), 'none') as alone`;
  const look = showing({ repeat: "\\d public.processed_webhook_events" });
  proof.weigh(row?.nulls === 0, `${called}: ${row?.nulls} events have no org_id`, look);
  proof.weigh(row?.required === true, `${called}: org_id may be NULL`, look);
  proof.weigh(row?.alone === "none", `${called}: unique on event_id alone stays: ${row?.alone}`, look);

  const [one = "", other = ""] = tenantsOf(ground);
  const insert = (org: string, time: string, rest = "") =>
    `insert into public.processed_webhook_events (org_id, event_id, processed_at)
     values ('${org}', 'evt of the key', ${time}) ${rest}`;
  const upsert = "on conflict (org_id, event_id) do nothing";
  for (const time of ["null", "now()"]) {
    const inTurn = async (...statements: string[]) =>
      (await site.sessions.as(service).triesInTurn(statements.map((sql) => [sql] as const))).outcome;
    const shared = await inTurn(insert(one, time), insert(other, time));
    proof.weigh(
      shared.ok,
      `${called}: two tenants may not have one event_id: ${shared.ok || shared.message}`,
      showing(shared),
    );
    const twice = await inTurn(insert(one, time), insert(one, time));
    proof.weigh(
      !twice.ok && twice.sqlstate === "23505",
      `${called}: an event is accepted twice in one tenant, or refused otherwise: ${twice.ok || twice.message}`,
      showing(twice),
    );
    const again = await inTurn(insert(one, time), insert(one, time, upsert));
    proof.weigh(
      again.ok && again.count === 0,
      `${called}: an upsert on (org_id, event_id) ${again.ok ? "adds a row" : again.message}`,
      showing(again),
    );
  }
}
