import type { Address } from "../engine/cluster.ts";
import { connect } from "../engine/connection.ts";
import { readStoredTables } from "./data/stored-tables.ts";

/** As after a quiet night: every table is vacuumed and analyzed, by two sessions, the largest first. */
export async function settle(
  superuser: Address,
  signal: AbortSignal,
): Promise<{ readonly tables: number; readonly rows: number }> {
  await using first = await connect(superuser);
  await using second = await connect(superuser);
  const { rows: sized } = await first.query<{ name: string }>(`
    select pg_catalog.format('%I.%I', namespace.nspname, class.relname) as name
    from pg_catalog.pg_class as class
    join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.relkind in ('r', 'm') and namespace.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    order by pg_catalog.pg_relation_size(class.oid) desc`);
  const waiting = sized.map(({ name }) => name);
  const work = async (connection: typeof first) => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      signal.throwIfAborted();
      await connection.query(`vacuum (analyze) ${name}`);
    }
  };
  await Promise.all([work(first), work(second)]);
  const tables = await readStoredTables(first);
  const { rows } = await first.query<{ rows: number }>(`
    select coalesce(sum(greatest(class.reltuples, 0)), 0)::float8 as rows
    from pg_catalog.pg_class as class
    join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
    where class.relkind = 'r' and namespace.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`);
  return { tables: tables.length, rows: Math.round(rows[0]?.rows ?? 0) };
}
