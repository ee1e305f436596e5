// A closer look at a table whose rows are not what they were: which are gone, which came, which differ in which columns.
// Bucket: the rows whose keys' hashes share their last bits. Where two databases agree on a bucket, none of it is looked at.

import type { Connection } from "../../engine/connection.ts";
import { quoteIdentifier } from "../../sql/identifier.ts";
import { hashed, type StoredColumn, type StoredTable } from "./stored-tables.ts";

const buckets = 4096;
/** Rows that are looked at one by one. */
const mostRows = 100_000;
const mostExamples = 3;

/** One of the two: a connection, the table there, and the columns that both have, in one order. */
export interface Side {
  readonly connection: Connection;
  readonly table: StoredTable;
  readonly columns: readonly StoredColumn[];
}

export interface Detail {
  readonly removed: number;
  readonly added: number;
  readonly changed: number;
  /** Whether these are estimates: where thousands differ, some hundred are looked at. */
  readonly estimated: boolean;
  /** Keys of a few rows that are gone or differ. */
  readonly examples: readonly string[];
  /** The columns in which rows of one key differ; absent where nothing tells which rows belong together. */
  readonly columns?: readonly string[];
}

/** What differs between the rows of a table in two databases; `before` and `after` count them all. */
export async function lookCloser(first: Side, second: Side, before: number, after: number): Promise<Detail> {
  const places = first.table.key.map((number) => first.columns.findIndex((one) => one.number === number));
  // Where nothing else tells rows apart, all of a row does: one that changed has gone, and another one has come.
  const keyed = places.length > 0 && !places.includes(-1);
  const keyOf = ({ columns }: Side) =>
    keyed ? places.map((place) => columns[place] as StoredColumn) : columns;
  const [key, keyNow] = [keyOf(first), keyOf(second)];
  const differing = await differingBuckets(first, second, key, keyNow);
  const looked = upTo(mostRows, differing);
  const [was, is] = await Promise.all([rowsOf(first, key, looked), rowsOf(second, keyNow, looked)]);
  const removed = [...was.keys()].filter((id) => !is.has(id));
  const added = [...is.keys()].filter((id) => !was.has(id)).length;
  const placesOf = (id: string) => differences(was.get(id), is.get(id));
  const changed = [...was.keys()].filter((id) => is.has(id) && placesOf(id).length > 0);
  const differingPlaces = new Set(changed.flatMap(placesOf));
  const scale = differing.length / Math.max(1, looked.length);
  const estimated = scale > 1;
  const count = (found: number) => Math.round(found * scale);
  // The difference of the counts is exact, whatever was looked at.
  const net = before - after;
  return {
    removed: estimated && added === 0 ? Math.max(0, net) : count(removed.length),
    added: estimated && removed.length === 0 ? Math.max(0, -net) : count(added),
    changed: count(changed.length),
    ...(keyed && {
      columns: first.columns.filter((_, place) => differingPlaces.has(place)).map(({ name }) => name),
    }),
    estimated: estimated && (changed.length > 0 || (added > 0 && removed.length > 0)),
    examples:
      keyed && tellable(key)
        ? [...removed, ...changed].slice(0, mostExamples).flatMap((id) => was.get(id)?.name ?? [])
        : [],
  };
}

const bucketOf = (key: readonly StoredColumn[]) =>
  `(pg_catalog.hash_record_extended(row(${key.map(hashed).join(", ")}), 1) & ${buckets - 1})::integer`;

interface Bucket {
  readonly bucket: number;
  readonly rows: number;
  readonly sum: string;
}

async function differingBuckets(
  first: Side,
  second: Side,
  key: readonly StoredColumn[],
  keyNow: readonly StoredColumn[],
): Promise<readonly Bucket[]> {
  const sums = async ({ connection, table, columns }: Side, own: readonly StoredColumn[]) => {
    const { rows } = await connection.query(
      `select ${bucketOf(own)} as bucket, count(*)::float8 as rows, sum(pg_catalog.hash_record_extended(row(${columns.map(asText).join(", ")}), 0)::numeric)::text as sum from ${table.name} as t group by 1`,
    );
    return new Map((rows as Bucket[]).map((one) => [one.bucket, one]));
  };
  const [was, is] = await Promise.all([sums(first, key), sums(second, keyNow)]);
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((bucket) => {
    const [before, after] = [was.get(bucket), is.get(bucket)];
    const same = before?.rows === after?.rows && before?.sum === after?.sum;
    return same ? [] : ((before ?? after) as Bucket);
  });
}

/** As many of the buckets as hold so many rows, and at least one. */
function upTo(most: number, buckets: readonly Bucket[]): readonly number[] {
  let rows = 0;
  const end = buckets.findIndex((one) => {
    rows += one.rows;
    return rows > most;
  });
  return buckets.slice(0, end < 0 ? undefined : Math.max(1, end)).map(({ bucket }) => bucket);
}

interface Hashes {
  /** Of each column's text, in order; null of NULL. */
  readonly hashes: readonly (string | null)[];
  readonly name: string;
}

/** The places of the columns that differ. */
function differences(was: Hashes | undefined, is: Hashes | undefined): readonly number[] {
  return (was?.hashes ?? []).flatMap((hash, place) => (hash === is?.hashes[place] ? [] : [place]));
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
  const id = `pg_catalog.hash_record_extended(row(${key.map(hashed).join(", ")}), 0)::text`;
  const { rows } = await connection.query(
    // Equal rows, where nothing tells them apart, are as many as there are.
    `select ${id} || ' ' || row_number() over (partition by ${id}) as id, array[${columns.map((column) => `pg_catalog.hashtextextended(${asText(column)}, 0)::text`).join(", ")}]::text[] as hashes, ${name} as name from ${table.name} as t where ${bucketOf(key)} = any ($1)`,
    [wanted],
  );
  return new Map((rows as (Hashes & { id: string })[]).map(({ id, hashes, name }) => [id, { hashes, name }]));
}

/** By text, so that a column of another type is another value only where it reads differently. */
export function asText({ name }: StoredColumn): string {
  return `t.${quoteIdentifier(name)}::text`;
}

/** Keys that say nothing of whom a row is about. */
function tellable(key: readonly StoredColumn[]): boolean {
  return key.every(({ type }) => /^(uuid|smallint|integer|bigint)$/.test(type));
}
