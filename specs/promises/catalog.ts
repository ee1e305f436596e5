import { sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";

/** A column as a promise states it: name, type (undefined: any), and nullability when the promise speaks of it. */
type PromisedColumn = readonly [name: string, type: string | undefined, nullability?: "null" | "not null"];

/** The table has these columns, each as promised, and no other. */
export async function columnsOf(
  trial: Trial,
  table: string,
  promised: readonly PromisedColumn[],
): Promise<void> {
  const query = sql`select a.attname::text as name, pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
        case when a.attnotnull then 'not null' else 'null' end as nullability
      from pg_catalog.pg_attribute a
      where a.attrelid = pg_catalog.to_regclass(${`public.${table}`}) and a.attnum > 0 and not a.attisdropped
      order by a.attnum`;
  const { rows, repeat } = await trial.asks<{ name: string; type: string; nullability: string }>(query);
  const found = new Map(rows.map((row) => [row.name, row]));
  for (const [name, type, nullability] of promised) {
    const column = found.get(name);
    trial.proof.weigh(column !== undefined, `public.${table} has no column ${name}`, repeat);
    if (column === undefined) continue;
    if (type !== undefined)
      trial.proof.weigh(
        column.type === type.replace(/^public\./, "") || column.type === type,
        `public.${table}.${name} is ${column.type}, not ${type}`,
        repeat,
      );
    if (nullability !== undefined)
      trial.proof.weigh(
        column.nullability === nullability,
        `public.${table}.${name} is ${column.nullability}, not ${nullability}`,
        repeat,
      );
  }
  const names = new Set(promised.map(([name]) => name));
  const extra = [...found.keys()].filter((name) => !names.has(name));
  trial.proof.weigh(
    extra.length === 0,
    `public.${table} has columns beyond the promise: ${extra.join(", ")}`,
    repeat,
  );
}

/** The enum has these labels in this order. */
export async function enumLabels(trial: Trial, type: string, labels: readonly string[]): Promise<void> {
  await trial.finds(
    `public.${type} has the labels ${labels.join(", ")}`,
    sql`select coalesce(json_agg(e.enumlabel order by e.enumsortorder), '[]') as labels
        from pg_catalog.pg_enum e where e.enumtypid = pg_catalog.to_regtype(${`public.${type}`})`,
    [{ labels }],
  );
}

interface PromisedIndexes {
  readonly atLeast: number;
  /** The first column of each that counts. */
  readonly leading?: string;
  /** A key column of each that counts. */
  readonly containing?: string;
  /** Only those with at least so many key columns count. */
  readonly columns?: number;
  /** Only those whose last column is sorted downwards count. */
  readonly descending?: boolean;
  /** Only those with this WHERE count; null: only those without any WHERE. */
  readonly predicate?: string | null;
}

/** The table has at least so many valid idx_ indexes of the promised kind. */
export async function indexesOf(trial: Trial, table: string, promised: PromisedIndexes): Promise<void> {
  const query = sql`select i.relname::text as name, (x.indoption[x.indnkeyatts - 1] & 1) = 1 as descending,
        pg_catalog.pg_get_expr(x.indpred, x.indrelid) as predicate,
        array(select pg_catalog.pg_get_indexdef(i.oid, n, true) from pg_catalog.generate_series(1, x.indnkeyatts) n) as columns
      from pg_catalog.pg_index x
      join pg_catalog.pg_class i on i.oid = x.indexrelid
      where x.indrelid = pg_catalog.to_regclass(${`public.${table}`})
        and x.indisvalid and i.relname like 'idx\_%'
      order by 1`;
  const { rows, repeat } = await trial.asks<{
    name: string;
    descending: boolean;
    predicate: string | null;
    columns: string[];
  }>(query);
  const counting = rows.filter(
    ({ columns, predicate, descending }) =>
      (promised.leading === undefined || columns[0] === promised.leading) &&
      (promised.containing === undefined || columns.includes(promised.containing)) &&
      columns.length >= (promised.columns ?? 1) &&
      (!promised.descending || descending) &&
      (promised.predicate === undefined ||
        (promised.predicate === null ? predicate === null : predicate === `(${promised.predicate})`)),
  );
  // The same index twice is one.
  const distinct = new Set(counting.map(({ columns, predicate }) => `${columns.join()} ${predicate}`));
  trial.proof.weigh(
    distinct.size >= promised.atLeast,
    `public.${table} has ${distinct.size} different indexes of the promised kind, not ${promised.atLeast}: ${
      counting.map(({ name }) => name).join(", ") || "none"
    }`,
    repeat,
  );
}
