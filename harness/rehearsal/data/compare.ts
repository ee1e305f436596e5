// What became of the rows of a snapshot: counted and summed up in both databases, and where that differs looked at closer,
// by hashes of keys and rows, so that no value is ever read.
// Bucket: the rows whose keys' hashes share their last bits. Where two databases agree on a bucket, none of it is looked at.

import type { Connection } from "../../engine/connection.ts";
import { quoteIdentifier } from "../../sql/identifier.ts";
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

interface Side {
  readonly connection: Connection;
  readonly table: StoredTable;
  readonly columns: readonly StoredColumn[];
}

const buckets = 4096;
/** Buckets of which each row is looked at. */
const mostBuckets = 64;
const mostExamples = 5;

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
  const find = (column: StoredColumn) =>
    after.columns.find((one) => (same ? one.number === column.number : one.name === column.name));
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
  const columns = was.sum === is.sum && was.count === is.count ? [] : await differingColumns(first, second);
  // Another type with the same values in text is no other value.
  const sameText = was.count === is.count && columns.length === 0;
  if (sameText && droppedColumns.length === 0) return { count: was.count, change: undefined };
  const detail = sameText ? nothing : await lookCloser(first, second, was.count, is.count);
  return {
    count: was.count,
    change: {
      ...{ table: match.before.name, before: was.count, after: is.count, droppedColumns },
      ...detail,
      columns: detail.changed > 0 || match.before.key.length === 0 ? columns : [],
    },
  };
}

const nothing = { removed: 0, added: 0, changed: 0, estimated: false, examples: [] as readonly string[] };

async function sumOf({ connection, table, columns }: Side): Promise<{ count: number; sum: string }> {
  const { rows } = await connection.query(
    `select count(*)::float8 as count, coalesce(sum(pg_catalog.hash_record_extended(row(${columns.map(hashed).join(", ")}), 0)::numeric), 0)::text as sum from ${table.name} as t`,
  );
  return rows[0] as { count: number; sum: string };
}

/** The columns whose values, as text, differ as a whole. */
async function differingColumns(first: Side, second: Side): Promise<readonly string[]> {
  const sums = async ({ connection, table, columns }: Side) => {
    if (columns.length === 0) return [];
    const parts = columns.map(
      ({ name }) =>
        `coalesce(sum(pg_catalog.hashtextextended(t.${quoteIdentifier(name)}::text, 0)::numeric), 0)::text || ' ' || count(t.${quoteIdentifier(name)})`,
    );
    const { rows } = await connection.query(
      `select array[${parts.join(", ")}] as sums from ${table.name} as t`,
    );
    return (rows[0] as { sums: string[] }).sums;
  };
  const [was, is] = await Promise.all([sums(first), sums(second)]);
  return first.columns.filter((_, index) => was[index] !== is[index]).map(({ name }) => name);
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

type Detail = Pick<DataChange, "removed" | "added" | "changed" | "estimated" | "examples">;

async function lookCloser(first: Side, second: Side, before: number, after: number): Promise<Detail> {
  const keyOf = ({ columns }: Side) =>
    first.table.key.flatMap((number) => {
      const at = first.columns.findIndex((column) => column.number === number);
      const column = columns[at];
      return column ? [column] : [];
    });
  const [key, keyNow] = [keyOf(first), keyOf(second)];
  // Without a key a row that changed is one that went and one that came.
  if (key.length === 0 || key.length < first.table.key.length)
    return {
      ...nothing,
      removed: Math.max(0, before - after),
      added: Math.max(0, after - before),
      changed: before === after ? 1 : 0,
      estimated: true,
    };
  const differing = await differingBuckets(first, second, key, keyNow);
  const looked = differing.slice(0, mostBuckets);
  const [was, is] = await Promise.all([rowsOf(first, key, looked), rowsOf(second, keyNow, looked)]);
  const removed = [...was.keys()].filter((id) => !is.has(id));
  const added = [...is.keys()].filter((id) => !was.has(id)).length;
  const changed = [...was.keys()].filter((id) => is.has(id) && is.get(id)?.row !== was.get(id)?.row);
  const scale = differing.length / Math.max(1, looked.length);
  const estimated = scale > 1;
  const count = (found: number) => Math.round(found * scale);
  return {
    // The difference of the counts is exact, whatever was looked at.
    removed: estimated && added === 0 ? before - after : count(removed.length),
    added: estimated && removed.length === 0 ? after - before : count(added),
    changed: count(changed.length),
    estimated: estimated && (changed.length > 0 || (added > 0 && removed.length > 0)),
    examples: tellable(key)
      ? [...removed, ...changed].slice(0, mostExamples).flatMap((id) => was.get(id)?.name ?? [])
      : [],
  };
}

const bucketOf = (key: readonly StoredColumn[]) =>
  `(pg_catalog.hash_record_extended(row(${key.map(hashed).join(", ")}), 1) & ${buckets - 1})::integer`;

async function differingBuckets(
  first: Side,
  second: Side,
  key: readonly StoredColumn[],
  keyNow: readonly StoredColumn[],
): Promise<readonly number[]> {
  const sums = async ({ connection, table, columns }: Side, own: readonly StoredColumn[]) => {
    const { rows } = await connection.query(
      `select ${bucketOf(own)} as bucket, count(*) || ' ' || sum(pg_catalog.hash_record_extended(row(${columns.map(asText).join(", ")}), 0)::numeric) as sum from ${table.name} as t group by 1`,
    );
    return new Map((rows as { bucket: number; sum: string }[]).map(({ bucket, sum }) => [bucket, sum]));
  };
  const [was, is] = await Promise.all([sums(first, key), sums(second, keyNow)]);
  return [...new Set([...was.keys(), ...is.keys()])].filter((bucket) => was.get(bucket) !== is.get(bucket));
}

interface Hashes {
  readonly row: string;
  readonly name: string;
}

async function rowsOf(
  { connection, table, columns }: Side,
  key: readonly StoredColumn[],
  wanted: readonly number[],
): Promise<ReadonlyMap<string, Hashes>> {
  const name = tellable(key)
    ? key
        .map((column) => `'${column.name.replaceAll("'", "''")} ' || t.${quoteIdentifier(column.name)}::text`)
        .join(" || ', ' || ")
    : "''";
  const { rows } = await connection.query(
    `select pg_catalog.hash_record_extended(row(${key.map(hashed).join(", ")}), 0)::text as id, pg_catalog.hash_record_extended(row(${columns.map(asText).join(", ")}), 0)::text as row, ${name} as name from ${table.name} as t where ${bucketOf(key)} = any ($1)`,
    [wanted],
  );
  return new Map((rows as (Hashes & { id: string })[]).map(({ id, row, name }) => [id, { row, name }]));
}

/** By text, so that a column of another type is another value only where it reads differently. */
function asText({ name }: StoredColumn): string {
  return `t.${quoteIdentifier(name)}::text`;
}

/** Keys that say nothing of whom a row is about. */
function tellable(key: readonly StoredColumn[]): boolean {
  return key.every(({ type }) => /^(uuid|smallint|integer|bigint)$/.test(type));
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
