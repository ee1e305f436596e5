import type { Connection } from "../catalog/connection.ts";
import type { Table } from "../catalog/model.ts";
import { qualify, quoteIdentifier } from "../sql/identifier.ts";
import type { Row } from "./draft.ts";

/** What the server said to rows that it refused. */
export interface Refusal {
  readonly sqlstate: string;
  readonly message: string;
}

/** Inserts all rows in one statement, or none of them; answers the refusal. The connection is in a transaction. */
export async function insertRows(
  connection: Connection,
  table: Table,
  rows: readonly Row[],
): Promise<Refusal | undefined> {
  const names = table.columns.map((column) => column.name).filter((name) => rows.some((row) => name in row));
  const values: (string | null)[] = [];
  const tuples = rows.map((row) => {
    const items = names.map((name) => (name in row ? `$${values.push(row[name] ?? null)}` : "default"));
    return `(${items.join(", ")})`;
  });
  const columns = names.map(quoteIdentifier).join(", ");
  // A row of defaults only has no column to name.
  const source =
    names.length === 0
      ? "default values"
      : `(${columns}) overriding system value values ${tuples.join(", ")}`;
  await connection.query("savepoint population");
  try {
    await connection.query(`insert into ${qualify(table.schema, table.name)} ${source}`, values);
    // Deferred constraints speak now, while the rows at fault are known.
    await connection.query("set constraints all immediate; release savepoint population");
    return undefined;
  } catch (thrown) {
    await connection.query("rollback to savepoint population");
    const { code = "", message, detail } = thrown as Error & { code?: string; detail?: string };
    // Without a SQLSTATE it is no answer of the server to these rows.
    if (code.length !== 5) throw thrown;
    return { sqlstate: code, message: detail ? `${message} (${detail})` : message };
  }
}

/** Rows whose `column` is one of `values`, or any `limit` rows, in the order they were written, each value as text. */
export async function readRows(
  connection: Connection,
  table: Table,
  which: { readonly column: string; readonly values: readonly string[] } | { readonly limit: number },
): Promise<Row[]> {
  const list = table.columns.map(({ name }) => `${quoteIdentifier(name)}::text as ${quoteIdentifier(name)}`);
  const from = `select ${list.join(", ")} from ${qualify(table.schema, table.name)}`;
  const order = "order by tableoid, ctid";
  if ("limit" in which)
    return (await connection.query(`${from} ${order} limit ${which.limit}`)).rows as Row[];
  const type = table.columns.find((column) => column.name === which.column)?.type ?? "text";
  const filter = `where ${quoteIdentifier(which.column)} = any (($1::text[])::${type}[])`;
  return (await connection.query(`${from} ${filter} ${order}`, [which.values])).rows as Row[];
}
