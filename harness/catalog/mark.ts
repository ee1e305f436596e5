import { loadSql } from "../sql/load.ts";
import type { Connection } from "./connection.ts";

/** Catalog -> what stands in it now, as one text; see `markCatalogs`. */
export type CatalogMarks = ReadonlyMap<string, string>;

const listCatalogs = loadSql(import.meta.url, "queries/catalogs.sql");

/**
 * A mark of every catalog of the connection's database that changes with any committed DDL, and stays as it is when a
 * transaction is rolled back. Cheaper than a picture, and it holds even where the same object was dropped and made again.
 */
export async function markCatalogs(connection: Connection): Promise<CatalogMarks> {
  const catalogs = (await connection.query(listCatalogs)).rows as { name: string }[];
  // The sum of row versions: an insert, update or delete that stays has another transaction's number.
  const marks = catalogs.map(
    ({ name }) =>
      `select '${name}' as name, count(*) || ' ' || coalesce(sum(xmin::text::bigint), 0) as mark from pg_catalog.${name}`,
  );
  const { rows } = await connection.query(marks.join(" union all "));
  return new Map((rows as { name: string; mark: string }[]).map(({ name, mark }) => [name, mark]));
}

/** The catalogs that differ. */
export function changedCatalogs(before: CatalogMarks, after: CatalogMarks): readonly string[] {
  return [...before.keys()].filter((name) => before.get(name) !== after.get(name));
}
