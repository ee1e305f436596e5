// Stored table: a table that holds rows itself; of a partitioned one its partitions.
// Columns are known by their numbers, which a rename leaves as they are.

import type { Connection } from "../../engine/connection.ts";
import { quoteIdentifier } from "../../sql/identifier.ts";
import { loadSql } from "../../sql/load.ts";

const listTables = loadSql(import.meta.url, "stored-tables.sql");

export interface StoredColumn {
  readonly number: number;
  readonly name: string;
  /** As DDL writes it. */
  readonly type: string;
}

export interface StoredTable {
  readonly oid: number;
  /** schema.table, quoted where SQL wants it. */
  readonly name: string;
  readonly columns: readonly StoredColumn[];
  /** Numbers of the columns that tell one row from another; empty where nothing does. */
  readonly key: readonly number[];
}

/** Every stored table of the connection's database, by name. */
export async function readStoredTables(connection: Connection): Promise<readonly StoredTable[]> {
  return (await connection.query(listTables)).rows as StoredTable[];
}

/** Types whose own hash tells any two different values apart as well as their text does, and is cheaper. */
const exact =
  /^(uuid|smallint|integer|bigint|oid|boolean|text|character varying(\(\d+\))?|bytea|date|timestamp|timestamp without time zone|timestamp with time zone|timestamp(\(\d\))? with(out)? time zone)$/;

/** The column as it goes into a checksum. */
export function hashed({ name, type }: Pick<StoredColumn, "name" | "type">): string {
  const quoted = `t.${quoteIdentifier(name)}`;
  return exact.test(type) ? quoted : `${quoted}::text`;
}

/** Settings that decide how values are written as text. */
export const pinned =
  "set DateStyle = 'ISO, YMD'; set IntervalStyle = 'postgres'; set TimeZone = 'UTC'; set extra_float_digits = 3; set bytea_output = 'hex'; set row_security = off; set statement_timeout = 0; set lock_timeout = 0; set search_path = ''";
