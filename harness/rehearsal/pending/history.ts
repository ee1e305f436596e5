import type { Connection } from "../../engine/connection.ts";
import { exportNames } from "../../migrations/export.ts";
import type { Migration, Plan } from "../../migrations/migration.ts";
import { compareFiles, parseVersion, stemOf } from "../../migrations/version.ts";
import { qualify, quoteIdentifier } from "../../sql/identifier.ts";

/** Where tools keep what they have applied: the table, and the columns that name a migration. */
interface Tool {
  readonly tool: string;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** Which of its rows are of migrations that are in force; default all. */
  readonly where?: string;
}

const histories: readonly Tool[] = [
  {
    tool: "the Supabase CLI",
    schema: "supabase_migrations",
    name: "schema_migrations",
    columns: ["version", "name"],
  },
  {
    tool: "Flyway",
    schema: "public",
    name: "flyway_schema_history",
    columns: ["version", "script"],
    where: "success",
  },
  {
    tool: "Prisma",
    schema: "public",
    name: "_prisma_migrations",
    columns: ["migration_name"],
    where: "finished_at is not null and rolled_back_at is null",
  },
  { tool: "Knex", schema: "public", name: "knex_migrations", columns: ["name"] },
  { tool: "node-pg-migrate", schema: "public", name: "pgmigrations", columns: ["name"] },
  { tool: "graphile-migrate", schema: "graphile_migrate", name: "migrations", columns: ["filename"] },
  {
    tool: "dbmate, Rails or golang-migrate",
    schema: "public",
    name: "schema_migrations",
    columns: ["version"],
  },
];

export interface History {
  /** The table, for people. */
  readonly table: string;
  readonly tool: string;
  readonly entries: number;
  readonly applied: ReadonlySet<Migration>;
}

/** What a table of applied migrations in the database says of the plan; undefined where no tool that we know left one. */
export async function readHistory(connection: Connection, plan: Plan): Promise<History | undefined> {
  for (const { tool, schema, name, columns, where = "true" } of histories) {
    const { rows: present } = await connection.query(
      `select attname::text as name from pg_catalog.pg_attribute where attrelid = pg_catalog.to_regclass($1) and attnum > 0 and not attisdropped`,
      [qualify(schema, name)],
    );
    const there = new Set((present as { name: string }[]).map((column) => column.name));
    const known = columns.filter((column) => there.has(column));
    if (known.length === 0) continue;
    const list = known.map((column) => `coalesce(${quoteIdentifier(column)}::text, '')`);
    const { rows } = await connection.query(
      `select array[${list.join(", ")}] as words from ${qualify(schema, name)} where ${where}`,
    );
    const entries = (rows as { words: string[] }[]).map(({ words }) => words);
    if (entries.length === 0) continue;
    // golang-migrate keeps the last version alone.
    const last = there.has("dirty") && entries.length === 1 ? entries[0]?.[0] : undefined;
    const isApplied = (migration: Migration, index: number) =>
      last === undefined
        ? isIn(migration, exportNames(plan)[index] ?? "", plan, entries)
        : compareFiles(`${parseVersion(migration.file).version}_`, `${last}_`) <= 0;
    return {
      ...{ table: `${schema}.${name}`, tool, entries: entries.length },
      applied: new Set(plan.filter(isApplied)),
    };
  }
  return undefined;
}

/** By its whole name, by the name under which it is exported, or by a version that no other migration has. */
function isIn(
  { file }: Migration,
  exported: string,
  plan: Plan,
  entries: readonly (readonly string[])[],
): boolean {
  const { version, name } = parseVersion(file);
  const alone = plan.filter((other) => parseVersion(other.file).version === version).length === 1;
  const ofExport = parseVersion(exported).version;
  return entries.some((words) => {
    const stems = words.map(stemOf);
    if (stems.includes(stemOf(file)) || stems.includes(stemOf(exported))) return true;
    if (words.includes(ofExport) && (ofExport !== version || alone)) return true;
    if (version !== "" && alone && words.includes(version)) return true;
    return words.includes(version) && stems.includes(name);
  });
}
