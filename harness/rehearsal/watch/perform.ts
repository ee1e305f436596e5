import type { Connection } from "../../engine/connection.ts";
import type { Script } from "../../migrations/script.ts";
import { type Outcome, send } from "../../migrations/simple-query.ts";
import { loadSql } from "../../sql/load.ts";
import type { Statement } from "../../sql/statements.ts";
import type { FileRun } from "./facts.ts";
import { Ledger, type Mark } from "./ledger.ts";
import type { LockSampler } from "./lock-sampler.ts";
import type { OldTables } from "./old-tables.ts";
import type { Discretion, Said } from "./told.ts";

const afterStatement = loadSql(import.meta.url, "after-statement.sql");

export interface Watch {
  /** The session that the file runs in, the deployer's; outside a transaction. */
  readonly connection: Connection;
  /** A superuser's session in the same database. */
  readonly superuser: Connection;
  readonly sampler: LockSampler;
  readonly tables: OldTables;
  readonly discretion: Discretion;
  /** Settings of the session, such as tenantproof.allow_data_loss. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly say?: (line: string) => void;
}

/**
 * Runs the file as its deployer would, statement by statement in its own transactions or else in one, and tells what each
 * statement did. Afterwards no transaction is open and the session has its defaults again, also after an error, which is
 * part of the answer. @throws Fault ENGINE_LOST.
 */
export async function performFile(script: Script, watch: Watch): Promise<FileRun> {
  return new Performance(script, watch).run();
}

class Performance {
  private readonly ledger: Ledger;
  private readonly notices: string[] = [];
  private inside = false;

  constructor(
    private readonly script: Script,
    private readonly watch: Watch,
  ) {
    this.ledger = new Ledger(watch.tables, watch.sampler);
  }

  async run(): Promise<FileRun> {
    const { script, watch } = this;
    const { connection, discretion, sampler } = watch;
    const listen = ({ severity = "NOTICE", message = "" }: { severity?: string; message?: string }) => {
      this.notices.push(`${severity}: ${discretion.tell(message)}`);
    };
    await this.configure();
    const begun = await this.size();
    const startedAt = performance.now();
    connection.on("notice", listen as never);
    let failed: { error: Said; statement: Statement | undefined } | undefined;
    try {
      failed = await this.runAll();
    } finally {
      connection.off("notice", listen as never);
    }
    const elapsedMs = performance.now() - startedAt;
    if (failed) await send(connection, "rollback");
    this.ledger.endTransaction(performance.now());
    await send(connection, "reset all");
    await send(connection, "reset role");
    const ended = await this.size();
    const statements = this.ledger.statements;
    return {
      file: script.file,
      outcome: failed ? "failed" : "applied",
      ...(failed && { error: discretion.tellError(failed.error, script, failed.statement) }),
      elapsedMs,
      statements,
      notices: this.notices,
      waiters: sampler.takeWaiters(),
      walBytes: ended.wal - begun.wal,
      diskBytes: ended.disk - begun.disk,
    };
  }

  private async runAll(): Promise<{ error: Said; statement: Statement | undefined } | undefined> {
    const { script, watch } = this;
    const wrapped =
      !script.ownTransaction && !script.statements.some((statement) => statement.refusesTransaction);
    if (wrapped) await this.own("begin");
    for (const statement of script.statements) {
      watch.say?.(`${script.file}:${statement.start.line}`);
      watch.sampler.begin(statement.start.line);
      const alone = !wrapped && !this.inside;
      const { error } = await this.runOne(statement, alone);
      if (error) return { error, statement };
    }
    if (wrapped) {
      const { error } = await send(watch.connection, "commit");
      this.ledger.endTransaction(performance.now());
      if (error) return { error, statement: undefined };
    }
    return undefined;
  }

  private async runOne(statement: Statement, alone: boolean): Promise<Outcome> {
    const { connection } = this.watch;
    if (statement.control) {
      const outcome = await send(connection, statement.text);
      this.ledger.endTransaction(performance.now());
      this.inside = statement.control === "opens";
      return outcome;
    }
    if (alone && (statement.refusesTransaction || mayCommit(statement))) return this.runOutside(statement);
    if (!alone) return this.runInside(statement);
    // The server does the same by itself; within a transaction it can be asked what the statement did.
    await this.own("begin");
    const outcome = await this.runInside(statement);
    if (outcome.error) return outcome;
    const ended = await send(connection, "commit");
    this.ledger.endTransaction(performance.now());
    return ended;
  }

  private async runInside(statement: Statement): Promise<Outcome> {
    const { connection } = this.watch;
    const before = await this.mark(connection);
    const startedAt = performance.now();
    const outcome = await send(connection, statement.text);
    const endedAt = performance.now();
    // After an error the session answers nothing before a rollback.
    if (outcome.error === undefined)
      this.ledger.enter(statement, { before, after: await this.mark(connection), startedAt, endedAt });
    return outcome;
  }

  /** It begins and ends its transactions itself, so others must say what it did. */
  private async runOutside(statement: Statement): Promise<Outcome> {
    const { connection, superuser } = this.watch;
    const before = await this.outerMark(superuser);
    const startedAt = performance.now();
    const outcome = await send(connection, statement.text);
    const endedAt = performance.now();
    // What it counted shows to others once it is flushed, which happens as the next statement ends.
    if (outcome.error === undefined)
      for (const text of ["select pg_catalog.pg_stat_force_next_flush()", "select 1"])
        await send(connection, text);
    const after = await this.outerMark(superuser);
    this.ledger.enter(statement, { before, after, startedAt, endedAt, alone: true });
    this.ledger.endTransaction(endedAt);
    return outcome;
  }

  private async mark(connection: Connection): Promise<Mark> {
    return readMark((await connection.query(afterStatement)).rows[0]);
  }

  private async outerMark(superuser: Connection): Promise<Mark> {
    await superuser.query("select pg_catalog.pg_stat_clear_snapshot()");
    const text = afterStatement
      .replaceAll("pg_stat_xact_user_tables", "pg_stat_user_tables")
      .replace("where lock.pid = pg_catalog.pg_backend_pid()", "where false");
    return readMark((await superuser.query(text)).rows[0]);
  }

  private async size(): Promise<{ readonly wal: number; readonly disk: number }> {
    const { rows } = await this.watch.superuser.query(`
      select (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn)::float8 as wal,
        pg_catalog.pg_database_size(pg_catalog.current_database())::float8 as disk`);
    return rows[0] as { wal: number; disk: number };
  }

  private async configure(): Promise<void> {
    const { connection, settings = {} } = this.watch;
    for (const [name, value] of Object.entries(settings))
      await connection.query("select pg_catalog.set_config($1, $2, false)", [name, value]);
  }

  private async own(text: string): Promise<void> {
    const { error } = await send(this.watch.connection, text);
    if (error) throw error;
  }
}

/** A procedure ends transactions only where none was begun around it; of a block the statement itself knows. */
function mayCommit({ kind, text }: Statement): boolean {
  return kind === "CallStmt" || (kind === "DoStmt" && /\bcall\b/i.test(text));
}

function readMark(row: unknown): Mark {
  const { locks, work, files, wal } = row as {
    locks: Mark["locks"];
    work: (Mark["work"] extends ReadonlyMap<number, infer W> ? W & { oid: number } : never)[];
    files: { oid: number; file: number | null }[];
    wal: string;
  };
  return {
    locks,
    work: new Map(work.map((one) => [one.oid, one])),
    files: new Map(files.map(({ oid, file }) => [oid, file])),
    wal: Number(wal),
  };
}
