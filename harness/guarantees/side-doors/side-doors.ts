// Side door: a function, view, sequence, unique key or publication through which a member reaches other tenants' rows
//   although the policies of the tables are right.
// Marker: a value that occurs in the victim's rows only; where it comes back, a row was read.
// Known: what the platform supplies; its doors are the host's, not the migrations'.

import { key } from "../../catalog/schema.ts";
import { signedIn } from "../../session/actor.ts";
import { qualify } from "../../sql/identifier.ts";
import type { Ground } from "../ground.ts";
import { targetsOf } from "../isolation/isolation.ts";
import type { Proof } from "../proof.ts";
import { proveKeysTellNothing } from "./keys.ts";
import { markersOf } from "./markers.ts";
import { proveRoutines } from "./routines.ts";
import { apiRoles, isSubjects } from "./subject.ts";

/** No object that members may use, other than the tables themselves, gives them a row of another tenant. */
export async function proveSideDoors(ground: Ground, proof: Proof): Promise<void> {
  await proveRoutines(ground, proof);
  await proveViews(ground, proof);
  proveSequences(ground, proof);
  provePublications(ground, proof);
  await proveKeysTellNothing(ground, proof);
}

async function proveViews(ground: Ground, proof: Proof): Promise<void> {
  const { schema, schemaBefore, society, tenancy } = ground;
  const views = schema.views.filter((view) => isSubjects(ground, view, schemaBefore.views));
  await using site = await ground.open("populated");
  // Views that were filled before the tenants came would look empty.
  for (const view of views.filter(({ materialized }) => materialized))
    await site.superuser.does(`refresh materialized view ${qualify(view.schema, view.name)}`);
  const markers = markersOf(ground, society.outsider.tenant);
  const outsider = site.sessions.as(signedIn("an outsider", tenancy.claims(society.member)));
  for (const view of views) {
    if (!apiRoles.some((role) => view.privileges[role]?.includes("SELECT"))) continue;
    const outcome = await outsider.tries(`select * from ${qualify(view.schema, view.name)}`);
    const marker = outcome.ok
      ? markers.find((value) => JSON.stringify(outcome.rows).includes(value))
      : undefined;
    proof.weigh(
      marker === undefined,
      `an outsider reads another tenant's rows through the ${view.materialized ? "materialized " : ""}view ${key(view)}`,
      outcome.repeat,
    );
  }
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
