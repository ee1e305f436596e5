import type { Proof } from "../../guarantees/proof.ts";
import { confessedIn } from "../../migrations/header.ts";
import type { Plan } from "../../migrations/migration.ts";
import type { FileRun, LockHeld, OldTable, StatementRun } from "../watch/facts.ts";
import { heldUpBy, sqlMode, strongestOf } from "../watch/lock-modes.ts";
import { toldMs } from "./words.ts";

/** A table of so few rows is read or written anew before anybody notices. */
const smallTableRows = 1_000;

interface Ground {
  readonly plan: Plan;
  readonly tables: readonly OldTable[];
  readonly maxStallMs: number;
}

/** No statement holds anybody up for long, and none reads or rewrites a whole table while it holds others up. */
export function judgeLocks(files: readonly FileRun[], ground: Ground, proof: Proof): void {
  for (const file of files)
    for (const statement of file.statements) {
      const where = `${file.file}:${statement.line}`;
      judgeHolding(where, statement, ground, proof);
      judgeReading(where, file, statement, ground, proof);
      judgeRowLocks(where, statement, ground, proof);
      proof.held();
    }
}

/** One finding a table: the strongest lock that is held too long. */
function judgeHolding(where: string, statement: StatementRun, { maxStallMs }: Ground, proof: Proof): void {
  const long = statement.locks.filter(({ mode, heldMs }) => heldUpBy(mode) && heldMs >= maxStallMs);
  for (const table of new Set(long.map((lock) => lock.table))) {
    const locks = long.filter((lock) => lock.table === table);
    const mode = strongestOf(locks.map((lock) => lock.mode)) ?? "";
    const { heldMs } = locks.find((lock) => lock.mode === mode) as LockHeld;
    proof.broke(
      `${where} holds ${heldUpBy(mode)} of ${table} up for ${toldMs(heldMs)} (${sqlMode(mode)} from its grant to the commit)`,
      `${statement.text};`,
    );
  }
}

/** A rewrite is one whatever its lock; a scan counts where it goes on under a lock that holds others up. */
function judgeReading(
  where: string,
  file: FileRun,
  statement: StatementRun,
  { plan, tables, maxStallMs }: Ground,
  proof: Proof,
): void {
  const script = plan.find((migration) => migration.file === file.file);
  const accepted = script ? confessedIn(script.text, "access exclusive") : [];
  const rowsOf = (name: string) => tables.find((table) => table.name === name)?.rows ?? 0;
  for (const table of statement.rewrites) {
    if (rowsOf(table) <= smallTableRows || accepted.includes(table)) continue;
    proof.broke(
      `${where} writes all of ${table} anew, about ${count(rowsOf(table))} rows, and holds readers and writers up meanwhile (${toldMs(statement.elapsedMs)} here)`,
      `${statement.text};`,
    );
  }
  for (const { table, rows, under } of statement.scans) {
    if (under === undefined || statement.rewrites.includes(table) || accepted.includes(table)) continue;
    // Half of it: estimates are no counts, and a LIMIT ends early.
    if (rows <= smallTableRows || rows < rowsOf(table) / 2) continue;
    proof.broke(
      `${where} reads all of ${table}, ${count(rows)} rows, under ${sqlMode(under)}, which holds ${heldUpBy(under)} up meanwhile (${toldMs(statement.elapsedMs)} here${statement.elapsedMs < maxStallMs ? ", more on a busy disk" : ""})`,
      `${statement.text};`,
    );
  }
}

/** Whoever wants one of the rows waits until the transaction is over. */
function judgeRowLocks(where: string, statement: StatementRun, { maxStallMs }: Ground, proof: Proof): void {
  const { untilCommitMs } = statement;
  if (untilCommitMs === undefined || untilCommitMs < maxStallMs) return;
  for (const { table, updated, deleted } of statement.work) {
    const rows = updated + deleted;
    // Rows of one short statement are locked as long, but nobody is likely to want one of a handful.
    if (rows < smallTableRows) continue;
    proof.broke(
      `${where} keeps ${count(rows)} rows of ${table} locked for ${toldMs(untilCommitMs)}, until its transaction is over`,
      `${statement.text};`,
    );
  }
}

function count(rows: number): string {
  return Math.round(rows).toLocaleString("en-US");
}
