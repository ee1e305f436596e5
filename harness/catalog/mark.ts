import { loadSql } from "../sql/load.ts";
import type { Connection } from "./connection.ts";

/** Catalog -> what stands in it now, as one text; see `markCatalogs`. */
export type CatalogMarks = ReadonlyMap<string, string>;

const listCatalogs = loadSql(import.meta.url, "queries/catalogs.sql");

/** The connections on which the statement of `markCatalogs` is prepared: to plan it takes as long as to run it. */
const prepared = new WeakSet<Connection>();

/**
 * A mark of every catalog of the connection's database that changes with any committed DDL, and stays as it is when a
 * transaction is rolled back. Cheaper than a picture, and it holds even where the same object was dropped and made again.
 * The connection must keep what it has prepared.
 */
export async function markCatalogs(connection: Connection): Promise<CatalogMarks> {
  if (!prepared.has(connection)) {
    await connection.query(`prepare tenantproof_marks as ${await markingStatement(connection)}`);
    prepared.add(connection);
  }
  const { rows } = await connection.query("execute tenantproof_marks");
  return new Map((rows as { name: string; mark: string }[]).map(({ name, mark }) => [name, mark]));
}

async function markingStatement(connection: Connection): Promise<string> {
  const catalogs = (await connection.query(listCatalogs)).rows as { name: string }[];
  // The sum of row versions: an insert, update or delete that stays has another transaction's number.
  return catalogs
    .map(
      ({ name }) =>
        `select '${name}' as name, count(*) || ' ' || coalesce(sum(xmin::text::bigint), 0) as mark from pg_catalog.${name}`,
    )
    .join(" union all ");
}

/** The catalogs that differ. */
export function changedCatalogs(before: CatalogMarks, after: CatalogMarks): readonly string[] {
  return [...before.keys()].filter((name) => before.get(name) !== after.get(name));
}
