import { anon, signedIn } from "../../session/actor.ts";
import { quoteLiteral } from "../../sql/identifier.ts";
import type { Ground } from "../ground.ts";
import type { Proof } from "../proof.ts";
import type { Site } from "../site.ts";
import { plant, variantsOf } from "../variants.ts";
import type { Attacker } from "./attackers.ts";
import { type Attack, sweeps } from "./attacks.ts";
import { weigh } from "./judgement.ts";
import { insertRow, type Target } from "./target.ts";
import { forgedSettings, temptedOf } from "./temptations.ts";

/**
 * Nobody reaches a row because of what is in it, or of what they say about themselves: each of these attackers owns
 * nothing, so whatever a statement without WHERE touches is another's.
 */
export async function proveShapes(
  ground: Ground,
  proof: Proof,
  site: Site,
  targets: readonly Target[],
): Promise<void> {
  const { society, tenancy } = ground;
  const victim = society.outsider.tenant;
  const attacks = new Map<Target, Attack[]>();
  for (const target of targets) {
    await plant(site, target, variantsOf(ground, target, victim));
    const inserts = variantsOf(ground, target, victim).map(
      (row): Attack => ({
        what: `inserts a row for the tenant into ${target.label}`,
        sql: insertRow(target, row),
        sign: { kind: "accepted" },
      }),
    );
    attacks.set(target, [...sweeps(target), ...inserts]);
  }
  const neighbour = { ...society.newcomer, tenant: neighbourOf(victim) };
  const attackers: readonly Attacker[] = [
    { actor: signedIn("a newcomer whose tenant has no rows", tenancy.claims(society.newcomer)) },
    { actor: signedIn("a member of a tenant with almost the same id", tenancy.claims(neighbour)) },
    { actor: signedIn("a member without claims of a tenant", { sub: society.newcomer.id }) },
    { actor: anon },
    ...temptedOf(ground, victim),
  ];
  const all = attackers.flatMap(({ actor }) =>
    [...attacks.values()].flat().map((attack) => ({ actor, attack })),
  );
  const outcomes = await site.sessions.attempt(all.map(({ actor, attack }) => ({ actor, sql: attack.sql })));
  all.forEach(({ actor, attack }, index) => {
    const outcome = outcomes[index];
    if (outcome) weigh(proof, attack, `${actor.name} ${attack.what}`, outcome, tenancy);
  });

  const forger = site.sessions.as(signedIn("a member", tenancy.claims(society.newcomer)));
  for (const [name, value] of forgedSettings(ground, victim))
    for (const target of targets)
      for (const attack of sweeps(target)) {
        const { outcome } = await forger.triesInTurn([
          [`select set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, true)`],
          [attack.sql],
        ]);
        weigh(proof, attack, `a member who set ${name} to ${value} ${attack.what}`, outcome, tenancy);
      }
}

/** An id of the same kind that differs in its last character. */
function neighbourOf(id: string): string {
  return id.slice(0, -1) + (id.endsWith("1") ? "2" : "1");
}
