// Target: one tenant table. Attacker: somebody who must not reach a tenant's rows. Attack: one statement that would.
// Control: the same reach by the rows' owner. A table that nobody reaches is no proof of isolation.
// Sign: how an attack that got through would show; an error counts as a denial only when it says so.

import { key } from "../../catalog/schema.ts";
import { tenantTables } from "../../catalog/tenancy.ts";
import type { Sessions } from "../../session/session.ts";
import type { Ground } from "../ground.ts";
import type { Proof } from "../proof.ts";
import { impostorsOf, neighboursOf, strangersOf } from "./attackers.ts";
import { attacksOn, commandsOn } from "./attacks.ts";
import { weigh } from "./judgement.ts";
import { proveReach } from "./reach.ts";
import { proveShapes } from "./shapes.ts";
import { aimAt, type Target } from "./target.ts";

/** The tenant tables of the subject, as targets. */
export function targetsOf({ schema, tenancy }: Ground): Target[] {
  return tenantTables(schema, tenancy.column, tenancy.tenants).map((table) => aimAt(table, tenancy));
}

/** As `targetsOf`; a subject without tenants, or without a table of theirs, is no proof of anything. */
export function targetsToProve(ground: Ground, proof: Proof): Target[] {
  const { tenants, column } = ground.tenancy;
  const targets = targetsOf(ground);
  const owned = targets.filter(({ table }) => key(table) !== key(tenants));
  if (owned.length === targets.length) proof.doubted(`there is no ${key(tenants)}, the table of tenants`);
  if (owned.length === 0) proof.doubted(`no table has the column ${column}, which says whose a row is`);
  return targets;
}

/** Every tenant table, every command, every attacker, with the owner's control beside each. */
export async function proveIsolation(ground: Ground, proof: Proof): Promise<void> {
  await using site = await ground.open("populated");
  const targets = targetsToProve(ground, proof);
  for (const target of targets) {
    const unpopulated = ground.population.failures.find((failure) => key(failure) === key(target.table));
    if (unpopulated) proof.doubted(`no rows could be made in ${target.label}: ${unpopulated.message}`);
  }
  // Each tenant is attacked on a connection of its own, which keeps two cores busy.
  await Promise.all(
    ground.society.tenants.map(async ({ id }) => {
      for (const target of targets) {
        await proveReach(ground, proof, site.sessions, target, id);
        await proveDenials(ground, proof, site.sessions, target, id);
      }
    }),
  );
  await proveShapes(ground, proof, site, targets);
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
  const neighbours = society.people.filter((person) => person.tenant !== victim).slice(0, 1);
  // Whoever owns nothing is as far from one tenant as from any other, and what a claim is worth depends neither on which
  // of them it names nor on how a command is phrased.
  const once = victim === society.outsider.tenant;
  const attackers = [
    ...neighboursOf(neighbours, tenancy).map((attacker) => ({ attacker, waysOf: attacksOn })),
    ...(once ? strangersOf(society.newcomer, tenancy) : []).map((attacker) => ({
      attacker,
      waysOf: attacksOn,
    })),
    ...(once ? impostorsOf(victim, society.newcomer.id) : []).map((attacker) => ({
      attacker,
      waysOf: commandsOn,
    })),
  ];
  const tries = attackers.flatMap(({ attacker, waysOf }) => {
    const own = attacker.tenant === undefined ? [] : population.rows(target.table, attacker.tenant);
    const attacks = waysOf(target, {
      victim,
      victimRow,
      victimNewRow: population.newRow(target.table, victim),
      own: attacker.tenant === undefined ? undefined : { tenant: attacker.tenant, row: own[0] },
      reachable: own.length,
      person: attacker.person,
    });
    return attacks.map((attack) => ({ attack, actor: attacker.actor }));
  });
  const outcomes = await sessions.attempt(tries.map(({ actor, attack }) => ({ actor, sql: attack.sql })));
  tries.forEach(({ actor, attack }, index) => {
    const outcome = outcomes[index];
    if (outcome) weigh(proof, attack, `${actor.name} ${attack.what}`, outcome, tenancy);
  });
}
