// Ledger: what each statement of a file did, and how long its locks were held, which is known once its transaction ends.

import type { Statement } from "../../sql/statements.ts";
import type { LockHeld, RowWork, Scan, StatementRun } from "./facts.ts";
import { heldUpBy, strongestOf } from "./lock-modes.ts";
import type { LockSampler } from "./lock-sampler.ts";
import type { OldTables } from "./old-tables.ts";
import { beginningOf } from "./told.ts";

/** What a session holds and has done at one moment. */
export interface Mark {
  readonly locks: readonly {
    readonly oid: number;
    readonly tableOid: number;
    readonly index: string | null;
    readonly mode: string;
  }[];
  readonly work: ReadonlyMap<
    number,
    {
      readonly scanned: number;
      readonly inserted: number;
      readonly updated: number;
      readonly deleted: number;
    }
  >;
  readonly files: ReadonlyMap<number, number | null>;
  /** Bytes. */
  readonly wal: number;
}

interface Entry {
  readonly before: Mark;
  readonly after: Mark;
  /** By performance.now(). */
  readonly startedAt: number;
  readonly endedAt: number;
}

interface Open {
  readonly statement: Statement;
  readonly entry: Entry;
}

export class Ledger {
  private readonly done: StatementRun[] = [];
  private open: Open[] = [];

  constructor(
    private readonly tables: OldTables,
    private readonly sampler: LockSampler,
  ) {}

  /** Those whose transactions have ended. */
  get statements(): readonly StatementRun[] {
    return this.done;
  }

  /** A statement has been run; its transaction may go on. */
  enter(statement: Statement, entry: Entry): void {
    this.open.push({ statement, entry });
  }

  /** The transaction has ended at that time, and with it every lock. */
  endTransaction(at: number): void {
    const seen = this.sampler.takeLocks();
    for (const { statement, entry } of this.open) {
      const { before, after, startedAt, endedAt } = entry;
      const held = new Set(before.locks.map(({ oid, mode }) => `${oid} ${mode}`));
      const fromSession = after.locks.filter(({ oid, mode }) => !held.has(`${oid} ${mode}`));
      // What runs outside a transaction has let go by the time that it can be asked.
      const locks = fromSession.length > 0 || before.locks.length > 0 ? fromSession : seenDuring(seen, entry);
      this.done.push({
        line: statement.start.line,
        text: beginningOf(statement.text),
        elapsedMs: endedAt - startedAt,
        locks: locks.flatMap((lock) => this.lockHeld(lock, { seen, startedAt, endedAt, at })),
        rewrites: this.rewrites(before, after),
        scans: this.scans(before, after),
        work: this.work(before, after),
        walBytes: after.wal - before.wal,
        untilCommitMs: at - startedAt,
      });
    }
    this.open = [];
  }

  private lockHeld(
    { tableOid, index, mode }: Mark["locks"][number],
    {
      seen,
      startedAt,
      endedAt,
      at,
    }: {
      readonly seen: ReturnType<LockSampler["takeLocks"]>;
      readonly startedAt: number;
      readonly endedAt: number;
      readonly at: number;
    },
  ): LockHeld[] {
    const table = this.tables.get(tableOid);
    if (table === undefined) return [];
    const sighting = seen.find((one) => one.oid === tableOid && one.mode === mode);
    const waitedMs = sighting?.waitedMs ?? 0;
    // It was granted within the statement: at the beginning unless it was waited for, or seen to come later.
    const from = Math.min(
      Math.max(startedAt + waitedMs, waitedMs > 0 ? (sighting?.grantedAt ?? 0) : 0),
      endedAt,
    );
    return [{ table: table.name, ...(index !== null && { index }), mode, heldMs: at - from, waitedMs }];
  }

  private rewrites(before: Mark, after: Mark): string[] {
    return [...before.files].flatMap(([oid, file]) => {
      const name = this.tables.nameOf(oid);
      const now = after.files.get(oid);
      return name !== undefined && now !== undefined && now !== file ? [name] : [];
    });
  }

  private scans(before: Mark, after: Mark): Scan[] {
    return this.tables.all.flatMap(({ oid, name }) => {
      const rows = (after.work.get(oid)?.scanned ?? 0) - (before.work.get(oid)?.scanned ?? 0);
      if (rows <= 0) return [];
      const modes = after.locks
        .filter((lock) => lock.oid === oid && heldUpBy(lock.mode))
        .map(({ mode }) => mode);
      const under = strongestOf(modes);
      return [{ table: name, rows, ...(under !== undefined && { under }) }];
    });
  }

  private work(before: Mark, after: Mark): RowWork[] {
    return this.tables.all.flatMap(({ oid, name }) => {
      const [was, is] = [before.work.get(oid), after.work.get(oid)];
      const inserted = (is?.inserted ?? 0) - (was?.inserted ?? 0);
      const updated = (is?.updated ?? 0) - (was?.updated ?? 0);
      const deleted = (is?.deleted ?? 0) - (was?.deleted ?? 0);
      return inserted + updated + deleted > 0 ? [{ table: name, inserted, updated, deleted }] : [];
    });
  }
}

function seenDuring(
  seen: ReturnType<LockSampler["takeLocks"]>,
  { startedAt, endedAt }: Entry,
): Mark["locks"] {
  return seen
    .filter(
      ({ grantedAt, lastSeen }) => grantedAt !== undefined && grantedAt <= endedAt && lastSeen >= startedAt,
    )
    .map(({ oid, mode }) => ({ oid, tableOid: oid, index: null, mode }));
}
