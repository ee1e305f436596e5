import type { Connection } from "../../engine/connection.ts";
import { quoteIdentifier } from "../../sql/identifier.ts";
import { readStoredTables } from "../data/stored-tables.ts";

/** Keys above are made from clocks or at random, far from any that is counted; more would not fit into a date either. */
const mostCounted = 50_000_000;

/** The highest number that is in use as a key, as far as keys are counted. */
export async function highestKey(superuser: Connection): Promise<number> {
  let highest = 0;
  for (const { name, columns, key } of await readStoredTables(superuser))
    for (const column of columns) {
      if (!key.includes(column.number) || !/^(integer|bigint)$/.test(column.type)) continue;
      const quoted = quoteIdentifier(column.name);
      const { rows } = await superuser.query<{ most: number | null }>(
        `select max(${quoted})::float8 as most from ${name} where ${quoted} between 0 and ${mostCounted}`,
      );
      highest = Math.max(highest, rows[0]?.most ?? 0);
    }
  return highest;
}
