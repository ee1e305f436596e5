// What became of the rows of a snapshot: counted and summed up in both databases, and where that differs looked at closer,
// by hashes of keys and rows, so that no value is ever read.

import type { Connection } from "../../engine/connection.ts";
import { quoteIdentifier } from "../../sql/identifier.ts";
import { asText, type Detail, lookCloser, type Side } from "./closer.ts";
import { hashed, pinned, readStoredTables, type StoredColumn, type StoredTable } from "./stored-tables.ts";

/** What differs between the rows of a table before and after, as far as the columns that it had before go. */
export interface DataChange {
  /** As the table was called before. */
  readonly table: string;
  readonly before: number;
  /** Undefined where the table is gone. */
  readonly after: number | undefined;
  readonly removed: number;
  readonly added: number;
  readonly changed: number;
  /** Whether the three are estimates: where thousands differ, some hundred are looked at. */
  readonly estimated: boolean;
  /** The columns whose values differ. */
  readonly columns: readonly string[];
  /** Columns with values that are gone. */
  readonly droppedColumns: readonly string[];
  /** Up to five keys of rows that are gone or differ, such as `id 17`; none where the key is no number or uuid. */
  readonly examples: readonly string[];
}

/** A table before, and what it is now. */
interface Match {
  readonly before: StoredTable;
  readonly after: StoredTable;
  /** Column before -> the same column now. */
  readonly columns: readonly (readonly [before: StoredColumn, after: StoredColumn])[];
  readonly gone: readonly StoredColumn[];
}

export interface DataComparison {
  /** Rows that were compared. */
  readonly rows: number;
  readonly tables: number;
  readonly changes: readonly DataChange[];
}

/**
 * Compares all tables of `before` with what they are in `after`, a database that was copied from it and then changed.
 * Both connections are superusers' that nobody else uses; their settings are others afterwards.
 */
export async function compareData(before: Connection, after: Connection): Promise<DataComparison> {
  for (const connection of [before, after]) await connection.query(pinned);
  const was = await readStoredTables(before);
  const is = await readStoredTables(after);
  const changes: DataChange[] = [];
  let rows = 0;
  for (const table of was) {
    const match = matchOf(table, is);
    if (match === undefined) {
      const count = await countOf(before, table);
      rows += count;
      if (count > 0) changes.push(lostTable(table, count));
      continue;
    }
    const { count, change } = await compareTable(before, after, match);
    rows += count;
    if (change) changes.push(change);
  }
  return { rows, tables: was.length, changes };
}

/** By its OID, or by its name where it was made anew. */
function matchOf(table: StoredTable, is: readonly StoredTable[]): Match | undefined {
  const same = is.find(({ oid }) => oid === table.oid);
  const after = same ?? is.find(({ name }) => name === table.name);
  if (after === undefined) return undefined;
  const old = new Set(table.columns.map(({ number }) => number));
  // A column may be replaced by another one of its name, as where its type changes without a rewrite.
  const find = (column: StoredColumn) =>
    (same && after.columns.find((one) => one.number === column.number)) ||
    after.columns.find((one) => one.name === column.name && !(same && old.has(one.number)));
  const columns = table.columns.flatMap((column) => {
    const now = find(column);
    return now ? [[column, now] as const] : [];
  });
  return { before: table, after, columns, gone: table.columns.filter((column) => !find(column)) };
}

async function compareTable(
  before: Connection,
  after: Connection,
  match: Match,
): Promise<{ readonly count: number; readonly change: DataChange | undefined }> {
  const first: Side = { connection: before, table: match.before, columns: match.columns.map(([one]) => one) };
  const second: Side = {
    connection: after,
    table: match.after,
    columns: match.columns.map(([, one]) => one),
  };
  // Two databases on two cores.
  const [was, is] = await Promise.all([sumOf(first), sumOf(second)]);
  const droppedColumns = await filledOf(before, match);
  if (was.count === is.count && was.sum === is.sum && droppedColumns.length === 0)
    return { count: was.count, change: undefined };
  const sameText = was.count === is.count && (was.sum === is.sum || (await readAlike(first, second)));
  if (sameText && droppedColumns.length === 0) return { count: was.count, change: undefined };
  const detail = sameText ? nothing : await lookCloser(first, second, was.count, is.count);
  return {
    count: was.count,
    change: {
      ...{ table: match.before.name, before: was.count, after: is.count, droppedColumns },
      ...detail,
      columns: detail.columns ?? [],
    },
  };
}

const nothing: Detail = {
  removed: 0,
  added: 0,
  changed: 0,
  estimated: false,
  examples: [] as readonly string[],
};

async function sumOf({ connection, table, columns }: Side): Promise<{ count: number; sum: string }> {
  const { rows } = await connection.query(
    `select count(*)::float8 as count, coalesce(sum(pg_catalog.hash_record_extended(row(${columns.map(hashed).join(", ")}), 0)::numeric), 0)::text as sum from ${table.name} as t`,
  );
  return rows[0] as { count: number; sum: string };
}

/** Whether every row reads the same as text: another type with the same text is no other value. */
async function readAlike(first: Side, second: Side): Promise<boolean> {
  const sumOfText = async ({ connection, table, columns }: Side) => {
    const { rows } = await connection.query(
      `select coalesce(sum(pg_catalog.hash_record_extended(row(${columns.map(asText).join(", ")}), 0)::numeric), 0)::text as sum from ${table.name} as t`,
    );
    return (rows[0] as { sum: string }).sum;
  };
  const [was, is] = await Promise.all([sumOfText(first), sumOfText(second)]);
  return was === is;
}

async function filledOf(connection: Connection, { before, gone }: Match): Promise<readonly string[]> {
  if (gone.length === 0) return [];
  const parts = gone.map(({ name }) => `bool_or(t.${quoteIdentifier(name)} is not null)`);
  const { rows } = await connection.query(
    `select array[${parts.join(", ")}] as filled from ${before.name} as t`,
  );
  const { filled } = rows[0] as { filled: (boolean | null)[] };
  return gone.filter((_, index) => filled[index]).map(({ name }) => name);
}

function lostTable(table: StoredTable, count: number): DataChange {
  return {
    ...{ table: table.name, before: count, after: undefined, columns: [], droppedColumns: [] },
    ...{ ...nothing, removed: count },
  };
}

async function countOf(connection: Connection, { name }: StoredTable): Promise<number> {
  const { rows } = await connection.query(`select count(*)::float8 as count from ${name}`);
  return (rows[0] as { count: number }).count;
}
