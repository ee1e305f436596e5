import type { ForeignKey, Named, Schema, Table } from "../catalog/model.ts";
import { key } from "../catalog/schema.ts";
import { dependencyOrder } from "../catalog/tenancy.ts";

/** What of the subject's tenancy the population needs. */
export interface Tenure {
  /** The table of tenants and its key; absent where none exists. */
  readonly tenants?: (Named & { readonly key: string }) | undefined;
  /** The column that names the tenant in tenant tables. */
  readonly column: string;
}

/** How a row tells whose it is. */
export type Owner =
  | { readonly by: "tenant"; readonly column: string }
  | { readonly by: "person"; readonly column: string }
  /** By the row that its foreign key points to. */
  | { readonly by: "parent"; readonly foreignKey: ForeignKey }
  /** Nobody's: reference data that owned rows point to. */
  | { readonly by: "nobody" };

export interface Plot {
  readonly table: Table;
  readonly owner: Owner;
  readonly isPeople: boolean;
  readonly isTenants: boolean;
}

export const peopleTable: Named = { schema: "auth", name: "users" };

// Schemas of the platform: of theirs only the people, and what the project's own tables point to.
const platformSchemas =
  /^(auth|storage|extensions|realtime|vault|graphql|graphql_public|net|cron|supabase_.*|pgbouncer|pgsodium)$/;

/** Every table that needs rows, in the order in which they can be inserted, with how each row tells its owner. */
export function plotTables(schema: Schema, tenure: Tenure): Plot[] {
  const insertable = schema.tables.filter((table) => !table.isPartition && table.kind !== "foreign");
  const byName = new Map(insertable.map((table) => [key(table), table]));
  const plots = new Map<Table, Plot>();
  const add = (table: Table, owner: Owner) => {
    const isTenants = tenure.tenants !== undefined && key(table) === key(tenure.tenants);
    plots.set(table, { table, owner, isPeople: key(table) === key(peopleTable), isTenants });
  };
  for (const table of insertable) {
    if (tenure.tenants && key(table) === key(tenure.tenants))
      add(table, { by: "tenant", column: tenure.tenants.key });
    else if (key(table) === key(peopleTable)) add(table, { by: "person", column: "id" });
    else if (platformSchemas.test(table.schema)) continue;
    else if (table.columns.some((column) => column.name === tenure.column))
      add(table, { by: "tenant", column: tenure.column });
  }

  // A table that points to an owned row is owned too; each round finds those one step further out.
  for (let found = true; found; ) {
    found = false;
    for (const table of insertable) {
      if (plots.has(table) || platformSchemas.test(table.schema)) continue;
      const parents = table.foreignKeys.filter(({ target }) => plots.has(byName.get(key(target)) as Table));
      // A person may be named by reference; a tenant's row says more.
      const foreignKey = parents.find(({ target }) => key(target) !== key(peopleTable)) ?? parents[0];
      if (foreignKey === undefined) continue;
      add(table, { by: "parent", foreignKey });
      found = true;
    }
  }
  const wanted = [...plots.keys()];
  for (const table of wanted) {
    for (const { target } of table.foreignKeys) {
      const parent = byName.get(key(target));
      if (parent === undefined || plots.has(parent)) continue;
      add(parent, { by: "nobody" });
      wanted.push(parent);
    }
  }
  return dependencyOrder([...plots.keys()]).order.map((table) => plots.get(table) as Plot);
}
