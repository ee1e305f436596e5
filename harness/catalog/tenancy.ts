import type { Named, Schema, Table } from "./model.ts";
import { key } from "./schema.ts";

/** The tables that hold tenants' rows: those with the tenant column, and the table of tenants itself; partitions too. */
export function tenantTables(schema: Schema, tenantColumn: string, tenantsTable: Named): Table[] {
  return schema.tables.filter(
    (table) =>
      key(table) === key(tenantsTable) || table.columns.some((column) => column.name === tenantColumn),
  );
}

interface DependencyOrder {
  /** Referenced tables before those that reference them; within a circle by name. */
  readonly order: readonly Table[];
  /** Circles of two or more tables; a table that references itself is none. */
  readonly cycles: readonly (readonly Table[])[];
}

/** The order in which rows can be inserted (Tarjan's strongly connected components along foreign keys). */
export function dependencyOrder(tables: readonly Table[]): DependencyOrder {
  const known = new Map(tables.map((table) => [key(table), table]));
  const marks = new Map<Table, { index: number; low: number; open: boolean }>();
  const stack: Table[] = [];
  const components: Table[][] = [];

  const visit = (table: Table): { index: number; low: number; open: boolean } => {
    const mark = { index: marks.size, low: marks.size, open: true };
    marks.set(table, mark);
    stack.push(table);
    for (const { target } of table.foreignKeys) {
      const next = known.get(key(target));
      if (next === undefined || next === table) continue;
      const seen = marks.get(next);
      if (seen === undefined) mark.low = Math.min(mark.low, visit(next).low);
      else if (seen.open) mark.low = Math.min(mark.low, seen.index);
    }
    if (mark.low === mark.index) {
      const component = stack.splice(stack.indexOf(table));
      for (const member of component) (marks.get(member) as { open: boolean }).open = false;
      components.push(component.sort((a, b) => (key(a) < key(b) ? -1 : 1)));
    }
    return mark;
  };
  for (const table of tables) if (!marks.has(table)) visit(table);
  return { order: components.flat(), cycles: components.filter((component) => component.length > 1) };
}
