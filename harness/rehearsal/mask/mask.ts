// Masking: every text in a database that was restored is replaced, so that whoever rehearses on it learns nothing of anybody.
// Equal texts become equal ones, in every column, and different ones different: keys, references and joins hold. Lengths,
// punctuation, and which characters are letters, capitals and digits stay, so that checks hold.
// Kept: a column that stays. Word: a value that the schema itself spells out; it stays wherever it is (vocabulary.ts).
//
// auth.users is masked as any other table, raw_app_meta_data too: a tenant's UUID in it stays as every UUID does, a role that
// a policy names is a word, and a tenant's name there becomes what it becomes in the tenant's row; claims keep their meaning.

import type { Address } from "../../engine/cluster.ts";
import { connect } from "../../engine/connection.ts";
import { Fault } from "../../fault/fault.ts";
import { qualify } from "../../sql/identifier.ts";
import { loadSql } from "../../sql/load.ts";
import { maskLargeObjects } from "./large-objects.ts";
import { literalsIn } from "./literals.ts";
import { openMasker } from "./masker.ts";
import { type Kept, type MaskedTable, planMask } from "./plan.ts";
import { countOrphans } from "./references.ts";
import { refusal } from "./refusal.ts";
import { discardVersions, rewriteTable, type Sessions } from "./rewrite.ts";
import { makeVocabulary, type Vocabulary } from "./vocabulary.ts";

export interface MaskOptions {
  /** A secret: random for every run, and kept nowhere. */
  readonly key: string;
  /** Columns that stay, as schema.table.column; those of partitions by the partitioned table. */
  readonly keep?: readonly string[] | undefined;
  /** Hears one line at a time: what is under way, and how far. */
  readonly say: (detail: string) => void;
  /** An aborted one ends the masking with its reason; the database is of no use then. */
  readonly signal?: AbortSignal | undefined;
}

export interface Masked {
  /** schema.table.column, in order; those of partitions by the partitioned table. */
  readonly masked: readonly string[];
  /** Every other column, and why it stays. */
  readonly kept: readonly Kept[];
  /** Rows of the tables that were masked. */
  readonly rows: number;
}

const expressions = loadSql(import.meta.url, "queries/expressions.sql");
const names = loadSql(import.meta.url, "queries/names.sql");
const views = loadSql(import.meta.url, "queries/materialized-views.sql");

/** Whatever else a database or a role sets, text is written as it is read. */
const settings = `
  set session_replication_role = replica; set statement_timeout = 0; set lock_timeout = 0;
  set idle_in_transaction_session_timeout = 0; set row_security = off; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres';
  set extra_float_digits = 1; set bytea_output = 'hex'; set xmloption = 'content'; set maintenance_work_mem = '256MB'`;

/**
 * No text of before is left in the database: not in its tables, its old row versions, its indexes, its materialized views
 * or its statistics, which are new. No trigger has run. `superuser` is a superuser's address of a database that nobody else uses.
 * @throws Fault CONFIG_INVALID when `keep` names a column that is not there, when a constraint refuses what a value would be
 * replaced by, or when the database's encoding is not UTF8; NO_SPACE; BUG when a reference does not hold any more. None of
 * them quotes a row, and the database is of no use then.
 */
export async function maskDatabase(superuser: Address, options: MaskOptions): Promise<Masked> {
  await using reader = await connect(superuser, { applicationName: "tenantproof mask reader" });
  await using writer = await connect(superuser, { applicationName: "tenantproof mask" });
  for (const connection of [reader, writer]) await connection.query(settings);
  await refuseEncoding(writer);

  const plan = await planMask(writer, options.keep ?? []);
  const masker = openMasker(options.key, await readVocabulary(writer));
  const orphans = await guarded("foreign keys", () => countOrphans(writer, plan.references));
  let rows = 0;
  for (const table of plan.tables) {
    options.signal?.throwIfAborted();
    rows += await guarded(nameOf(table), () =>
      rewriteTable({ reader, writer }, table, {
        masker,
        onRows: progressOf(table, options.say),
        signal: options.signal,
      }),
    );
  }
  options.signal?.throwIfAborted();
  await guarded("large objects", () => maskLargeObjects(writer, masker));
  await refreshViews(writer, options);
  const orphansNow = await guarded("foreign keys", () => countOrphans(writer, plan.references));
  const broken = plan.references.filter((_, index) => orphans[index] !== orphansNow[index]);
  if (broken.length > 0)
    throw new Fault("BUG", `masking has broken a reference: ${broken.map(({ name }) => name).join(", ")}`);
  options.say("statistics");
  await renewStatistics(writer);
  return { masked: plan.masked, kept: plan.kept, rows };
}

async function refuseEncoding(writer: Sessions["writer"]): Promise<void> {
  const { rows } = await writer.query<{ server_encoding: string }>("show server_encoding");
  const encoding = rows[0]?.server_encoding;
  if (encoding !== "UTF8")
    throw new Fault("CONFIG_INVALID", `a database in ${encoding} cannot be masked, only one in UTF8`, {
      hint: "Rehearse without masking, or restore the snapshot into a database in UTF8.",
    });
}

async function readVocabulary(writer: Sessions["writer"]): Promise<Vocabulary> {
  const { rows } = await writer.query<{ sql: string | null }>(expressions);
  const { rows: named } = await writer.query<{ name: string }>(names);
  return makeVocabulary(
    rows.flatMap(({ sql }) => literalsIn(sql ?? "")),
    named.map(({ name }) => name),
  );
}

/** Materialized views hold the rows they were made of, in their order of making: one may read another. */
async function refreshViews(writer: Sessions["writer"], { say, signal }: MaskOptions): Promise<void> {
  const { rows } = await writer.query<{ schema: string; name: string }>(views);
  for (const view of rows) {
    signal?.throwIfAborted();
    say(`${nameOf(view)}: refreshed`);
    await guarded(nameOf(view), () =>
      writer.query(`refresh materialized view ${qualify(view.schema, view.name)}`),
    );
  }
}

const statistics = ["pg_catalog.pg_statistic", "pg_catalog.pg_statistic_ext_data"];
/** Where the OIDs of what users make begin. */
const firstUserOid = 16384;

/** They hold the most common values, also of columns that ANALYZE is told to pass over. */
async function renewStatistics(writer: Sessions["writer"]): Promise<void> {
  await writer.query(`delete from pg_catalog.pg_statistic where starelid >= ${firstUserOid}`);
  await writer.query("delete from pg_catalog.pg_statistic_ext_data");
  await writer.query("analyze");
  for (const catalog of statistics) await discardVersions(writer, catalog);
}

/** What `work` answers; an error of the server in it says nothing of any row. */
async function guarded<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw refusal(thrown, where);
  }
}

function nameOf({ schema, name }: Pick<MaskedTable, "schema" | "name">): string {
  return `${schema}.${name}`;
}

const betweenLinesMs = 250;

function progressOf(table: MaskedTable, say: (detail: string) => void): (count: number) => void {
  const number = new Intl.NumberFormat("en-US");
  let said = 0;
  return (count) => {
    const now = performance.now();
    if (now - said < betweenLinesMs) return;
    said = now;
    say(`${nameOf(table)}: ${number.format(count)} rows masked`);
  };
}
