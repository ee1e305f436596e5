import { type LegacyShape, usual } from "../../fixtures/legacy/shapes.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { anon, claimless, service, signedIn } from "../../harness/session/actor.ts";
import type { Outcome } from "../../harness/session/outcome.ts";
import { migrate, repeatAfter } from "./webhook-aftermath.ts";
import { sampleData } from "./webhook-data.ts";
import { judgesApplied } from "./webhook-judgement.ts";
import { events, type Legacy, openLegacy, orphans, tenantsOf } from "./webhook-legacy.ts";

/** An application that had not heard of row level security, and one that opened the table by policies. */
const exposed: readonly LegacyShape[] = [
  {
    ...usual,
    called: "grants to everybody and no row level security",
    also: `alter table ${events} disable row level security;
grant all on ${events} to anon, authenticated, public;`,
  },
  {
    ...usual,
    called: "grants and permissive policies",
    also: `create policy everybody on ${events} for all to public using (true) with check (true);
create policy members on ${events} for all to anon, authenticated using (true) with check (true);
revoke all on ${events} from anon, authenticated;
grant select (id, event_id, event_type), insert (event_id), update (event_type) on ${events} to anon, authenticated;
grant delete on ${events} to public;
grant truncate on ${events} to authenticated with grant option;`,
  },
];

/** What the owner gave to the service, and the service to others, the owner may not be able to take from them. */
const passedOn: LegacyShape = {
  ...usual,
  called: "grants that the service passed on",
  also: `create policy everybody on ${events} for all to public using (true) with check (true);
grant select on ${events} to service_role with grant option;
set role service_role;
grant select on ${events} to anon;
grant select (event_id) on ${events} to authenticated;
reset role;`,
};

/** W7: who reaches the events and the orphans. */
export const webhookReach: Guarantee = {
  id: "W7",
  title: "neither anon nor members reach an event or an orphan, however open the table was before",
  effect: "Anybody with a token reads what callers did, or marks events as processed that never were.",
  remedy:
    "Enable row level security on both tables without a policy, and revoke all from anon, authenticated and PUBLIC.",
  async experiment(ground, proof) {
    await Promise.all(
      [...exposed, passedOn].map(async (shape, index) => {
        const tenants = tenantsOf(ground);
        const data = sampleData(shape, { tenants, seed: ground.seed + 70 + index, size: 20 });
        await provesClosed(ground, proof, { shape, data });
      }),
    );
  },
};

/** Each with the experiment's answer for whoever reaches nothing: refused, or nothing seen, or nothing changed. */
function attemptsOn(table: string, tenant: string): readonly string[] {
  return [
    `select * from ${table}`,
    `select event_id, event_type from ${table}`,
    `select id from ${table} for update`,
    `insert into ${table} (event_id) values ('evt planted')`,
    `insert into ${table} (event_id, org_id) values ('evt planted', '${tenant}')`,
    `update ${table} set event_type = 'forged'`,
    `update ${table} set event_type = 'forged' where event_id is not null returning *`,
    `delete from ${table}`,
    `truncate ${table}`,
    `copy ${table} (event_id) to stdout`,
    `merge into ${table} e using (select 1) s on true when matched then update set event_type = 'forged'`,
    `create trigger planted before update on ${table} for each row execute function suppress_redundant_updates_trigger()`,
  ];
}

async function provesClosed(ground: Ground, proof: Proof, legacy: Legacy): Promise<void> {
  await using site = await openLegacy(ground, legacy);
  const aftermath = await migrate(ground, site, legacy, "pasted");
  // Whoever cannot close the table and says for whom leaves it to a person.
  const said = aftermath.fault && `${aftermath.fault.what} ${aftermath.fault.hint}`;
  if (legacy.shape === passedOn && /\b(anon|authenticated)\b/.test(said ?? "")) return proof.held();
  if (!judgesApplied(proof, aftermath)) return;
  const { called } = legacy.shape;
  for (const [table, rows] of [
    [events, aftermath.after.length],
    [orphans, aftermath.orphans.length],
  ] as const) {
    const seen = await site.sessions.as(service).tries(`select * from ${table}`);
    if (rows === 0) proof.doubted(`${called}: there is no row in ${table} to reach`);
    proof.weigh(
      seen.ok && seen.count === rows,
      `${called}: of ${rows} rows of ${table} the service sees ${seen.ok ? seen.count : seen.message}`,
      seen,
    );
  }
  const { member, outsider } = ground.society;
  const actors = [
    signedIn("a member", ground.tenancy.claims(member)),
    signedIn("an outsider", ground.tenancy.claims(outsider)),
    claimless,
    anon,
  ];
  const attempts = actors.flatMap((actor) =>
    [events, orphans].flatMap((table) => attemptsOn(table, member.tenant).map((sql) => ({ actor, sql }))),
  );
  const outcomes = await site.sessions.attempt(attempts);
  outcomes.forEach((outcome, index) => {
    const { actor, sql } = attempts[index] as (typeof attempts)[number];
    const evidence = repeatAfter(aftermath, outcome);
    const told = outcome.ok ? `${outcome.count} rows` : `${outcome.sqlstate} ${outcome.message}`;
    const what = `${called}: ${actor.name} may ${sql}: ${told}`;
    if (outcome.ok || outcome.sqlstate === "42501") proof.weigh(reachesNothing(sql, outcome), what, evidence);
    // The row was let in as far as its own constraints, or the table lacks what the experiment names.
    else if (/^23|^P0/.test(outcome.sqlstate)) proof.broke(what, evidence);
    else if (!lacksTenant(sql, outcome)) proof.doubted(what);
  });
}

/** Orphans have no org_id: that was asked of the events. */
function lacksTenant(sql: string, outcome: Outcome): boolean {
  return !outcome.ok && outcome.sqlstate === "42703" && sql.includes(orphans) && sql.includes("org_id");
}

function reachesNothing(sql: string, outcome: Outcome): boolean {
  return !outcome.ok || (/^(select|update|delete|copy|merge)/.test(sql) && outcome.count === 0);
}
