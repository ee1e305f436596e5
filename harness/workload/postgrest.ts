// The statements that PostgREST makes of requests, as its logs show them.
// https://docs.postgrest.org/en/stable/references/api/tables_views.html

import type { Named } from "../catalog/model.ts";
import { quoteIdentifier } from "../sql/identifier.ts";

interface Read {
  readonly table: Named;
  /** Conditions in SQL with $1, $2, ... for their values; the table's columns by `column(name)`. */
  readonly where?: readonly string[];
  /** "updated_at desc" */
  readonly order?: string;
  readonly limit?: number;
}

/** The rows as one JSON array: `GET /contacts?order=updated_at.desc&limit=50`. */
export function readRows({ table, where = [], order, limit }: Read): string {
  const name = qualified(table);
  const source = [
    `SELECT ${name}.* FROM ${name}`,
    ...(where.length > 0 ? [`WHERE ${where.map((one) => `${name}.${one}`).join(" AND ")}`] : []),
    ...(order === undefined ? [] : [`ORDER BY ${name}.${order}`]),
    ...(limit === undefined ? [] : [`LIMIT ${limit} OFFSET 0`]),
  ].join(" ");
  return `WITH pgrst_source AS (${source}) ${answer("pgrst_source", "null::bigint")}`;
}

/** How many there are: `HEAD /notifications?status=eq.unread` with `Prefer: count=exact`. */
export function countRows({ table, where = [] }: Pick<Read, "table" | "where">): string {
  const name = qualified(table);
  const conditions = where.length > 0 ? ` WHERE ${where.map((one) => `${name}.${one}`).join(" AND ")}` : "";
  return `WITH pgrst_source_count AS (SELECT 1 FROM ${name}${conditions}) SELECT (SELECT pg_catalog.count(*) FROM pgrst_source_count) AS total_result_set`;
}

interface Insert {
  readonly table: Named;
  /** Each with its type in SQL; $1 is a JSON object that has them. */
  readonly columns: Readonly<Record<string, string>>;
  /** The columns of the key whose duplicates are ignored. */
  readonly ignoreDuplicatesOf?: readonly string[];
}

/** One row: `POST /contacts`, with `Prefer: resolution=ignore-duplicates` where duplicates are. */
export function insertRow({ table, columns, ignoreDuplicatesOf }: Insert): string {
  const names = Object.keys(columns).map(quoteIdentifier);
  const typed = Object.entries(columns).map(([name, type]) => `${quoteIdentifier(name)} ${type}`);
  const conflict = ignoreDuplicatesOf
    ? ` ON CONFLICT(${ignoreDuplicatesOf.map(quoteIdentifier).join(", ")}) DO NOTHING`
    : "";
  const source = `INSERT INTO ${qualified(table)}(${names.join(", ")}) SELECT ${names
    .map((name) => `"pgrst_body".${name}`)
    .join(
      ", ",
    )} FROM (SELECT $1::json AS json_data) pgrst_payload, LATERAL (SELECT * FROM json_to_record(pgrst_payload.json_data) AS _(${typed.join(", ")})) pgrst_body${conflict} RETURNING 1`;
  return `WITH pgrst_source AS (${source}) ${answer("pgrst_source", "''")}`;
}

interface Update {
  readonly table: Named;
  /** The one column that changes; its value is $1. */
  readonly set: string;
  readonly where: readonly string[];
}

/** `PATCH /contacts?id=eq.…`; the rows are not returned. */
export function updateRows({ table, set, where }: Update): string {
  const name = qualified(table);
  const source = `UPDATE ${name} SET ${set} = $1 WHERE ${where.map((one) => `${name}.${one}`).join(" AND ")} RETURNING 1`;
  return `WITH pgrst_source AS (${source}) ${answer("pgrst_source", "''")}`;
}

function answer(source: string, total: string): string {
  return `SELECT ${total} AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]') AS body, nullif(current_setting('response.headers', true), '') AS response_headers, nullif(current_setting('response.status', true), '') AS response_status, '' AS response_inserted FROM (SELECT * FROM ${source}) _postgrest_t`;
}

function qualified({ schema, name }: Named): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}
