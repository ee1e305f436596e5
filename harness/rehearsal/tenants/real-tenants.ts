// Isolation, tried with the tenants of the snapshot itself: each statement in a transaction that is rolled back. What is
// written down of it are ids of tenants, people and rows.

import type { Schema } from "../../catalog/model.ts";
import { tenantTables } from "../../catalog/tenancy.ts";
import type { Connection } from "../../engine/connection.ts";
import { strangersOf } from "../../guarantees/isolation/attackers.ts";
import { type Attack, attacksOn, sweeps } from "../../guarantees/isolation/attacks.ts";
import { judge } from "../../guarantees/isolation/judgement.ts";
import { aimAt, type Row, type Target, whereTenant } from "../../guarantees/isolation/target.ts";
import type { Proof } from "../../guarantees/proof.ts";
import type { Person, Tenancy } from "../../guarantees/tenancy.ts";
import { type Actor, anon, signedIn } from "../../session/actor.ts";
import type { Outcome } from "../../session/outcome.ts";
import type { Sessions } from "../../session/session.ts";
import { quoteIdentifier, quoteLiteral } from "../../sql/identifier.ts";
import { findPeople } from "./people.ts";

interface Ground {
  readonly schema: Schema;
  readonly tenancy: Tenancy;
  /** A superuser's. */
  readonly superuser: Connection;
  readonly sessions: Sessions;
}

/** Two tenants of the snapshot: the larger is attacked, somebody of the other attacks, where there is another. */
interface Couple {
  readonly attacker: Person | undefined;
  readonly victim: Person;
}

const nobody = "00000000-0000-4000-8000-000000000000";

/** Somebody of a tenant that is not there, named as the others are. */
function newcomerTo(tenant: string): Person {
  return { id: nobody, tenant: /^-?\d+$/.test(tenant) ? "2147483647" : nobody };
}

const tellable = /^(-?\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** The SQL that repeats an experiment, without keys that may be somebody's name, number or address. */
function repeatOf(
  { repeat }: Outcome,
  rows: readonly (Row | undefined)[],
  tenants: readonly string[],
): string {
  const values = [...rows.flatMap((row) => Object.values(row ?? {})), ...tenants];
  const secrets = values.filter((value): value is string => value !== null && !tellable.test(value));
  return secrets.reduce(
    (sql, secret) => sql.replaceAll(quoteLiteral(secret), "'…'").replaceAll(JSON.stringify(secret), '"…"'),
    repeat,
  );
}

/** Nobody of one real tenant reaches a row of another, and whoever is meant to reach their own does. */
export async function proveRealTenants(ground: Ground, proof: Proof): Promise<void> {
  const { schema, tenancy, superuser } = ground;
  const targets = tenantTables(schema, tenancy.column, tenancy.tenants).map((table) => {
    const target = aimAt(table, tenancy);
    // Rows that nothing but all their values tells apart are attacked tenant by tenant.
    return table.primaryKey.length > 0 ? target : { ...target, key: [target.tenantColumn] };
  });
  if (targets.length === 0) return proof.doubted(`no table has the column ${tenancy.column}`);
  let tried = 0;
  for (const target of targets) {
    const tenants = await largestTenants(superuser, target);
    const [largest] = tenants;
    // The smallest of those that were found attacks: what it owns is soon read.
    const smallest = tenants.length > 1 ? tenants.at(-1) : undefined;
    if (largest === undefined) continue;
    const couple = await coupleOf(ground, largest, smallest);
    await attack(ground, proof, target, couple);
    if (tenancy.records[target.label] === undefined) await reach(ground, proof, target, couple.victim);
    tried += 1;
  }
  if (tried === 0) proof.doubted("no table of tenants has any row");
}

/** Tenants with rows of the table, the largest first; a hundred at most. */
async function largestTenants(superuser: Connection, { relation, tenantColumn }: Target): Promise<string[]> {
  const column = quoteIdentifier(tenantColumn);
  const { rows } = await superuser.query(
    `select ${column}::text as tenant from ${relation} where ${column} is not null group by ${column} order by count(*) desc, 1 limit 100`,
  );
  return (rows as { tenant: string }[]).map(({ tenant }) => tenant);
}

async function coupleOf(ground: Ground, victim: string, attacker: string | undefined): Promise<Couple> {
  const of = async (tenant: string) => (await findPeople(ground, tenant))[0] ?? { id: nobody, tenant };
  return { victim: await of(victim), attacker: attacker === undefined ? undefined : await of(attacker) };
}

async function attack(
  { superuser, sessions, tenancy }: Ground,
  proof: Proof,
  target: Target,
  { attacker, victim }: Couple,
): Promise<void> {
  const [victimRow] = await keysOf(superuser, target, victim.tenant);
  if (!victimRow) return;
  const [ownRow] = attacker ? await keysOf(superuser, target, attacker.tenant) : [];
  const strangers = strangersOf(newcomerTo(victim.tenant), tenancy).map(({ actor }) => actor);
  const tries: { readonly actor: Actor; readonly attack: Attack }[] = [
    ...(attacker ? neighboursTries(target, tenancy, { attacker, victim, victimRow, ownRow }) : []),
    ...[...strangers, anon].flatMap((actor) =>
      sweeps(target)
        .filter(isCheap)
        .map((one) => ({ actor, attack: one })),
    ),
  ];
  const outcomes = await sessions.attempt(tries.map(({ actor, attack }) => ({ actor, sql: attack.sql })));
  tries.forEach(({ actor, attack }, index) => {
    const outcome = outcomes[index];
    if (!outcome) return;
    const sentence = `${actor.name} ${attack.what}`;
    const judgement = judge(attack, outcome, tenancy);
    if (judgement.kind === "stopped") proof.held();
    else if (judgement.kind === "through")
      proof.broke(
        `${sentence}: ${howOf(outcome)}`,
        repeatOf(outcome, [victimRow, ownRow], [victim.tenant, attacker?.tenant ?? nobody]),
      );
    else proof.doubted(`${sentence}: ended in SQLSTATE ${outcome.ok ? "00000" : outcome.sqlstate}`);
  });
}

function neighboursTries(
  target: Target,
  tenancy: Tenancy,
  given: {
    readonly attacker: Person;
    readonly victim: Person;
    readonly victimRow: Row;
    readonly ownRow: Row | undefined;
  },
) {
  const { attacker, victim, victimRow, ownRow } = given;
  const actor = signedIn("a member of another tenant", tenancy.claims(attacker));
  const attacks = attacksOn(target, {
    ...{ victim: victim.tenant, victimRow, victimNewRow: undefined, person: attacker.id },
    own: { tenant: attacker.tenant, row: ownRow },
    reachable: 1,
  }).filter(isAimed);
  return [seesOthers(target, attacker.tenant), ...attacks].map((attack) => ({ actor, attack }));
}

/** What the server said is not told: it may quote a row. */
function howOf(outcome: Outcome): string {
  return outcome.ok ? `${outcome.count} rows` : `only SQLSTATE ${outcome.sqlstate} stopped it`;
}

/** How many rows of others somebody sees, in one number: their own may be a million. */
function seesOthers({ relation, label, tenantColumn }: Target, tenant: string): Attack {
  return {
    what: `sees rows of other tenants in ${label}`,
    sql: `select n from (select count(*) as n from ${relation} where ${quoteIdentifier(tenantColumn)} is distinct from ${quoteLiteral(tenant)}) as counted where n > 0`,
    sign: { kind: "rows", own: 0 },
  };
}

/** One row or one tenant: not all that the attacker owns, which may be a lot. */
function isAimed({ sign, what }: Attack): boolean {
  return sign.kind === "rows" && sign.own === 0 && !/every row|copies/.test(what);
}

function isCheap({ what }: Attack): boolean {
  return !/copies|overwrites/.test(what);
}

/** The positive control: somebody of the tenant sees its rows, where members are meant to. */
async function reach(
  { superuser, sessions, tenancy }: Ground,
  proof: Proof,
  target: Target,
  person: Person,
): Promise<void> {
  if (!tenancy.access[target.label]?.includes("SELECT")) return;
  const owner = target.people[0];
  const own = owner === undefined ? "" : ` and ${quoteIdentifier(owner)}::text = ${quoteLiteral(person.id)}`;
  const sql = `select 1 from ${target.relation} where ${whereTenant(target, person.tenant)}${own} limit 1`;
  const { rowCount } = await superuser.query(sql);
  // Rows that belong to a person are not everybody's; this one has none.
  if (rowCount === 0) return;
  const member = signedIn("a member", tenancy.claims(person));
  const [outcome] = await sessions.attempt([{ actor: member, sql }]);
  if (outcome?.ok && outcome.count > 0) proof.held();
  else if (outcome)
    proof.broke(
      `a member does not see their own tenant's rows of ${target.label}: ${outcome.ok ? "no row" : `SQLSTATE ${outcome.sqlstate}`}`,
      repeatOf(outcome, [], [person.tenant]),
    );
}

/** The keys of up to one row of the tenant. */
async function keysOf(superuser: Connection, target: Target, tenant: string): Promise<Row[]> {
  const columns = target.key.map((name) => `${quoteIdentifier(name)}::text as ${quoteIdentifier(name)}`);
  const { rows } = await superuser.query(
    `select ${columns.join(", ")} from ${target.relation} where ${whereTenant(target, tenant)} limit 1`,
  );
  return rows as Row[];
}
