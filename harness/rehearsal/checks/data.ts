import type { Proof } from "../../guarantees/proof.ts";
import { confessedIn } from "../../migrations/header.ts";
import type { Plan } from "../../migrations/migration.ts";
import type { DataChange, DataComparison } from "../data/compare.ts";
import type { BrokenKey } from "../data/foreign-keys.ts";
import type { FileRun } from "../watch/facts.ts";
import { toldChange, toldRows } from "./words.ts";

/** No row of the snapshot is gone or another one, but where its migration says that it changes the table's. */
export function judgeData(
  { changes, rows, tables }: DataComparison,
  files: readonly FileRun[],
  plan: Plan,
  proof: Proof,
): void {
  // Nothing was compared where there is nothing.
  proof.held(rows > 0 ? tables : 0);
  if (rows === 0) proof.doubted("the snapshot has no row in any table");
  for (const change of changes) {
    const told = toldChange(change);
    if (told === undefined) {
      if (change.added > 0)
        proof.measured(`${change.table}: ${toldRows(change.added, change.estimated)} came`);
      else proof.broke(`the rows of ${change.table} are others`, `select count(*) from ${change.table};`);
      continue;
    }
    const culprits = culpritsOf(change, files);
    const intended = isIntended(change, culprits, plan);
    if (intended) proof.measured(`as intended, ${told}`);
    else
      proof.broke(
        `${told}${culprits.length > 0 ? ` (${culprits.map(({ where }) => where).join(", ")})` : ""}`,
        culprits.length > 0
          ? culprits.map(({ text }) => `${text};`).join("\n")
          : `select count(*) from ${change.table};`,
      );
  }
}

/** Whether the files that touched the table say so, each for itself and together for all that differs. */
function isIntended(change: DataChange, culprits: readonly Culprit[], plan: Plan): boolean {
  const saidBy = (file: string) =>
    confessedIn(plan.find((migration) => migration.file === file)?.text ?? "", "changes data");
  const files = [...new Set((culprits.length > 0 ? culprits : plan).map(({ file }) => file))];
  const removers = new Set(culprits.filter(({ removes }) => removes).map(({ file }) => file));
  const speaks = (file: string) =>
    saidBy(file).some(
      (said) => said === change.table || (!removers.has(file) && said.startsWith(`${change.table}.`)),
    );
  return isMeant(change, files.flatMap(saidBy)) && (culprits.length === 0 || files.every(speaks));
}

/** The table as a whole is named, or each column that differs, and then no row may be gone. */
function isMeant(change: DataChange, said: readonly string[]): boolean {
  return said.includes(change.table) || isOfColumns(change, said);
}

/** Whether nothing but values of the columns that are named differs: nobody expects a way back to empty them again. */
export function isOfColumns(
  { table, columns, removed, droppedColumns, after }: DataChange,
  said: readonly string[],
): boolean {
  const touched = [...columns, ...droppedColumns];
  return (
    after !== undefined &&
    removed === 0 &&
    touched.length > 0 &&
    touched.every((column) => said.includes(`${table}.${column}`))
  );
}

interface Culprit {
  readonly file: string;
  readonly where: string;
  readonly text: string;
  /** Whether it took rows away. */
  readonly removes: boolean;
}

/** The statements that touched rows of the table, or wrote it anew. */
function culpritsOf({ table, removed }: DataChange, files: readonly FileRun[]): readonly Culprit[] {
  return files.flatMap(({ file, statements }) =>
    statements
      .filter(
        ({ work, rewrites, text }) =>
          work.some((one) => one.table === table && (one.updated > 0 || one.deleted > 0)) ||
          rewrites.includes(table) ||
          (removed > 0 && /^(truncate|drop)\b/i.test(text)),
      )
      .map(({ line, text, work }) => ({
        ...{ file, where: `${file}:${line}`, text },
        removes:
          work.some((one) => one.table === table && one.deleted > 0) || /^(truncate|drop)\b/i.test(text),
      })),
  );
}

/** Every foreign key holds, also for rows that were loaded without checks. */
export function judgeKeys(
  { checked, broken }: { readonly checked: number; readonly broken: readonly BrokenKey[] },
  proof: Proof,
): void {
  proof.held(checked - broken.length);
  for (const { name, table, rows, examples } of broken)
    proof.broke(
      `${toldRows(rows)} of ${table} point${rows === 1 ? "s" : ""} to nothing by ${name}${examples.length > 0 ? `; such as ${examples.join(", ")}` : ""}`,
      `alter table ${table} validate constraint "${name}"; -- after marking it NOT VALID`,
    );
  if (checked === 0) proof.held();
}
