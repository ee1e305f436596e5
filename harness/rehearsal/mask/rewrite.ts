// Rewrite: a table is read and written anew at once: the rows as they were leave by one session, and come back masked by
// another, which has deleted them. So the new values meet no old ones in a unique key, whatever their order, as they would
// in an UPDATE; and nothing has to be stored between.

import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import type { Connection } from "../../engine/connection.ts";
import { Fault } from "../../fault/fault.ts";
import { qualify, quoteIdentifier } from "../../sql/identifier.ts";
import { maskValue } from "./form.ts";
import { editLines } from "./lines.ts";
import type { Masker } from "./masker.ts";
import type { MaskedTable } from "./plan.ts";

export interface Sessions {
  readonly reader: Connection;
  /** A replica's session, so that no trigger fires and no key is followed. */
  readonly writer: Connection;
}

interface RewriteOptions {
  readonly masker: Masker;
  readonly onRows: (count: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * How many rows the table has; all of them are masked, in the order they were in, and their old versions are gone.
 * @throws the server's error, whose text may quote a row; then the table is as it was, but for its triggers.
 */
export async function rewriteTable(
  sessions: Sessions,
  table: MaskedTable,
  options: RewriteOptions,
): Promise<number> {
  const { writer } = sessions;
  const name = qualify(table.schema, table.name);
  const { rows } = await writer.query<{ filled: boolean }>(
    `select exists (select from only ${name}) as filled`,
  );
  if (!rows[0]?.filled) return 0;
  // Not inside the transaction: these take locks that the reader would wait for.
  for (const { name: trigger } of table.triggers)
    await writer.query(`alter table ${name} disable trigger ${quoteIdentifier(trigger)}`);
  if (table.lacksIdentity) await writer.query(`alter table ${name} replica identity full`);
  const count = await replaceRows(sessions, table, name, options);
  if (table.lacksIdentity)
    await writer.query(
      `alter table ${name} replica identity ${table.wantsNoIdentity ? "nothing" : "default"}`,
    );
  for (const { name: trigger, when } of table.triggers)
    await writer.query(`alter table ${name} enable ${when} trigger ${quoteIdentifier(trigger)}`);
  await discardVersions(writer, name);
  return count;
}

async function replaceRows(
  sessions: Sessions,
  table: MaskedTable,
  name: string,
  options: RewriteOptions,
): Promise<number> {
  const { writer } = sessions;
  await writer.query("begin");
  try {
    const { rowCount } = await writer.query(`delete from only ${name}`);
    const written = await stream(sessions, table, name, options);
    if (written !== rowCount)
      throw new Fault("BUG", `masking ${table.schema}.${table.name} has changed how many rows it has`);
    await writer.query("commit");
    return written;
  } catch (thrown) {
    await writer.query("rollback").catch(() => {});
    throw options.signal?.aborted ? options.signal.reason : thrown;
  }
}

/** How many rows went from the reader's COPY through the masker into the writer's. */
async function stream(
  { reader, writer }: Sessions,
  { columns }: MaskedTable,
  name: string,
  { masker, onRows, signal }: RewriteOptions,
): Promise<number> {
  const list = columns.map((column) => quoteIdentifier(column.name)).join(", ");
  const edits = columns.map(({ form }) => form && ((value: string) => maskValue(value, form, masker)));
  const pid = await pidOf(reader);
  const source = reader.query(copyTo(`copy ${name} (${list}) to stdout`));
  const target = writer.query(copyFrom(`copy ${name} (${list}) from stdin`));
  const ended = new Promise<void>((resolve) => {
    source.once("close", resolve);
    source.once("error", () => resolve());
  });
  try {
    const chunks = source.iterator({ destroyOnReturn: false });
    await pipeline(editLines(chunks, edits, onRows), target, { ...(signal && { signal }) });
  } catch (thrown) {
    // The reader is left in the middle of its COPY, and nobody could close it there.
    await writer.query("rollback").catch(() => {});
    await writer.query("select pg_catalog.pg_cancel_backend($1)", [pid]).catch(() => {});
    source.resume();
    await ended;
    throw thrown;
  }
  return target.rowCount;
}

async function pidOf(connection: Connection): Promise<number> {
  const { rows } = await connection.query<{ pid: number }>("select pg_catalog.pg_backend_pid() as pid");
  return rows[0]?.pid as number;
}

const mostTries = 50;
const betweenTriesMs = 200;

/**
 * The table, its indexes and what is stored beside it are in new files that hold the present rows only. VACUUM FULL takes
 * along what a session elsewhere might still see; it says so, and is tried again.
 */
export async function discardVersions(writer: Connection, name: string): Promise<void> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    let left = 0;
    const listen = ({ detail = "" }: { detail?: string | undefined }) => {
      left += Number(/^(\d+) dead row versions cannot be removed yet/.exec(detail)?.[1] ?? 0);
    };
    writer.on("notice", listen as never);
    try {
      await writer.query(`vacuum (full, verbose) ${name}`);
    } finally {
      writer.off("notice", listen as never);
    }
    if (left === 0) return;
    await sleep(betweenTriesMs);
  }
  throw new Fault(
    "BUG",
    `somebody uses the database that is masked: old rows of ${name} cannot be discarded`,
  );
}
