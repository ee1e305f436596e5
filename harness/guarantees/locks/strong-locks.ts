// Strong lock: ACCESS EXCLUSIVE, which holds up readers and writers alike.
// Watched table: one with rows that was there before the script; its rows stand for a production's millions.
// Misuse: a strong lock on a watched table that is held while all of it is read, or that rewrites it.

import type { Connection } from "../../engine/connection.ts";
import type { Script } from "../../migrations/script.ts";
import { type Outcome, send } from "../../migrations/simple-query.ts";
import { loadSql } from "../../sql/load.ts";
import type { Statement } from "../../sql/statements.ts";
import type { Bystander, TableWait } from "./bystander.ts";

const usageQuery = loadSql(import.meta.url, "usage.sql");

/**
 * Costs that make the planner read a few rows as it would read millions: what a key finds by an index, and by a scan
 * whatever would have to walk a whole index, since walking one counts no rows. They tell the two apart up to 100 rows.
 */
const costs = `
  set seq_page_cost = 0; set random_page_cost = 0; set cpu_operator_cost = 0;
  set cpu_tuple_cost = 1; set cpu_index_tuple_cost = 0.99`;

/** One table's part in the transaction so far. */
interface Usage {
  readonly reads: number;
  readonly file: string | null;
  readonly exclusive: boolean;
}

/** Table -> usage. */
type Usages = ReadonlyMap<string, Usage>;

export interface Misuse {
  readonly table: string;
  readonly how: "scanned" | "rewritten" | "perhaps scanned";
  readonly statement: Statement;
}

interface Watch {
  /** The session that the script runs in; outside a transaction. */
  readonly connection: Connection;
  /** A reader in the same database. */
  readonly reader: Bystander;
  /** Table, as schema.table in SQL -> its rows; from as many read, all of it counts as read. */
  readonly tables: ReadonlyMap<string, number>;
}

/** What a run of a script showed: the misuses, and the error that ended it early. */
export interface Watched {
  readonly misuses: readonly Misuse[];
  readonly error: Error | undefined;
}

/**
 * Runs the script statement by statement, in its own transactions or else in one, and tells which statements misuse a
 * strong lock. Each is run with a reader in the way: whatever comes through took no such lock. What is held up is taken
 * back, and run again without the reader; what it read before it asked for the lock is known from the first time.
 */
export async function watchStrongLocks(script: Script, watch: Watch): Promise<Watched> {
  const watcher = new Watcher(watch);
  const misuses: Misuse[] = [];
  let inside = false;
  const run = async (text: string) => {
    const { error } = await send(watch.connection, text);
    if (error) throw error;
  };
  try {
    await run(costs);
    if (!script.ownTransaction) await run("begin");
    for (const statement of script.statements) {
      if (statement.control === undefined) {
        const alone = script.ownTransaction && !inside;
        if (alone && (statement.refusesTransaction || mayCommit(statement)))
          misuses.push(...(await watcher.runAlone(statement)));
        else {
          if (alone) await run("begin");
          misuses.push(...(await watcher.runInside(statement)));
          if (alone) {
            await run("commit");
            watcher.beginAnew();
          }
        }
        continue;
      }
      inside = statement.control === "opens";
      await run(statement.text);
      watcher.beginAnew();
    }
    if (!script.ownTransaction) await run("commit");
    return { misuses, error: undefined };
  } catch (thrown) {
    await send(watch.connection, "rollback");
    return { misuses, error: thrown as Error };
  } finally {
    await watch.reader.leave();
  }
}

/** A block or a procedure ends transactions only where none was begun around it. */
function mayCommit({ kind }: Statement): boolean {
  return kind === "DoStmt" || kind === "CallStmt";
}

class Watcher {
  private readonly names: readonly string[];
  private pid: Promise<number> | undefined;
  /** What the transaction had done by the end of its last statement. */
  private known: Usages | undefined;

  constructor(private readonly watch: Watch) {
    this.names = [...watch.tables.keys()];
  }

  /** What was known of the transaction is outdated, or another one begins. */
  beginAnew(): void {
    this.known = undefined;
  }

  /** The statement has been run inside the open transaction. */
  async runInside(statement: Statement): Promise<readonly Misuse[]> {
    const before = this.known ?? (await this.usages());
    const held = this.names.filter((name) => before.get(name)?.exclusive);
    const free = this.names.filter((name) => before.has(name) && !held.includes(name));
    await this.command("savepoint watched");
    const comesThrough = (await this.heldUp(statement, free)) === undefined;
    const start = comesThrough ? before : await this.takenBack();
    if (!comesThrough) await this.free(statement);
    const after = await this.usages();
    const reads = (name: string) => readsOf(after, name) - readsOf(start, name);
    const underLock = new Map(held.map((name) => [name, reads(name)]));
    const gained = comesThrough ? [] : free.filter((name) => after.get(name)?.exclusive);
    // Most read little in all. Of the others: how much was read before the lock on this very table?
    for (const name of gained)
      underLock.set(
        name,
        this.isWhole(name, reads(name)) ? reads(name) - (await this.readsBefore(name, statement)) : 0,
      );
    await this.command("release savepoint watched");
    if (comesThrough) this.known = after;
    else this.beginAnew();
    return this.judge(statement, underLock, before, after);
  }

  /** How much the statement reads of the table before it asks for a lock on it. It has been run afterwards as before. */
  private async readsBefore(name: string, statement: Statement): Promise<number> {
    const start = await this.takenBack();
    await this.heldUp(statement, [name]);
    const until = await this.takenBack();
    await this.free(statement);
    return readsOf(until, name) - readsOf(start, name);
  }

  /** The statement has been run outside any transaction, where it may begin and end several. */
  async runAlone(statement: Statement): Promise<readonly Misuse[]> {
    const wait = await this.heldUp(statement, this.names);
    if (wait === undefined) return [];
    await this.free(statement);
    return [{ table: wait.table, how: "perhaps scanned", statement }];
  }

  /** Runs the statement with the reader in the way; it has been cancelled when it was held up by it. */
  private async heldUp(statement: Statement, tables: readonly string[]): Promise<TableWait | undefined> {
    const { reader, connection } = this.watch;
    await reader.use(tables);
    const pid = await this.ownPid();
    const running = send(connection, statement.text);
    const wait = await reader.waitDuring(pid, running);
    if (wait === undefined) refuse(await running);
    else {
      await reader.cancel(pid);
      await running;
      await reader.leave();
    }
    return wait;
  }

  private async free(statement: Statement): Promise<void> {
    refuse(await send(this.watch.connection, statement.text));
  }

  private async takenBack(): Promise<Usages> {
    await this.command("rollback to savepoint watched");
    return this.usages();
  }

  private async command(text: string): Promise<void> {
    refuse(await send(this.watch.connection, text));
  }

  private isWhole(name: string, reads: number): boolean {
    return reads >= (this.watch.tables.get(name) ?? Number.POSITIVE_INFINITY);
  }

  private judge(
    statement: Statement,
    readsUnderLock: ReadonlyMap<string, number>,
    before: Usages,
    after: Usages,
  ): readonly Misuse[] {
    return this.names.flatMap((table): readonly Misuse[] => {
      const [was, is] = [before.get(table), after.get(table)];
      if (was && is && was.file !== is.file) return [{ table, how: "rewritten", statement }];
      return this.isWhole(table, readsUnderLock.get(table) ?? 0)
        ? [{ table, how: "scanned", statement }]
        : [];
    });
  }

  private async usages(): Promise<Usages> {
    const { rows } = await this.watch.connection.query(usageQuery, [this.names]);
    return new Map((rows as (Usage & { name: string })[]).map((row) => [row.name, row]));
  }

  private ownPid(): Promise<number> {
    this.pid ??= this.watch.connection
      .query("select pg_catalog.pg_backend_pid() as pid")
      .then(({ rows }) => rows[0].pid as number);
    return this.pid;
  }
}

function readsOf(usages: Usages, name: string): number {
  return usages.get(name)?.reads ?? 0;
}

function refuse({ error }: Outcome): void {
  if (error) throw error;
}
