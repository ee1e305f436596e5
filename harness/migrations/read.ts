import { type Dirent, existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Fault, messageOf } from "../fault/fault.ts";
import { mergeFaults } from "./faults.ts";
import type { Migration } from "./migration.ts";
import { readScript, type Script } from "./script.ts";
import { parseVersion, stemOf } from "./version.ts";

/**
 * The migrations in `folder`, in no order that matters. Sub-folders, hidden files, seeds and what is not .sql are
 * ignored; a migration's rollback is `rollback/<same name>`, or `<name>.down.sql` beside `<name>.up.sql`.
 * @throws Fault MIGRATIONS_UNREADABLE, SQL_SYNTAX or MIGRATION_HEADER; all bad files are told together.
 */
export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const files = await listFiles(folder);
  const migrations: Migration[] = [];
  const faults: Fault[] = [];
  for (const file of files) {
    try {
      migrations.push(await readMigration(folder, file));
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      faults.push(thrown);
    }
  }
  if (faults.length === 0) faults.push(...silentTransactions(migrations));
  if (faults.length > 0) throw mergeFaults(faults);
  return migrations;
}

async function readMigration(folder: string, file: string): Promise<Migration> {
  const script = await readScript(join(folder, file));
  const rollback = [join("rollback", file), file.replace(/\.up\.sql$/i, ".down.sql")].find(
    (path) => path !== file && existsSync(join(folder, path)),
  );
  return {
    ...script,
    title:
      parseVersion(file)
        .name.replaceAll(/[_\s-]+/g, " ")
        .trim() || stemOf(file),
    rollback: rollback === undefined ? undefined : await readScript(join(folder, rollback), rollback),
  };
}

async function listFiles(folder: string): Promise<readonly string[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw new Fault("MIGRATIONS_UNREADABLE", `The migrations cannot be read: ${messageOf(cause)}`, {
      where: folder,
      cause,
    });
  }
  const files: string[] = [];
  for (const entry of entries) {
    if (isMigrationName(entry.name) && (await isFile(folder, entry))) files.push(entry.name);
  }
  if (files.length > 0) return files;
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const hint =
    folders.length === 0 ? undefined : `Name one of its folders, if they are there: ${folders.join(", ")}.`;
  throw new Fault("MIGRATIONS_UNREADABLE", `${basename(folder)} holds no .sql files.`, {
    where: folder,
    hint,
  });
}

function isMigrationName(name: string): boolean {
  return /\.sql$/i.test(name) && !/^\.|^seeds?\.sql$|\.down\.sql$/i.test(name);
}

async function isFile(folder: string, entry: Dirent): Promise<boolean> {
  // A link that leads nowhere is kept: reading it names the file.
  if (!entry.isSymbolicLink()) return entry.isFile();
  const path = join(folder, entry.name);
  return !existsSync(path) || (await stat(path)).isFile();
}

// A folder that uses headers says there what each file does. Other projects' folders have none: the statements decide.
function silentTransactions(migrations: readonly Migration[]): Fault[] {
  if (!migrations.some(({ header }) => header.present)) return [];
  return migrations.flatMap(({ rollback, ...script }) =>
    [script, rollback].filter((each) => each !== undefined).flatMap(silentTransaction),
  );
}

function silentTransaction({ file, header, statements }: Script): Fault[] {
  const control = statements.find((statement) => statement.control);
  if (control === undefined || header.ownTransaction) return [];
  const what = `${file} begins or ends a transaction, but its header does not say so.`;
  const where = `${file}:${control.start.line}:${control.start.column}`;
  const hint = "Add the line '-- transaction: own' at the top of the file, or remove BEGIN and COMMIT.";
  return [new Fault("MIGRATION_HEADER", what, { where, hint })];
}
