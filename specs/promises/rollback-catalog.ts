import { type Picture, takeClusterPicture } from "../../harness/catalog/picture.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import type { Way } from "../../harness/migrations/apply.ts";
import type { Migration, Plan } from "../../harness/migrations/migration.ts";
import type { Script } from "../../harness/migrations/script.ts";
import { quoteIdentifier } from "../../harness/sql/identifier.ts";
import { apply, applyAgain, pictureOf, tellDifference } from "./application.ts";
import { requirementsOf } from "./requirements.ts";

const ways: readonly Way[] = ["pasted", "psql", "wrapped"];

/** The way for one of several files; with another `turn` each file sees another one. */
export function wayOf(index: number, turn: number): Way {
  return ways[(index + turn) % ways.length] as Way;
}

/** The rollback scripts of `plan`, the last first. */
export function scriptsOf(plan: Plan): readonly Script[] {
  return plan.flatMap(({ rollback }) => rollback ?? []).toReversed();
}

/** What applies a plan and takes it back, or only those of it that `back` names, for whoever wants to see it again. */
export function thereAndBack(plan: Plan, back = plan): string {
  return `-- on a database before the first migration:\n${applyAgain(...plan, ...scriptsOf(back))}`;
}

/** Each file, after all that it requires and nothing else, leaves the catalog as it was once it is rolled back. */
export async function provesReturn(ground: Ground, proof: Proof): Promise<void> {
  await using site = await ground.open("before");
  const { plan } = ground;
  const needs = new Map(plan.map((one) => [one, requirementsOf(plan, one)]));
  const needed = (one: Migration) => needs.get(one) ?? [];
  const applied = new Set<Migration>();
  let before = await pictureOf(site);
  // Those that need least come first, so that one site can have for each what it needs and hardly more.
  const order = plan.toSorted((a, b) => needed(a).length - needed(b).length);
  for (const [index, migration] of order.entries()) {
    const lacking = needed(migration).filter((one) => !applied.has(one));
    if (lacking.length > 0) {
      const { fault } = await apply(ground, site, lacking);
      if (fault) return proof.broke(`${fault.where}: ${fault.what}`, thereAndBack(lacking));
      for (const one of lacking) applied.add(one);
      before = await pictureOf(site);
    }
    const way = wayOf(index, 0);
    const { fault: refusal } = await apply(ground, site, [migration], { way });
    // By a superuser, who may also drop what was never the deployer's; the deployer has other turns.
    const options = { way, as: "superuser" } as const;
    const { fault = refusal } = await apply(ground, site, scriptsOf([migration]), options);
    if (fault)
      return proof.broke(
        `${fault.where}, ${way}: ${fault.what}`,
        thereAndBack([...needed(migration), migration], [migration]),
      );
    const after = await pictureOf(site);
    const told = tellDifference(before, after);
    proof.weigh(
      told === "",
      `after ${migration.file} and its rollback, ${way}, the catalog is not what it was: ${told}`,
      thereAndBack([...needed(migration), migration], [migration]),
    );
    before = after;
  }
}

/** What a project may have before the set that the set touches. */
function usedBefore(database: string, deployer: string): string {
  const setting = (role: string, line: string) =>
    `alter role ${quoteIdentifier(role)} in database ${quoteIdentifier(database)} set ${line};`;
  return `
    alter table public.processed_webhook_events disable row level security;
    alter table public.processed_webhook_events set (fillfactor = 80);
    alter table public.processed_webhook_events alter column event_id set statistics 250;
    grant select, insert on public.processed_webhook_events to authenticated;
    grant select on public.processed_webhook_events to anon with grant option;
    grant update (processed_at) on public.processed_webhook_events to authenticated;
    comment on table public.processed_webhook_events is 'What has been dealt with.';
    comment on column public.processed_webhook_events.event_id is 'As the sender gave it.';
    comment on constraint processed_webhook_events_event_id_key on public.processed_webhook_events is 'Once only.';
    comment on index public.processed_webhook_events_event_id_key is 'Looked up by every delivery.';
    alter table public.processed_webhook_events cluster on processed_webhook_events_event_id_key;
    alter table public.processed_webhook_events
      add constraint "Once, at the end" unique nulls not distinct (event_id) include (id) with (fillfactor = 90)
      deferrable initially deferred;
    create unique index "Events, lower case" on public.processed_webhook_events (lower(event_id));
    create index events_of_a_day on public.processed_webhook_events (received_at) where processed_at is null;
    create policy events_of_the_service on public.processed_webhook_events for select to service_role using (true);
    create publication news_of_events for table public.processed_webhook_events;
    alter table public.processed_webhook_events replica identity using index processed_webhook_events_event_id_key;
    create function public.note_event() returns trigger language plpgsql as 'begin return new; end';
    create trigger note_event after insert on public.processed_webhook_events
      for each row execute function public.note_event();
    create trigger note_every_event after insert on public.processed_webhook_events
      for each row execute function public.note_event();
    alter table public.processed_webhook_events enable always trigger note_every_event;
    create view public.recent_events as select id, event_id from public.processed_webhook_events;
    ${setting("authenticator", "pgaudit.log = 'role'")}
    ${setting("authenticator", "pgaudit.log_parameter = 'on'")}
    ${setting("authenticator", "lock_timeout = '8s'")}
    ${setting(deployer, "pgaudit.log_catalog = 'on'")}
    alter database ${quoteIdentifier(database)} set pgaudit.log = 'misc';
    grant execute on function auth.uid() to anon;`;
}

/** The enums of the set, for somebody who made them before: there they stay, also where the set takes them as they are. */
const enums: Readonly<Record<string, readonly string[]>> = {
  lead_score_type: ["hot", "warm", "cold"],
  lead_status_type: ["new", "contacted", "qualified", "booked", "converted", "lost"],
  appointment_status: ["pending", "confirmed", "in_progress", "completed", "cancelled", "no_show"],
  notification_type: [
    ...["hot_lead", "appointment_booked", "appointment_reminder"],
    ...["missed_call", "system_alert", "voicemail"],
  ],
  notification_status: ["unread", "read", "archived"],
  notification_priority: ["low", "normal", "high", "urgent"],
};

const typesBefore = Object.entries(enums)
  .map(([name, labels]) => {
    const list = labels.map((label) => `'${label}'`).join(", ");
    return `create type public.${name} as enum (${list}); comment on type public.${name} is 'of the application';`;
  })
  .join("\n");

/**
 * In a database that is in use, apply and rollback of the whole set restore what was there and drop none of it: by the
 * deployer, who finds pgAudit there, and then by a superuser, whom the set makes create it.
 */
export async function provesWhatWasThereStays(ground: Ground, proof: Proof): Promise<void> {
  // A set may refuse types that it did not make; then it is asked without them.
  for (const types of [typesBefore, ""]) {
    await using site = await ground.open("before");
    const used = usedBefore(site.database.name, site.deployerRole);
    const superuser = await site.connection("superuser");
    const deployer = await site.connection("deployer");
    await superuser.query(used);
    if (types !== "") await deployer.query(types);
    const repeat = `-- on a database before the first migration:\n${used}\n${types}\n${applyAgain(...ground.plan, ...scriptsOf(ground.plan))}`;
    const refusal = await provesRestored(ground, site, proof, "deployer", repeat);
    if (refusal !== undefined && types !== "") continue;
    if (refusal !== undefined) return proof.doubted(refusal);
    await superuser.query("drop extension if exists pgaudit");
    const again = await provesRestored(ground, site, proof, "superuser", repeat);
    if (again !== undefined) proof.doubted(again);
    await provesSharedSettings(ground, site, proof);
    return;
  }
}

/** Answers why the set could not be applied, if it could not. */
async function provesRestored(
  ground: Ground,
  site: Site,
  proof: Proof,
  as: "deployer" | "superuser",
  repeat: string,
): Promise<string | undefined> {
  const before = await pictureOf(site);
  const { fault: refusal } = await apply(ground, site, ground.plan, { as });
  if (refusal)
    return `the set does not apply to a database that is in use: ${refusal.where}: ${refusal.what}`;
  const { fault } = await apply(ground, site, scriptsOf(ground.plan), { way: "psql", as });
  const told = fault ? `${fault.where}: ${fault.what}` : tellDifference(before, await pictureOf(site));
  proof.weigh(told === "", `in a database that is in use, apply and rollback as the ${as}: ${told}`, repeat);
  return undefined;
}

/**
 * Settings of roles and of all databases are as they were before the first migration. Other experiments apply the set
 * meanwhile, and what it sets for all it sets anew: only what is there after each of three rollbacks was left by them.
 */
async function provesSharedSettings(ground: Ground, site: Site, proof: Proof): Promise<void> {
  const superuser = await site.connection("superuser");
  const settings = (picture: Picture) => picture.filter(({ kind }) => /^(setting|parameter)$/.test(kind));
  const told = async () =>
    tellDifference(settings(ground.clusterBefore), settings(await takeClusterPicture(superuser)));
  let left = await told();
  for (let turn = 1; turn < 3 && left !== ""; turn += 1) {
    await apply(ground, site, [...ground.plan, ...scriptsOf(ground.plan)]);
    left = await told();
  }
  proof.weigh(
    left === "",
    `apply and rollback leave settings of the whole cluster changed: ${left}`,
    thereAndBack(ground.plan),
  );
}
