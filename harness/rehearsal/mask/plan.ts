// Plan: which columns are replaced in which tables, and which stay for what reason.
// Whole: the table that a partition is a part of, by whose name its columns are known; of any other table, itself.

import type { Connection } from "../../engine/connection.ts";
import { Fault } from "../../fault/fault.ts";
import { loadSql } from "../../sql/load.ts";
import type { Form } from "./form.ts";
import { type Reference, readReferences } from "./references.ts";
import { readTypes } from "./types.ts";

const query = loadSql(import.meta.url, "queries/tables.sql");

export interface Kept {
  /** schema.table.column. */
  readonly column: string;
  readonly why: string;
}

/** A table that holds rows itself, with what it takes to write them anew. */
export interface MaskedTable {
  readonly schema: string;
  readonly name: string;
  /** Every column that can be written, in order; with a form where it is replaced. */
  readonly columns: readonly { readonly name: string; readonly form: Form | undefined }[];
  readonly lacksIdentity: boolean;
  readonly wantsNoIdentity: boolean;
  /** Those that would fire even in a replica's session. */
  readonly triggers: readonly { readonly name: string; readonly when: "always" | "replica" }[];
}

export interface Plan {
  readonly tables: readonly MaskedTable[];
  /** Foreign keys with a column that is replaced. */
  readonly references: readonly Reference[];
  readonly masked: readonly string[];
  readonly kept: readonly Kept[];
}

interface Row extends Omit<MaskedTable, "columns"> {
  readonly kind: "table" | "partitioned" | "foreign";
  readonly wholeSchema: string;
  readonly wholeName: string;
  readonly extension: string | null;
  readonly columns: readonly ColumnRow[] | null;
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly generated: boolean;
  readonly isKey: boolean;
}

/** What would be replaced with these columns kept. @throws Fault CONFIG_INVALID when `keep` names what is not there. */
export async function planMask(connection: Connection, keep: readonly string[]): Promise<Plan> {
  const { rows } = await connection.query<Row>(query);
  const references = await readReferences(connection);
  const treat = await readTypes(connection);
  const known = new Set(rows.flatMap((row) => (row.columns ?? []).map((column) => keyOf(row, column))));
  refuseUnknown(keep, known);

  const whys = new Map<string, string>();
  const forms = new Map<string, Form>();
  for (const row of rows)
    for (const column of row.columns ?? []) {
      const key = keyOf(row, column);
      const treatment = treat(column.type);
      const why = whyTable(row) ?? whyColumn(column, keep.includes(key));
      if ("stays" in treatment) whys.set(key, why ?? treatment.stays);
      else if (why === undefined) forms.set(key, treatment.form);
      else whys.set(key, why);
    }
  followReferences(references, forms, whys);

  const formOf = (row: Row, column: ColumnRow) => {
    const key = keyOf(row, column);
    return whys.has(key) ? undefined : forms.get(key);
  };
  const tables = rows
    .filter((row) => row.kind === "table")
    .map((row) => ({
      ...row,
      columns: (row.columns ?? [])
        .filter(({ generated }) => !generated)
        .map((column) => ({ name: column.name, form: formOf(row, column) })),
    }))
    .filter(({ columns }) => columns.some(({ form }) => form !== undefined));
  const masked = [...forms.keys()].filter((key) => !whys.has(key));
  return {
    tables,
    references: references.filter(({ pairs }) => pairs.some(([child]) => masked.includes(child))),
    masked,
    kept: [...whys].map(([column, why]) => ({ column, why })),
  };
}

function keyOf(row: Row, column: ColumnRow): string {
  return `${row.wholeSchema}.${row.wholeName}.${column.name}`;
}

function refuseUnknown(keep: readonly string[], known: ReadonlySet<string>): void {
  const unknown = keep.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new Fault("CONFIG_INVALID", `there is no such column to keep unmasked: ${unknown.join(", ")}`, {
    hint: "Name columns as schema.table.column; those of partitions by the partitioned table.",
  });
}

/** Where tools write down what they have applied. */
const histories: ReadonlySet<string> = new Set([
  ...["schema_migrations", "migrations", "seed_files", "flyway_schema_history", "_prisma_migrations"],
  ...["__drizzle_migrations", "knex_migrations", "knex_migrations_lock", "pgmigrations", "alembic_version"],
  ...["goose_db_version", "ar_internal_metadata", "databasechangelog", "databasechangeloglock"],
  ...["django_migrations", "schema_version", "__efmigrationshistory", "sequelizemeta", "kysely_migration"],
]);

function whyTable({ kind, name, extension }: Row): string | undefined {
  if (kind === "foreign") return "the rows are another server's";
  if (extension !== null) return `the table is the extension ${extension}'s`;
  return histories.has(name.toLowerCase()) ? "the table says which migrations were applied" : undefined;
}

function whyColumn({ generated, isKey }: ColumnRow, wanted: boolean): string | undefined {
  if (wanted) return "the configuration keeps it";
  if (isKey) return "it decides which partition a row is in";
  return generated ? "it is computed anew from the others" : undefined;
}

/** Two columns that refer to each other are replaced both, or neither. */
function followReferences(
  references: readonly Reference[],
  forms: ReadonlyMap<string, Form>,
  whys: Map<string, string>,
): void {
  const pairs = references.flatMap((reference) => reference.pairs);
  for (let before = -1; before !== whys.size; ) {
    before = whys.size;
    for (const [child, parent] of pairs) {
      if (whys.has(parent) && forms.has(child) && !whys.has(child))
        whys.set(child, `it refers to ${parent}, which stays`);
      if (whys.has(child) && forms.has(parent) && !whys.has(parent))
        whys.set(parent, `${child} refers to it and stays`);
    }
  }
}
