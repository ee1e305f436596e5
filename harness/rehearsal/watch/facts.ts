// Old table: one that the snapshot has; what a migration does to its own new tables holds nobody up.
// Told error: what may be said of an error or a notice: no value of a row.

/** A table or materialized view of the snapshot, by its OID: clones keep it, and a rename does not change it. */
export interface OldTable {
  readonly oid: number;
  /** schema.table, quoted where SQL wants it. */
  readonly name: string;
  /** As the planner estimates. */
  readonly rows: number;
}

/** One lock that a statement took on an old table or one of its indexes. */
export interface LockHeld {
  readonly table: string;
  /** The index that is locked, where it is not the table itself. */
  readonly index?: string;
  /** As pg_locks names it: AccessExclusiveLock. */
  readonly mode: string;
  /** From its grant to the end of the transaction; milliseconds. */
  readonly heldMs: number;
  /** How long the migration itself waited for it; milliseconds, 0 where it did not. */
  readonly waitedMs: number;
}

/** What a statement did to the rows of an old table. */
export interface RowWork {
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** A whole reading of an old table. */
export interface Scan {
  readonly table: string;
  /** Rows read by scans of the table, one after the other. */
  readonly rows: number;
  /** The strongest lock on it that was held meanwhile and holds others up; absent where none was. */
  readonly under?: string;
}

export interface StatementRun {
  /** From 1, in the file. */
  readonly line: number;
  /** Its beginning, in one line, without values of rows. */
  readonly text: string;
  readonly elapsedMs: number;
  readonly locks: readonly LockHeld[];
  /** Old tables and indexes that were written anew. */
  readonly rewrites: readonly string[];
  readonly scans: readonly Scan[];
  readonly work: readonly RowWork[];
  readonly walBytes: number;
  /** From its beginning to the end of its transaction; absent where it began and ended several itself. */
  readonly untilCommitMs?: number;
}

export interface ToldError {
  readonly sqlstate: string;
  readonly what: string;
  /** file:line:column. */
  readonly where?: string;
}

/** Somebody who waited because the migration held or wanted a lock. */
export interface Waiter {
  /** The application's name as the server knows it. */
  readonly application: string;
  readonly pid: number;
  /** The table whose lock is waited for; "a row" where it is a row's or a transaction's. */
  readonly table: string;
  readonly mode: string;
  readonly waitedMs: number;
  /** The line of the statement under way when the wait began. */
  readonly line?: number;
}

/** One file as it ran. */
export interface FileRun {
  readonly file: string;
  readonly outcome: "applied" | "failed";
  readonly error?: ToldError;
  readonly elapsedMs: number;
  readonly statements: readonly StatementRun[];
  readonly notices: readonly string[];
  readonly waiters: readonly Waiter[];
  readonly walBytes: number;
  /** How much the database grew; may be negative. */
  readonly diskBytes: number;
  /** Whether the runbook's statements were run and the file once more. */
  readonly remedied?: { readonly statements: readonly string[]; readonly first: ToldError };
}
