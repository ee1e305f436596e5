import type { Column } from "../catalog/model.ts";
import { quoteIdentifier } from "../sql/identifier.ts";
import type { Ground } from "./ground.ts";
import { insertRow, type Row, type Target } from "./isolation/target.ts";
import type { Site } from "./site.ts";
import type { Person } from "./tenancy.ts";
import { wordsOf } from "./words.ts";

/**
 * Rows of `tenant` that have not been inserted, each unlike an ordinary one in one column: every label, true and false,
 * NULL, long ago and far ahead, and every word of the table's policies. A policy that looks at more than the tenant
 * treats one of them otherwise.
 */
export function variantsOf(ground: Ground, target: Target, tenant: string, person?: Person): Row[] {
  const words = wordsOf(target.table.policies.flatMap(({ using, check }) => [using, check]));
  return freeColumns(target).flatMap((column) =>
    valuesFor(column, words).flatMap((value) => {
      const row = ground.population.newRow(target.table, tenant, person);
      return row ? [{ ...row, [column.name]: value }] : [];
    }),
  );
}

/** Inserts the rows as a superuser, for good; the keys of those that the server took. */
export async function plant(site: Site, target: Target, rows: readonly Row[]): Promise<readonly Row[]> {
  const keys = target.table.primaryKey.map((column) => `${quoteIdentifier(column)}::text`);
  const planted: Row[] = [];
  await site.superuser.transaction(
    async (run) => {
      for (const row of rows) {
        const outcome = await run(insertRow(target, row, ` returning ${keys.join(", ") || "1"}`));
        if (outcome.ok) planted.push(outcome.rows[0] as Row);
      }
    },
    { commit: true, savepoints: true },
  );
  return planted;
}

/** Columns that say neither whose the row is, nor which, nor what it points to. */
export function freeColumns({ table, tenantColumn }: Target): readonly Column[] {
  const bound = new Set([
    tenantColumn,
    ...table.primaryKey,
    ...table.foreignKeys.flatMap(({ columns }) => columns),
  ]);
  return table.columns.filter(
    ({ name, generated, identity }) => !bound.has(name) && generated === null && identity !== "always",
  );
}

function valuesFor(column: Column, words: readonly string[]): readonly (string | null)[] {
  const none = column.notNull ? [] : [null];
  if (column.isArray) return none;
  if (column.category === "enum") return [...none, ...(column.enumLabels ?? [])];
  if (/^jsonb?$/.test(column.baseType)) return [...none, "[]", "{}"];
  if (column.baseType === "bool") return [...none, "true", "false"];
  if (/^(timestamptz?|date)$/.test(column.baseType)) return [...none, "1970-01-01", "2100-01-01"];
  if (/^(text|varchar|citext|bpchar)$/.test(column.baseType)) return [...none, ...words];
  return none;
}
