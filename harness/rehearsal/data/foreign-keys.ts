import type { Connection } from "../../engine/connection.ts";
import { loadSql } from "../../sql/load.ts";

const listKeys = loadSql(import.meta.url, "foreign-keys.sql");

/** A foreign key that rows break although it is said to hold: they were loaded without checks. */
export interface BrokenKey {
  readonly name: string;
  readonly table: string;
  readonly rows: number;
  /** Keys of up to five of the rows; none where these are no numbers or uuids. */
  readonly examples: readonly string[];
}

/** Every valid foreign key of the database, looked up row by row; `checked` counts them. */
export async function checkForeignKeys(
  superuser: Connection,
): Promise<{ readonly checked: number; readonly broken: readonly BrokenKey[] }> {
  const { rows } = await superuser.query<{ name: string; table_name: string; query: string }>(listKeys);
  const broken: BrokenKey[] = [];
  for (const { name, table_name: table, query } of rows) {
    const [found] = (await superuser.query<{ count: number; keys: (string | null)[] }>(query)).rows;
    if (found && found.count > 0)
      broken.push({
        ...{ name, table, rows: found.count },
        examples: found.keys.filter((key) => key !== null),
      });
  }
  return { checked: rows.length, broken };
}
