// Target: one tenant table. Attacker: somebody who must not reach a tenant's rows. Attack: one statement that would.
// Control: the same reach by the rows' owner. A table that nobody reaches is no proof of isolation.
// Sign: how an attack that got through would show; an error counts as a denial only when it says so.

import { key } from "../../catalog/schema.ts";
import { tenantTables } from "../../catalog/tenancy.ts";
import { type Actor, service, signedIn } from "../../session/actor.ts";
import type { Outcome } from "../../session/outcome.ts";
import type { Sessions } from "../../session/session.ts";
import type { Ground } from "../ground.ts";
import type { Proof } from "../proof.ts";
import type { Command, Person } from "../tenancy.ts";
import { attackersOf } from "./attackers.ts";
import { attacksOn } from "./attacks.ts";
import { controlsFor } from "./controls.ts";
import { judge } from "./judgement.ts";
import { aimAt, type Target } from "./target.ts";

/** The tenant tables of the subject, as targets. */
export function targetsOf({ schema, tenancy }: Ground): Target[] {
  return tenantTables(schema, tenancy.column, tenancy.tenants).map((table) => aimAt(table, tenancy));
}

/** Every tenant table, every command, every attacker, with the owner's control beside each. */
export async function proveIsolation(ground: Ground, proof: Proof): Promise<void> {
  await using site = await ground.open("populated");
  for (const target of targetsOf(ground)) {
    const unpopulated = ground.population.failures.find((failure) => key(failure) === key(target.table));
    if (unpopulated) proof.doubted(`no rows could be made in ${target.label}: ${unpopulated.message}`);
    for (const { id } of ground.society.tenants) {
      await proveControls(ground, proof, site.sessions, target, id);
      await proveDenials(ground, proof, site.sessions, target, id);
    }
  }
}

async function proveControls(
  ground: Ground,
  proof: Proof,
  sessions: Sessions,
  target: Target,
  tenant: string,
): Promise<void> {
  const allowed = ground.tenancy.access[target.label] ?? [];
  const people = ground.society.people.filter((person) => person.tenant === tenant);
  const members = people.map((person) => ({
    person,
    actor: signedIn("a member", ground.tenancy.claims(person)),
  }));
  for (const command of ["SELECT", "INSERT", "UPDATE", "DELETE"] as const) {
    // What members are not meant to do, the service does: the row is there, and somebody reaches it.
    const candidates = allowed.includes(command)
      ? members
      : people.slice(0, 1).map((person) => ({ person, actor: service }));
    await proveReach(ground, proof, sessions, target, tenant, command, candidates);
  }
}

interface Candidate {
  readonly person: Person;
  readonly actor: Actor;
}

/** One of the candidates must reach the tenant's rows by each form of the command. */
async function proveReach(
  ground: Ground,
  proof: Proof,
  sessions: Sessions,
  target: Target,
  tenant: string,
  command: Command,
  candidates: readonly Candidate[],
): Promise<void> {
  const reached = new Map<string, Outcome[]>();
  for (const { person, actor } of candidates) {
    const rows = ground.population.rows(target.table, tenant);
    const newRow = ground.population.newRow(target.table, tenant, person);
    const controls = controlsFor(target, tenant, { rows, newRow }).filter(
      (control) => control.command === command,
    );
    const outcomes = await sessions.attempt(controls.map(({ sql }) => ({ actor, sql })));
    controls.forEach(({ what }, index) => {
      const outcome = outcomes[index];
      if (outcome) reached.set(what, [...(reached.get(what) ?? []), outcome]);
    });
  }
  const name = candidates[0]?.actor.name ?? "nobody";
  for (const [what, outcomes] of reached) {
    const best = outcomes.find((outcome) => outcome.ok && outcome.count > 0);
    const [first] = outcomes;
    if (best) proof.held();
    else if (candidates[0]?.actor === service) continueWithoutService(proof, target, command, first);
    else if (first)
      proof.broke(`${name} ${what}: ${told(first)}; the owner must reach their own row`, first.repeat);
  }
}

/** The service need not do everything; but rows that nobody can even read are no subject. */
function continueWithoutService(proof: Proof, target: Target, command: Command, outcome?: Outcome): void {
  if (command === "SELECT" && outcome)
    proof.doubted(`nobody reaches a row of ${target.label}: the service's SELECT is ${told(outcome)}`);
}

async function proveDenials(
  ground: Ground,
  proof: Proof,
  sessions: Sessions,
  target: Target,
  victim: string,
): Promise<void> {
  const { population, society, tenancy } = ground;
  const [victimRow] = population.rows(target.table, victim);
  if (!victimRow) return proof.doubted(`there is no row of ${target.label} to protect`);
  const outsiders = society.people.filter((person) => person.tenant !== victim).slice(0, 1);
  for (const attacker of attackersOf(victim, outsiders, society.newcomer, tenancy)) {
    const own = attacker.tenant === undefined ? [] : population.rows(target.table, attacker.tenant);
    const attacks = attacksOn(target, {
      victim,
      victimRow,
      victimNewRow: population.newRow(target.table, victim),
      own: attacker.tenant === undefined ? undefined : { tenant: attacker.tenant, row: own[0] },
      reachable: own.length,
    });
    const outcomes = await sessions.attempt(attacks.map(({ sql }) => ({ actor: attacker.actor, sql })));
    attacks.forEach((attack, index) => {
      const outcome = outcomes[index];
      if (!outcome) return;
      const judgement = judge(attack, outcome, tenancy);
      const sentence = `${attacker.actor.name} ${attack.what}`;
      if (judgement.kind === "stopped") proof.held();
      else if (judgement.kind === "through") proof.broke(`${sentence}: ${judgement.how}`, outcome.repeat);
      else proof.doubted(`${sentence}: ${judgement.why}`);
    });
  }
}

function told(outcome: Outcome): string {
  return outcome.ok
    ? `accepted for ${outcome.count} rows`
    : `refused with ${outcome.sqlstate} ${outcome.message}`;
}
