import { isDeepStrictEqual } from "node:util";
import type { LegacyData } from "../../fixtures/legacy/rows.ts";
import { type LegacyShape, shapes, textual, usual } from "../../fixtures/legacy/shapes.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Way } from "../../harness/migrations/apply.ts";
import { anon, claimless, service } from "../../harness/session/actor.ts";
import { provesMissingLegacyTable } from "./failures.ts";
import { type Aftermath, migrate } from "./webhook-aftermath.ts";
import { fatesOf, sampleData } from "./webhook-data.ts";
import {
  countParts,
  judgesApplied,
  judgesBackfill,
  judgesConservation,
  judgesOrphans,
  judgesReport,
} from "./webhook-judgement.ts";
import { type Legacy, openLegacy, orphans, tenantsOf } from "./webhook-legacy.ts";

// Pasted takes half as long as statement by statement, of which there are two ways.
const ways: readonly Way[] = ["pasted", "psql", "pasted", "wrapped"];

/** W1 to W3: where the events of a legacy database go. */
export const webhookBackfill: readonly Guarantee[] = [
  {
    id: "W1",
    title:
      "legacy events get their organization by call_log, then by call, then by vapi_call_id, and each part reports",
    effect: "Events stand under no tenant or another's, and nobody can tell what the deploy did.",
    remedy: "Fill org_id in three parts, in this order, and say of each how many rows it filled.",
    async experiment(ground, proof) {
      await Promise.all(
        [telling(ground, usual, 0), telling(ground, textual, 1), idle(ground)].map(async (given, index) => {
          const { legacy, fates } = given;
          await using site = await openLegacy(ground, legacy);
          const aftermath = await migrate(ground, site, legacy, ways[index] ?? "wrapped");
          if (!judgesApplied(proof, aftermath)) return;
          judgesBackfill(proof, aftermath, fates);
          judgesReport(proof, aftermath, fates);
        }),
      );
    },
  },

  {
    id: "W2",
    title: "the webhook migration adapts to the legacy shapes that there are",
    effect: "The deploy fails, or matches nothing, in the one database that nobody had looked at.",
    remedy:
      "Ask the catalog which link columns and call tables there are, and cast a text only when it is a uuid.",
    async experiment(ground, proof) {
      const nothing = { calls: [], events: [] };
      const filled = shapes.map((shape, index) => sampled(ground, shape, index));
      await provesEach(ground, proof, [
        ...filled,
        { shape: { ...usual, called: "empty tables" }, data: nothing },
      ]);
      await provesMissingLegacyTable(ground, proof);
    },
  },

  {
    id: "W3",
    title:
      "no legacy event is lost, changed or guessed: what has no one tenant is kept as an orphan, with reason and time",
    effect: "Events vanish in the deploy and are processed again, or one tenant's stand with another's.",
    remedy:
      "Move what matches no call, or calls of several tenants, unchanged to processed_webhook_events_orphans.",
    async experiment(ground, proof) {
      const { shape, data } = sampled(ground, textual, 20);
      const many = { shape, data: { ...data, events: copies(data, 60) } };
      await Promise.all([provesKept(ground, proof, many), provesStamped(ground, proof)]);
    },
  },
];

/** Every event of each legacy database ends as the promise says, and every row is as it was. */
async function provesEach(ground: Ground, proof: Proof, legacies: readonly Legacy[]): Promise<void> {
  await Promise.all(
    legacies.map(async (legacy, index) => {
      await using site = await openLegacy(ground, legacy);
      const aftermath = await migrate(ground, site, legacy, ways[index % ways.length] ?? "wrapped");
      if (judgesApplied(proof, aftermath)) judgesAll(ground, proof, aftermath);
    }),
  );
}

function judgesAll(ground: Ground, proof: Proof, aftermath: Aftermath): void {
  const fates = fatesOf(aftermath.legacy.data, tenantsOf(ground));
  judgesBackfill(proof, aftermath, fates);
  judgesOrphans(proof, aftermath, fates);
  judgesConservation(proof, aftermath);
}

/** So many events that they fill many blocks; afterwards the service reads the orphans, nobody else does, and they stay. */
async function provesKept(ground: Ground, proof: Proof, legacy: Legacy): Promise<void> {
  await using site = await openLegacy(ground, legacy);
  const aftermath = await migrate(ground, site, legacy, "wrapped");
  if (!judgesApplied(proof, aftermath)) return;
  judgesAll(ground, proof, aftermath);
  const read = `select count(*)::int as count from ${orphans}`;
  const { member, outsider } = ground.society;
  const others = [member, outsider].map((person, index) => ({
    name: index === 0 ? "a member" : "an outsider",
    role: "authenticated",
    claims: ground.tenancy.claims(person),
  }));
  const everybody = [service, ...others, claimless, anon];
  const outcomes = await site.sessions.attempt(everybody.map((actor) => ({ actor, sql: read })));
  outcomes.forEach((outcome, index) => {
    const seen = outcome.ok ? outcome.rows[0]?.count : undefined;
    const asPromised = index === 0 ? seen === aftermath.orphans.length && seen > 0 : !seen;
    const told = outcome.ok ? `sees ${seen}` : outcome.message;
    proof.weigh(
      asPromised,
      `of ${aftermath.orphans.length} orphans ${everybody[index]?.name} ${told}`,
      outcome,
    );
    if (index > 0 && !outcome.ok && outcome.sqlstate !== "42501")
      proof.doubted(`${everybody[index]?.name} reads orphans: ${told}`);
  });
  const again = await migrate(ground, site, legacy, "psql");
  const textsOf = ({ after, orphans }: Aftermath) =>
    [after, orphans].map((rows) => rows.map(({ event }) => event));
  proof.weigh(
    again.fault === undefined && isDeepStrictEqual(textsOf(again), textsOf(aftermath)),
    `applied again, the migration ${again.fault ? `fails: ${again.fault.what}` : "moves events or orphans"}`,
    aftermath.repeat(),
  );
}

/** An application whose trigger stamps every update keeps its stamps, or is told of the trigger before anything happens. */
async function provesStamped(ground: Ground, proof: Proof): Promise<void> {
  const also = `create function public.stamp() returns trigger language plpgsql as
  'begin new.processed_at := ''2000-01-01''; return new; end';
create trigger stamp_events before update on public.processed_webhook_events
  for each row execute function public.stamp();`;
  const legacy = sampled(ground, { ...usual, called: "a trigger that stamps updates", also }, 22);
  await using site = await openLegacy(ground, legacy);
  const aftermath = await migrate(ground, site, legacy, "wrapped");
  if (aftermath.fault === undefined) return judgesAll(ground, proof, aftermath);
  proof.weigh(
    /stamp_events/.test(`${aftermath.fault.what} ${aftermath.fault.hint}`),
    `with a trigger that stamps updates it fails without naming it: ${aftermath.fault.what}`,
    aftermath.repeat(),
  );
  judgesConservation(proof, aftermath);
}

function sampled(ground: Ground, shape: LegacyShape, index: number): Legacy {
  return { shape, data: sampleData(shape, { tenants: tenantsOf(ground), seed: ground.seed + index }) };
}

/** A sample in which each part fills another number of rows, which is no part's own number nor that of the orphans. */
function telling(ground: Ground, shape: LegacyShape, index: number) {
  const tenants = tenantsOf(ground);
  for (let attempt = 0; ; attempt += 1) {
    const data = sampleData(shape, { tenants, seed: ground.seed + index + 100 * attempt, size: 120 });
    const fates = fatesOf(data, tenants);
    const counts = Object.values(countParts(fates));
    const all = [...counts, fates.size - counts.reduce((sum, count) => sum + count, 0)];
    if (new Set(all).size === all.length && Math.min(...all) > 3) return { legacy: { shape, data }, fates };
  }
}

/** A sample in which the last part has nothing left to fill, which it must say too. */
function idle(ground: Ground) {
  const { legacy, fates } = telling(ground, usual, 2);
  const filled = (event_id: string) => {
    const fate = fates.get(event_id);
    return fate?.to === "organization" && fate.part === 3;
  };
  const data = { ...legacy.data, events: legacy.data.events.filter(({ event_id }) => !filled(event_id)) };
  return { legacy: { ...legacy, data }, fates: fatesOf(data, tenantsOf(ground)) };
}

function copies({ events }: LegacyData, times: number): LegacyData["events"] {
  return Array.from({ length: times }, (_, copy) =>
    // In the middle: what stands at either end is part of an event's name.
    events.map((event) => ({ ...event, event_id: event.event_id.replace(/(?=.$)/su, `#${copy}#`) })),
  ).flat();
}
