// Side door: a function, view, table, sequence, key, trigger or publication through which a member reaches other
//   tenants' rows although the policies of the tables are right.
// Prey: the tenant whose rows nobody else may learn of. Marker: a value that occurs in them only.
// Question: a statement whose answer must hold no marker, and be the same once the prey's rows are gone.
// Known: what the platform supplies; its doors are the host's, not the migrations'.

import { key } from "../../catalog/schema.ts";
import { anon, signedIn } from "../../session/actor.ts";
import { qualify, quoteIdentifier } from "../../sql/identifier.ts";
import type { Ground } from "../ground.ts";
import { targetsOf, targetsToProve } from "../isolation/isolation.ts";
import { insertRow, type Row, whereRow } from "../isolation/target.ts";
import type { Proof } from "../proof.ts";
import type { Site } from "../site.ts";
import type { Person } from "../tenancy.ts";
import { callsOf } from "./calls.ts";
import { copiesOf, plantSingular } from "./copies.ts";
import { proveNothingChanged } from "./effects.ts";
import { preyOf, removeTenant } from "./prey.ts";
import { proveNothingTold } from "./question.ts";
import { readsOf, viewsOf } from "./relations.ts";
import { callable, proveDenied, proveLockdown } from "./routines.ts";
import { apiRoles, isSubjects } from "./subject.ts";

/** No object that members may use, other than the tables themselves, gives them a row of another tenant, or word of it. */
export async function proveSideDoors(ground: Ground, proof: Proof): Promise<void> {
  targetsToProve(ground, proof);
  proveLockdown(ground, proof);
  proveSequences(ground, proof);
  provePublications(ground, proof);
  await using site = await ground.open("populated");
  await proveDenied(ground, proof, site);
  await proveTold(ground, proof, site);
  await proveNothingChanged(ground, proof);
}

async function proveTold(ground: Ground, proof: Proof, site: Site): Promise<void> {
  const { society, tenancy } = ground;
  const victim = society.outsider.tenant;
  const prey = preyOf(ground, victim);
  const member = signedIn("a member", tenancy.claims(society.member));
  const actors = [
    anon,
    member,
    signedIn("a member without claims of a tenant", { sub: society.newcomer.id }),
  ];
  await stirUp(ground, site, society.outsider);
  await refreshViews(ground, site);
  const singular = await plantSingular(ground, site, society.outsider);
  const copies = copiesOf(ground, member, society.member, victim, singular);
  const controls = await site.sessions.attempt(
    copies.map(({ control }) => ({ actor: member, sql: control })),
  );
  controls.forEach((control, index) => {
    if (!control.ok)
      proof.doubted(
        `a member cannot insert into ${copies[index]?.target.label}: ${control.sqlstate} ${control.message}`,
      );
  });
  const questions = [
    ...readsOf(ground, actors),
    ...callable(ground).flatMap((routine) => callsOf(ground, routine, actors, prey)),
    ...copies.flatMap(({ questions }) => questions),
  ];
  await proveNothingTold(proof, site, questions, prey, async () => {
    await removeTenant(ground, site, victim);
    await refreshViews(ground, site);
  });
}

/** The victims write too: what triggers and rules then leave elsewhere is there to be found. */
async function stirUp(ground: Ground, site: Site, person: Person): Promise<void> {
  const session = site.sessions.as(signedIn("an outsider", ground.tenancy.claims(person)));
  for (const target of targetsOf(ground)) {
    const allowed = ground.tenancy.access[target.label] ?? [];
    const [row] = ground.population.rows(target.table, person.tenant);
    const newRow = ground.population.newRow(target.table, person.tenant, person);
    const touch = target.table.columns.find(({ name }) => name === target.touch);
    if (allowed.includes("UPDATE") && row && touch)
      await session.does(
        `update ${target.relation} set ${quoteIdentifier(touch.name)} = ${quoteIdentifier(touch.name)} where ${whereRow(target, row)}`,
      );
    if (!allowed.includes("INSERT") || !allowed.includes("DELETE") || !newRow) continue;
    const keys = target.key.map((column) => `${quoteIdentifier(column)}::text`).join(", ");
    const inserted = await session.does(insertRow(target, newRow, ` returning ${keys}`));
    if (inserted.ok)
      await session.does(`delete from ${target.relation} where ${whereRow(target, inserted.rows[0] as Row)}`);
  }
}

/** Views that were filled before the tenants came would look empty, and those that are not refreshed keep who left. */
async function refreshViews(ground: Ground, site: Site): Promise<void> {
  for (const view of viewsOf(ground).filter(({ materialized }) => materialized))
    await site.superuser.does(`refresh materialized view ${qualify(view.schema, view.name)}`);
}

/** A sequence that many tenants share tells each how many rows the others made, and who may set it can stop them all. */
function proveSequences(ground: Ground, proof: Proof): void {
  const { schema, schemaBefore } = ground;
  for (const sequence of schema.sequences.filter((found) =>
    isSubjects(ground, found, schemaBefore.sequences),
  ))
    for (const role of apiRoles) {
      const held = (sequence.privileges[role] ?? []).filter((privilege) => privilege !== "USAGE");
      proof.weigh(
        held.length === 0,
        `${role} holds ${held.join(", ")} on the sequence ${key(sequence)}`,
        `begin; set local role ${role}; select last_value from ${qualify(sequence.schema, sequence.name)}; rollback;`,
      );
    }
}

/** The host sends changes of a published table to every subscriber whom no policy stops. */
function provePublications(ground: Ground, proof: Proof): void {
  for (const { table, label } of targetsOf(ground))
    proof.weigh(
      table.publications.length === 0 || table.rls,
      `${label} is in the publication ${table.publications.join(", ")} without row-level security`,
      `select * from pg_publication_tables where schemaname || '.' || tablename = '${label}';`,
    );
}
