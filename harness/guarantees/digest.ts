import type { Connection } from "../catalog/connection.ts";
import type { Table } from "../catalog/model.ts";
import { qualify, quoteIdentifier, quoteLiteral } from "../sql/identifier.ts";

interface DigestRequest {
  /** Only rows in which this column holds this value. */
  readonly where?: { readonly column: (table: Table) => string; readonly value: string };
}

/** `schema.table` -> rows and a checksum of their contents, whatever their order; two equal digests mean equal data. */
export async function digestData(
  connection: Connection,
  tables: readonly Table[],
  { where }: DigestRequest = {},
): Promise<ReadonlyMap<string, string>> {
  if (tables.length === 0) return new Map();
  const parts = tables.map((table) => {
    const label = quoteLiteral(`${table.schema}.${table.name}`);
    const filter = where
      ? ` where ${quoteIdentifier(where.column(table))}::text = ${quoteLiteral(where.value)}`
      : "";
    return `select ${label} as name, count(*) || ' rows, ' || coalesce(sum(pg_catalog.hashtextextended(t::text, 0)), 0) as digest
      from ${qualify(table.schema, table.name)} t${filter}`;
  });
  const { rows } = await connection.query(parts.join(" union all "));
  return new Map((rows as { name: string; digest: string }[]).map(({ name, digest }) => [name, digest]));
}

/** The names whose digests differ. */
export function changedTables(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name) !== after.get(name),
  );
}
