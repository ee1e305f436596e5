import type { Call, Event } from "../../fixtures/legacy/rows.ts";
import { textual } from "../../fixtures/legacy/shapes.ts";
import { changedTables, digestData } from "../../harness/guarantees/digest.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Way } from "../../harness/migrations/apply.ts";
import { apply, leftBehind } from "./application.ts";
import { migrate } from "./webhook-aftermath.ts";
import { judgesApplied, judgesConservation } from "./webhook-judgement.ts";
import { openLegacy, repeatOf, tenantsOf, webhookMigration } from "./webhook-legacy.ts";

/** W6: events that the new key would refuse. */
export const webhookDuplicates: Guarantee = {
  id: "W6",
  title:
    "events that stand twice in one tenant stop the migration before it changes anything, and are listed",
  effect: "The deploy fails halfway, under traffic, and nobody knows which rows to mend.",
  remedy: "Look for what would break (org_id, event_id) before the first change, and name the event_ids.",
  async experiment(ground, proof) {
    await Promise.all([provesStopped(ground, proof), provesNotStopped(ground, proof)]);
  },
};

const id = (n: number) => `abcdef00-0000-4000-8000-00000000000${n}`;

function event(event_id: string, link: Partial<Event>): Event {
  return { event_id, call_log_id: null, call_id: null, vapi_call_id: null, ...link };
}

function callsOf(ground: Ground): readonly Call[] {
  const [one = "", other = ""] = tenantsOf(ground);
  return [
    { table: "call_logs", id: id(1), org_id: one, vapi_call_id: id(6) },
    { table: "calls", id: id(2), org_id: one, vapi_call_id: id(7) },
    { table: "call_logs", id: id(3), org_id: other, vapi_call_id: id(8) },
    { table: "calls", id: id(4), org_id: id(5), vapi_call_id: null },
  ];
}

/** Links of every kind lead to one tenant: which of these are duplicates shows only when they are followed. */
const doubled = [
  event("evt-of-two-links", { call_log_id: id(1) }),
  event("evt-of-two-links", { call_id: id(2).toUpperCase() }),
  event("evt-of-the-provider", { vapi_call_id: id(6) }),
  event("evt-of-the-provider", { vapi_call_id: id(7) }),
  event("evt-of-the-provider", { call_log_id: id(1).toUpperCase(), vapi_call_id: id(6) }),
];

/** Once in each of two tenants, twice in none or in one that is not there, once in one. */
const harmless = [
  event("evt-of-two-tenants", { call_log_id: id(1) }),
  event("evt-of-two-tenants", { call_log_id: id(3) }),
  event("evt-of-nobody", {}),
  event("evt-of-nobody", { vapi_call_id: id(9) }),
  event("evt-of-a-ghost", { call_id: id(4) }),
  event("evt-of-a-ghost", { call_id: id(4), call_log_id: "" }),
  event("evt-alone", { call_id: id(2) }),
  event("Evt-alone", { call_id: id(2) }),
  event(" evt-alone", { call_log_id: id(1) }),
];

// A unique index that does not cover these rows: that there is one proves nothing.
const loose = {
  ...textual,
  called: "an old key on some events only",
  key: `create unique index some_once on public.processed_webhook_events (event_id) where event_type = 'call ended'`,
};

async function provesStopped(ground: Ground, proof: Proof): Promise<void> {
  const legacy = { shape: loose, data: { calls: callsOf(ground), events: [...doubled, ...harmless] } };
  await using site = await openLegacy(ground, legacy);
  const superuser = await site.connection("superuser");
  const before = await digestData(superuser, ground.schemaBefore.tables);
  const deployer = await site.connection("deployer");
  // What it leaves when it fails, as it must here, is a unique index all the same, and proves nothing either.
  const unfinished =
    "create unique index concurrently once_at_last on public.processed_webhook_events (event_id)";
  const failed = await deployer.query(unfinished).then(
    () => false,
    ({ code }) => code === "23505",
  );
  if (!failed) proof.doubted("a unique index could be made over duplicates");
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
  const legacy = { shape: loose, data: { calls: callsOf(ground), events: harmless } };
  await using site = await openLegacy(ground, legacy);
  const aftermath = await migrate(ground, site, legacy, "pasted");
  if (!judgesApplied(proof, aftermath)) return;
  judgesConservation(proof, aftermath);
  const orgs = aftermath.after.filter(({ event }) => event === "evt-of-two-tenants").map(({ org }) => org);
  proof.weigh(
    new Set(orgs).size === 2 && aftermath.orphans.length === 4,
    `an event of two tenants stands in ${orgs.join(" and ")}, and of four of nobody ${aftermath.orphans.length} are orphans`,
    aftermath.repeat(),
  );
}
