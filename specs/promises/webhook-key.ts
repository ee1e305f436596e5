import type { LegacyData } from "../../fixtures/legacy/rows.ts";
import { keyedShapes, textual, usual } from "../../fixtures/legacy/shapes.ts";
import { changedTables, digestData } from "../../harness/guarantees/digest.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import type { Way } from "../../harness/migrations/apply.ts";
import { service } from "../../harness/session/actor.ts";
import { apply, leftBehind } from "./application.ts";
import { sampleData } from "./webhook-data.ts";
import { judgesApplied, judgesConservation } from "./webhook-judgement.ts";
import { migrate, openLegacy, repeatAfter, repeatOf, tenantsOf, webhookMigration } from "./webhook-legacy.ts";

/** W4, W6: the key of the events. */
export const webhookKey: readonly Guarantee[] = [
  {
    id: "W4",
    title:
      "every event has a tenant, and is unique within it and no further, whatever the old key was called",
    effect: "One tenant's event makes another's look processed, and it is never dealt with.",
    remedy:
      "Set org_id not null, add UNIQUE (org_id, event_id), and drop every unique key on event_id alone.",
    async experiment(ground, proof) {
      const data = sampleData(usual, { tenants: tenantsOf(ground), seed: ground.seed + 40, size: 20 });
      const provesShared = async () => {
        await using site = await ground.open("populated");
        await provesKey(ground, proof, site, "the baseline's key", (outcome) => outcome);
      };
      await Promise.all([
        provesShared(),
        ...keyedShapes.map(async (shape, index) => {
          const legacy = { shape, data };
          await using site = await openLegacy(ground, legacy);
          const aftermath = await migrate(ground, site, legacy, index === 0 ? "pasted" : "wrapped");
          if (!judgesApplied(proof, aftermath)) return;
          await provesKey(ground, proof, site, shape.called, (outcome) => repeatAfter(aftermath, outcome));
        }),
      ]);
    },
  },

  {
    id: "W6",
    title:
      "events that stand twice in one tenant stop the migration before it changes anything, and are listed",
    effect: "The deploy fails halfway, under traffic, and nobody knows which rows to mend.",
    remedy: "Look for what would break (org_id, event_id) before the first change, and name the event_ids.",
    async experiment(ground, proof) {
      await Promise.all([provesStopped(ground, proof), provesNotStopped(ground, proof)]);
    },
  },
];

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

/** Links of every kind lead to one tenant: which rows are duplicates shows only when they are followed. */
function duplicates(ground: Ground): LegacyData {
  const [one = "", other = ""] = tenantsOf(ground);
  const id = (n: number) => `abcdef00-0000-4000-8000-00000000000${n}`;
  const event = (event_id: string, link: Partial<LegacyData["events"][number]>) => ({
    ...{ event_id, call_log_id: null, call_id: null, vapi_call_id: null },
    ...link,
  });
  return {
    calls: [
      { table: "call_logs", id: id(1), org_id: one, vapi_call_id: id(6) },
      { table: "calls", id: id(2), org_id: one, vapi_call_id: id(7) },
      { table: "call_logs", id: id(3), org_id: other, vapi_call_id: id(8) },
    ],
    events: [
      event("evt-of-two-links", { call_log_id: id(1) }),
      event("evt-of-two-links", { call_id: id(2).toUpperCase() }),
      event("evt-of-the-provider", { vapi_call_id: id(6) }),
      event("evt-of-the-provider", { vapi_call_id: id(7) }),
      event("evt-of-the-provider", { call_log_id: id(1).toUpperCase(), vapi_call_id: id(6) }),
      ...harmless(event, id),
    ],
  };
}

type Write = (event_id: string, link: Partial<LegacyData["events"][number]>) => LegacyData["events"][number];

/** Once in each of two tenants, twice in none, once in one. */
function harmless(event: Write, id: (n: number) => string): LegacyData["events"] {
  return [
    event("evt-of-two-tenants", { call_log_id: id(1) }),
    event("evt-of-two-tenants", { call_log_id: id(3) }),
    event("evt-of-nobody", {}),
    event("evt-of-nobody", { vapi_call_id: id(9) }),
    event("evt-alone", { call_id: id(2) }),
  ];
}

// A unique index that does not cover these rows: that there is one proves nothing.
const loose = {
  ...textual,
  called: "an old key on some events only",
  key: `create unique index some_once on public.processed_webhook_events (event_id) where event_type = 'call ended'`,
};

async function provesStopped(ground: Ground, proof: Proof): Promise<void> {
  const legacy = { shape: loose, data: duplicates(ground) };
  await using site = await openLegacy(ground, legacy);
  const superuser = await site.connection("superuser");
  const before = await digestData(superuser, ground.schemaBefore.tables);
  const evidence = repeatOf(ground, legacy);
  for (const way of ["pasted", "psql", "wrapped"] satisfies readonly Way[]) {
    let said = "";
    const left = await leftBehind(site, async () => {
      const { fault, notices } = await apply(ground, site, [webhookMigration(ground)], { way });
      const messages = notices.map(({ message }) => message).join("\n");
      said = fault ? `${fault.what}\n${fault.hint}\n${messages}` : "";
    });
    proof.weigh(said !== "", `duplicates do not stop the migration, ${way}`, evidence);
    proof.weigh(
      left.length === 0,
      `${way}, it stops at duplicates but leaves rows in ${left.join(", ")}`,
      evidence,
    );
    // Whoever lists them in the error's DETAIL lists them too; that is not shown to us, but it is logged.
    const listed = [said, ...(await detailsOf(ground))].join("\n");
    for (const { event_id, twice } of [
      { event_id: "evt-of-two-links", twice: true },
      { event_id: "evt-of-the-provider", twice: true },
      { event_id: "evt-alone", twice: false },
    ])
      proof.weigh(
        (twice ? listed : said).includes(event_id) === twice,
        `${way}, ${event_id}, which stands ${twice ? "more than once" : "once"}, is ${twice ? "not " : ""}listed: ${said}`,
        evidence,
      );
  }
  const changed = changedTables(before, await digestData(superuser, ground.schemaBefore.tables));
  proof.weigh(
    changed.length === 0,
    `it stops at duplicates but changes rows of ${changed.join(", ")}`,
    evidence,
  );
}

/** The DETAIL of the errors that the server logged. */
async function detailsOf({ cluster }: Ground): Promise<readonly string[]> {
  return (await cluster.readLog()).match(/DETAIL: [^\n]*(?:\n\t[^\n]*)*/g) ?? [];
}

/** The positive control: the same without the duplicates, of which the new key takes every row. */
async function provesNotStopped(ground: Ground, proof: Proof): Promise<void> {
  const { calls, events } = duplicates(ground);
  const legacy = { shape: loose, data: { calls, events: events.slice(5) } };
  await using site = await openLegacy(ground, legacy);
  const aftermath = await migrate(ground, site, legacy, "wrapped");
  if (!judgesApplied(proof, aftermath)) return;
  judgesConservation(proof, aftermath);
  const orgs = aftermath.after.filter(({ event }) => event === "evt-of-two-tenants").map(({ org }) => org);
  proof.weigh(
    new Set(orgs).size === 2 && aftermath.orphans.length === 2,
    `an event of two tenants stands in ${orgs.join(" and ")}, and of two of nobody ${aftermath.orphans.length} are orphans`,
    aftermath.repeat(),
  );
}
