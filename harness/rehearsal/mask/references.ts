import type { Connection } from "../../engine/connection.ts";
import { loadSql } from "../../sql/load.ts";

const query = loadSql(import.meta.url, "queries/references.sql");

/** A foreign key. */
export interface Reference {
  /** schema.table.name, for people. */
  readonly name: string;
  /** Its columns and those they refer to, each as schema.table.column. */
  readonly pairs: readonly (readonly [child: string, parent: string])[];
  /** Counts the rows that refer to nothing, as `orphans`. */
  readonly query: string;
}

interface Row {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly targetSchema: string;
  readonly targetTable: string;
  readonly columns: readonly string[];
  readonly targetColumns: readonly string[];
  readonly query: string;
}

/** Every foreign key; those of a partitioned table once, by its own name. */
export async function readReferences(connection: Connection): Promise<readonly Reference[]> {
  const { rows } = await connection.query<Row>(query);
  return rows.map((row) => ({
    name: `${row.schema}.${row.table}.${row.name}`,
    pairs: row.columns.map((column, index) => [
      `${row.schema}.${row.table}.${column}`,
      `${row.targetSchema}.${row.targetTable}.${row.targetColumns[index]}`,
    ]),
    query: row.query,
  }));
}

/** How many rows refer to nothing, by each of them in its order. */
export async function countOrphans(
  connection: Connection,
  references: readonly Reference[],
): Promise<readonly number[]> {
  const counts: number[] = [];
  for (const { query } of references) {
    const { rows } = await connection.query<{ orphans: number }>(query);
    counts.push(rows[0]?.orphans ?? 0);
  }
  return counts;
}
