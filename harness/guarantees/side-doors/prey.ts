import type { Table } from "../../catalog/model.ts";
import { key } from "../../catalog/schema.ts";
import { peopleTable } from "../../population/ownership.ts";
import { qualify, quoteIdentifier, quoteLiteral } from "../../sql/identifier.ts";
import type { Ground } from "../ground.ts";
import { targetsOf } from "../isolation/isolation.ts";
import { type Row, whereTenant } from "../isolation/target.ts";
import type { Site } from "../site.ts";

/** Whose rows nobody else may learn of, and what an attacker may know of them: ids, and one row of each table. */
export interface Prey {
  readonly ids: readonly string[];
  readonly rows: readonly { readonly table: Table; readonly row: Row }[];
  /** Values that stand in their rows and in nobody else's: where one comes back, a row was read. */
  readonly markers: readonly string[];
}

/** Shorter values occur by chance. */
const shortest = 6;

/** A whole tenant as prey: its id, its people, its rows. */
export function preyOf(ground: Ground, tenant: string): Prey {
  const { population, society } = ground;
  const rowsOf = (id: string) =>
    targetsOf(ground).flatMap(({ table }) => population.rows(table, id).map((row) => ({ table, row })));
  const valuesOf = (id: string) =>
    rowsOf(id)
      .flatMap(({ row }) => Object.values(row))
      .filter((value): value is string => value !== null && value.length >= shortest);
  const others = new Set(society.tenants.filter(({ id }) => id !== tenant).flatMap(({ id }) => valuesOf(id)));
  const ids = [tenant, ...society.people.filter((person) => person.tenant === tenant).map(({ id }) => id)];
  const markers = [...new Set([...ids, ...valuesOf(tenant)])].filter((value) => !others.has(value));
  const firsts = targetsOf(ground).flatMap(({ table }) =>
    population
      .rows(table, tenant)
      .slice(0, 1)
      .map((row) => ({ table, row })),
  );
  return { ids, rows: firsts, markers };
}

/** The tenant's rows and people are gone, as far as the server lets them go; no trigger noticed. */
export async function removeTenant(ground: Ground, site: Site, tenant: string): Promise<void> {
  const { population, society, schema } = ground;
  const targets = targetsOf(ground);
  const owned = new Set(targets.map(({ label }) => label));
  const people = society.people
    .filter((person) => person.tenant === tenant)
    .map(({ id }) => quoteLiteral(id));
  const statements = [
    ...targets.map((target) => `delete from ${target.relation} where ${whereTenant(target, tenant)}`),
    // Those that belong to the tenant by what they point to.
    ...population.tables
      .filter((table) => !owned.has(key(table)) && table.primaryKey.length > 0)
      .flatMap((table) =>
        population.rows(table, tenant).map((row) => {
          const condition = table.primaryKey.map(
            (column) => `${quoteIdentifier(column)} = ${quoteLiteral(row[column] ?? "")}`,
          );
          return `delete from ${qualify(table.schema, table.name)} where ${condition.join(" and ")}`;
        }),
      ),
    ...(schema.tables.some((table) => key(table) === key(peopleTable))
      ? [`delete from ${qualify(peopleTable.schema, peopleTable.name)} where id in (${people.join(", ")})`]
      : []),
  ];
  await site.superuser.transaction(
    async (run) => {
      await run("set local session_replication_role = replica");
      for (const statement of statements) await run(statement);
    },
    { commit: true, savepoints: true },
  );
}
