import type { Connection } from "../../engine/connection.ts";
import { readStoredTables } from "../data/stored-tables.ts";

export interface TableCount {
  readonly oid: number;
  readonly name: string;
  readonly rows: number;
}

/** Rows of a table that were put in after the deploy and are gone after the way back. */
export interface Loss {
  readonly table: string;
  readonly rows: number;
  readonly how: "the table is gone" | "rows are gone";
}

/** How many rows every table has. */
export async function countTables(superuser: Connection): Promise<readonly TableCount[]> {
  const tables = await readStoredTables(superuser);
  if (tables.length === 0) return [];
  const counts = tables.map(
    ({ oid, name }) => `select ${oid}::float8 as oid, count(*)::float8 as rows from ${name}`,
  );
  const { rows } = await superuser.query(counts.join(" union all "));
  const byOid = new Map((rows as { oid: number; rows: number }[]).map((row) => [row.oid, row.rows]));
  return tables.map(({ oid, name }) => ({ oid, name, rows: byOid.get(oid) ?? 0 }));
}

/** What was there at first is not new: a table that the migration itself filled may go with it. */
export function lossesBetween(
  atFirst: readonly TableCount[],
  filled: readonly TableCount[],
  afterwards: readonly TableCount[],
): readonly Loss[] {
  return filled.flatMap(({ oid, name, rows }): readonly Loss[] => {
    const made = rows - (atFirst.find((one) => one.oid === oid)?.rows ?? 0);
    if (made <= 0) return [];
    const now = afterwards.find((one) => one.oid === oid);
    if (now === undefined) return [{ table: name, rows: made, how: "the table is gone" }];
    const gone = rows - now.rows;
    return gone > 0 ? [{ table: name, rows: Math.min(gone, made), how: "rows are gone" }] : [];
  });
}
