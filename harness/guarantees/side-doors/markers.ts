import type { Ground } from "../ground.ts";
import { targetsOf } from "../isolation/isolation.ts";

/** Shorter values occur by chance. */
const shortest = 6;

/** Values that stand in rows of `tenant` and in no row of another tenant: its id, its people's, its rows' keys and texts. */
export function markersOf(ground: Ground, tenant: string): readonly string[] {
  const { population, society } = ground;
  const valuesOf = (id: string) =>
    targetsOf(ground)
      .flatMap(({ table }) => population.rows(table, id))
      .flatMap((row) => Object.values(row))
      .filter((value): value is string => value !== null && value.length >= shortest);
  const others = new Set(society.tenants.filter(({ id }) => id !== tenant).flatMap(({ id }) => valuesOf(id)));
  const people = society.people.filter((person) => person.tenant === tenant).map(({ id }) => id);
  return [...new Set([tenant, ...people, ...valuesOf(tenant)])].filter((value) => !others.has(value));
}
