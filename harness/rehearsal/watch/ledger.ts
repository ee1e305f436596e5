// Ledger: what each statement of a file did, and how long its locks were held, which is known once its transaction ends.

import type { Statement } from "../../sql/statements.ts";
import type { LockHeld, RowWork, Scan, StatementRun } from "./facts.ts";
import { heldUpBy, strongestOf } from "./lock-modes.ts";
import type { LockSampler, Sighting } from "./lock-sampler.ts";
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
  /** Whether it began and ended its transactions itself. */
  readonly alone?: boolean;
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
      const taken = after.locks.filter(({ oid, mode }) => !held.has(`${oid} ${mode}`));
      const locks = entry.alone
        ? this.locksSeen(seen, entry)
        : taken.flatMap((lock) => this.lockTaken(lock, seen, statement, entry, at));
      this.done.push({
        line: statement.start.line,
        text: beginningOf(statement.text),
        elapsedMs: endedAt - startedAt,
        locks,
        rewrites: this.rewrites(before, after),
        scans: this.scans(statement, before, after),
        work: this.work(before, after),
        walBytes: after.wal - before.wal,
        ...(!entry.alone && { untilCommitMs: at - startedAt }),
      });
    }
    this.open = [];
  }

  /** A lock that the session says it took with the statement. */
  private lockTaken(
    { tableOid, index, mode }: Mark["locks"][number],
    seen: readonly Sighting[],
    statement: Statement,
    { startedAt, endedAt }: Entry,
    at: number,
  ): LockHeld[] {
    const table = this.tables.get(tableOid);
    if (table === undefined) return [];
    const sighting = seen.find((one) => one.oid === tableOid && one.mode === mode);
    const waitedMs = sighting?.waitedMs ?? 0;
    // A command takes its locks first; a block when it gets there, which is when it was first seen, or just before its end.
    const seenAt = sighting?.grantedAt ?? endedAt;
    const from = isBlock(statement) ? seenAt : waitedMs > 0 ? Math.max(seenAt, startedAt) : startedAt;
    return [
      {
        table: table.name,
        ...(index !== null && { index }),
        mode,
        heldMs: at - Math.min(from, endedAt),
        waitedMs,
      },
    ];
  }

  /** What ran outside a transaction has let go by the time that it can be asked: the longest hold that was seen of each. */
  private locksSeen(seen: readonly Sighting[], { startedAt, endedAt }: Entry): LockHeld[] {
    const longest = new Map<string, LockHeld>();
    for (const { oid, mode, grantedAt, lastSeen, waitedMs } of seen) {
      const table = this.tables.get(oid);
      if (table === undefined || lastSeen < startedAt || (grantedAt ?? lastSeen) > endedAt) continue;
      const heldMs = grantedAt === undefined ? 0 : lastSeen - grantedAt;
      const known = longest.get(`${oid} ${mode}`);
      if (known && known.heldMs >= heldMs) continue;
      longest.set(`${oid} ${mode}`, { table: table.name, mode, heldMs, waitedMs });
    }
    return [...longest.values()];
  }

  private rewrites(before: Mark, after: Mark): string[] {
    return [...before.files].flatMap(([oid, file]) => {
      const name = this.tables.nameOf(oid);
      const now = after.files.get(oid);
      return name !== undefined && now !== undefined && now !== file ? [name] : [];
    });
  }

  /** A block may read first and lock later: of it counts what was locked before it began. */
  private scans(statement: Statement, before: Mark, after: Mark): Scan[] {
    const locks = isBlock(statement) ? before.locks : after.locks;
    const builds = statement.kind === "IndexStmt" && statement.refusesTransaction === undefined;
    const held = new Set(before.locks.map(({ oid, mode }) => `${oid} ${mode}`));
    const indexed = new Set(
      builds
        ? after.locks
            .filter(({ oid, mode }) => mode === "ShareLock" && !held.has(`${oid} ${mode}`))
            .map(({ oid }) => oid)
        : [],
    );
    return this.tables.all.flatMap(({ oid, name, rows: estimate }) => {
      const counted = (after.work.get(oid)?.scanned ?? 0) - (before.work.get(oid)?.scanned ?? 0);
      // An index is built with helpers, and what they read is counted as theirs.
      const rows = indexed.has(oid) ? Math.max(counted, estimate) : counted;
      if (rows <= 0) return [];
      const modes = locks.filter((lock) => lock.oid === oid && heldUpBy(lock.mode)).map(({ mode }) => mode);
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

/** Whether what it does, and in which order, is not the server's to say. */
function isBlock({ kind }: Statement): boolean {
  return kind === "DoStmt" || kind === "CallStmt" || kind === "SelectStmt";
}
