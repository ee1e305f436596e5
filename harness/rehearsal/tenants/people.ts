import type { Schema } from "../../catalog/model.ts";
import { key } from "../../catalog/schema.ts";
import type { Connection } from "../../engine/connection.ts";
import type { Person, Tenancy } from "../../guarantees/tenancy.ts";
import { peopleTable } from "../../population/ownership.ts";
import { qualify, quoteIdentifier } from "../../sql/identifier.ts";

interface Ground {
  readonly schema: Schema;
  readonly tenancy: Tenancy;
  readonly superuser: Connection;
}

const mostPeople = 5;

/**
 * People of the tenant, by what the snapshot says: rows that name both a tenant and a person, or the metadata of people.
 * None where nothing does.
 */
export async function findPeople(
  { schema, tenancy, superuser }: Ground,
  tenant: string,
): Promise<readonly Person[]> {
  const found = new Set<string>();
  for (const table of schema.tables) {
    if (found.size >= mostPeople) break;
    if (!table.columns.some(({ name }) => name === tenancy.column)) continue;
    const person = table.foreignKeys.find(({ target }) => key(target) === key(peopleTable))?.columns[0];
    if (person === undefined) continue;
    const { rows } = await superuser.query(
      `select distinct person from (select ${quoteIdentifier(person)}::text as person from ${qualify(table.schema, table.name)} where ${quoteIdentifier(tenancy.column)}::text = $1 and ${quoteIdentifier(person)} is not null limit 100) as seen limit ${mostPeople}`,
      [tenant],
    );
    for (const row of rows as { person: string }[]) found.add(row.person);
  }
  const people = schema.tables.find((table) => key(table) === key(peopleTable));
  if (found.size === 0 && people?.columns.some(({ name }) => name === "raw_app_meta_data")) {
    const { rows } = await superuser.query(
      `select id::text as person from ${qualify(peopleTable.schema, peopleTable.name)} where raw_app_meta_data ->> $1 = $2 order by id limit ${mostPeople}`,
      [tenancy.column, tenant],
    );
    for (const row of rows as { person: string }[]) found.add(row.person);
  }
  return [...found].map((id) => ({ id, tenant }));
}
