import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { from as copyFrom } from "pg-copy-streams";
import type { Connection } from "../engine/connection.ts";

/** Rows that go out in one write. */
const batch = 500;

/**
 * How many rows COPY has stored; they are made as fast as the server takes them. `statement` is `copy ... from stdin` in
 * text format, and a null is NULL. `onRows` hears how many are on their way. @throws pg's DatabaseError, or what `rows`
 * throws; then none is stored.
 */
export async function copyRows(
  connection: Connection,
  statement: string,
  rows: Iterable<readonly (string | null)[]>,
  onRows: (count: number) => void = () => {},
): Promise<number> {
  const stream = connection.query(copyFrom(statement));
  await pipeline(Readable.from(chunksOf(rows, onRows), { objectMode: false }), stream);
  return stream.rowCount;
}

function* chunksOf(
  rows: Iterable<readonly (string | null)[]>,
  onRows: (count: number) => void,
): Generator<string> {
  let chunk = "";
  let count = 0;
  for (const row of rows) {
    chunk += lineOf(row);
    count += 1;
    if (count % batch === 0) {
      yield chunk;
      onRows(count);
      chunk = "";
    }
  }
  if (chunk !== "") yield chunk;
  onRows(count);
}

// https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.55.9.2
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function lineOf(row: readonly (string | null)[]): string {
  let line = "";
  for (const [index, value] of row.entries()) {
    if (index > 0) line += "\t";
    // Most values have nothing to escape, and looking is cheaper than replacing.
    line +=
      value === null
        ? "\\N"
        : /[\\\t\n\r]/.test(value)
          ? value.replace(/[\\\t\n\r]/g, (one) => escapes[one] ?? one)
          : value;
  }
  return `${line}\n`;
}
