// Load: a database with the rows of a scale in it, all visible to everybody and analyzed, as after a quiet night.

import { difference } from "../catalog/difference.ts";
import { takePicture } from "../catalog/picture.ts";
import type { Connection } from "../engine/connection.ts";
import { Fault, messageOf } from "../fault/fault.ts";
import { copyRows } from "../session/copy.ts";
import { quoteIdentifier, quoteLiteral } from "../sql/identifier.ts";
import { loadSql } from "../sql/load.ts";
import { openDraw } from "./draw.ts";
import type { Place, Scale } from "./scale.ts";
import type { Cell, Sheet, Workload } from "./workload.ts";

const indexes = loadSql(import.meta.url, "indexes.sql");
const orphans = loadSql(import.meta.url, "orphans.sql");

interface Index {
  readonly name: string;
  readonly definition: string;
  readonly comment: string | null;
}

interface LoadOptions {
  readonly seed: number;
  /** Hears one line at a time: what is under way, how far, how fast. */
  readonly say: (detail: string) => void;
  /** Looked at between two rows; an aborted one ends the load with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The tables of the workload hold the rows of `scale`, and nothing else has changed. Triggers do not run and foreign keys
 * are checked afterwards. `connection` is a superuser's, outside a transaction.
 * @throws Fault WORKLOAD_REFUSED when the rows do not fit the tables; the database is of no use then.
 */
export async function load(
  connection: Connection,
  { sheets }: Workload,
  scale: Scale,
  { seed, say, signal }: LoadOptions,
): Promise<void> {
  const before = await takePicture(connection);
  const tables = [...new Set(sheets.map(nameOf))];
  await refuseStrangers(connection, sheets);
  await connection.query("set session_replication_role = replica; set maintenance_work_mem = '512MB'");
  try {
    const dropped = await dropIndexes(connection, tables);
    for (const [position, sheet] of sheets.entries()) {
      const count = sheet.rowsOf ?? (({ rows }: Place) => rows);
      const total = scale.places.reduce((sum, place) => sum + count(place), 0);
      const rows = rowsOf(sheet, scale, count, seed + position, signal);
      await fill(connection, sheet, rows, progressOf(sheet, total, say));
    }
    for (const { name, definition, comment } of dropped) {
      signal?.throwIfAborted();
      say(`index ${name}`);
      await connection.query(definition);
      if (comment !== null) await connection.query(`comment on index ${name} is ${quoteLiteral(comment)}`);
    }
  } finally {
    await connection.query("reset session_replication_role; reset maintenance_work_mem");
  }
  for (const table of tables) {
    signal?.throwIfAborted();
    say(`foreign keys of ${table}`);
    await refuseOrphans(connection, table);
    say(`vacuum of ${table}`);
    await connection.query(`vacuum (freeze, analyze) ${table}`);
  }
  const changes = difference(before, await takePicture(connection));
  if (changes.length > 0)
    throw new Fault(
      "BUG",
      `Filling the tables changed the schema: ${changes.map(({ line }) => line).join("; ")}`,
    );
}

async function refuseStrangers(connection: Connection, sheets: readonly Sheet[]): Promise<void> {
  for (const sheet of sheets) {
    const { rows } = await connection.query("select to_regclass($1) is null as missing", [nameOf(sheet)]);
    if (rows[0]?.missing)
      throw new Fault("WORKLOAD_REFUSED", "there is no such table", { where: whereIs(sheet) });
  }
}

/** Without them rows go in several times as fast, and made anew they are as dense as after a REINDEX. */
async function dropIndexes(connection: Connection, tables: readonly string[]): Promise<readonly Index[]> {
  const { rows } = await connection.query<Index>(indexes, [tables]);
  if (rows.length > 0) await connection.query(`drop index ${rows.map(({ name }) => name).join(", ")}`);
  return rows;
}

async function fill(
  connection: Connection,
  sheet: Sheet,
  rows: Iterable<readonly Cell[]>,
  onRows: (count: number) => void,
): Promise<void> {
  const columns = sheet.columns.map(quoteIdentifier).join(", ");
  try {
    await copyRows(connection, `copy ${nameOf(sheet)} (${columns}) from stdin`, rows, onRows);
  } catch (thrown) {
    if (thrown instanceof Fault || !(thrown instanceof Error && "code" in thrown)) throw thrown;
    throw new Fault("WORKLOAD_REFUSED", `its rows are refused: ${messageOf(thrown)}`, {
      where: whereIs(sheet),
      cause: thrown,
    });
  }
}

function* rowsOf(
  sheet: Sheet,
  { places }: Scale,
  count: (place: Place) => number,
  seed: number,
  signal: AbortSignal | undefined,
): Generator<readonly Cell[]> {
  // Tenants grow side by side in a live database: their rows lie among each other's, in proportion.
  const turns = Math.max(1, ...places.map(count));
  const draws = places.map((place) => openDraw(seed * 1_000_003 + place.index));
  const made = places.map(() => 0);
  const steps = Math.min(turns, 1000);
  for (let step = 1; step <= steps; step += 1) {
    signal?.throwIfAborted();
    for (const [index, place] of places.entries()) {
      const upTo = Math.floor((count(place) * step) / steps);
      const draw = draws[index] as (typeof draws)[number];
      for (let n = made[index] ?? 0; n < upTo; n += 1) yield sheet.row(place, n, draw);
      made[index] = upTo;
    }
  }
}

async function refuseOrphans(connection: Connection, table: string): Promise<void> {
  const { rows: keys } = await connection.query<{ name: string; query: string }>(orphans, [table]);
  for (const { name, query } of keys) {
    const { rows } = await connection.query<{ orphans: number }>(query);
    const count = rows[0]?.orphans ?? 0;
    if (count > 0)
      throw new Fault("WORKLOAD_REFUSED", `${count} rows refer to nothing by ${name}`, {
        where: `the workload's sheet of ${table}`,
      });
  }
}

/** Says how far and how fast, four times a second at most. */
function progressOf(sheet: Sheet, total: number, say: (detail: string) => void): (count: number) => void {
  const from = performance.now();
  const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  let said = from;
  return (count) => {
    const now = performance.now();
    if (now - said < 250 && count < total) return;
    said = now;
    const perSecond = (count * 1000) / Math.max(1, now - from);
    say(
      `${sheet.name}: ${number.format(count)} of ${number.format(total)} rows, ${number.format(perSecond)} a second`,
    );
  };
}

function nameOf({ schema, name }: Sheet): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

function whereIs({ schema, name }: Sheet): string {
  return `the workload's sheet of ${schema}.${name}`;
}
