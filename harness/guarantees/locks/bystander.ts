import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../../engine/cluster.ts";
import { type Connection, connect } from "../../engine/connection.ts";
import { quoteLiteral } from "../../sql/identifier.ts";

/** How often the server is asked whether somebody waits, after a first moment in which most statements end. */
const firstLookMs = 3;
const looksMs = 4;

/** A lock that somebody waits for because a bystander is in the way. */
export interface Wait {
  /** schema.table; null when it waits for the bystander's transaction itself. */
  readonly table: string | null;
  /** As pg_locks names it: AccessExclusiveLock. */
  readonly mode: string;
  /** When it began, by the server's clock; two waits differ in it. */
  readonly since: string;
}

export type TableWait = Wait & { readonly table: string };

/**
 * A session that uses tables and stays in its transaction: whoever wants a lock that conflicts must wait for it.
 * As a reader it stands in the way of ACCESS EXCLUSIVE alone, as a writer of every lock that holds writers up.
 */
export class Bystander implements AsyncDisposable {
  private used = "";

  private constructor(
    private readonly connection: Connection,
    private readonly mode: "access share" | "row exclusive",
  ) {}

  /** `superuser` is a superuser's address. @throws Fault ENGINE_LOST. */
  static async open(superuser: Address, as: "reader" | "writer"): Promise<Bystander> {
    return new Bystander(await connect(superuser), as === "reader" ? "access share" : "row exclusive");
  }

  /** It uses these tables, given as schema.table in SQL, and no others. Nobody may hold a lock that conflicts. */
  async use(tables: readonly string[]): Promise<void> {
    const wanted = tables.join(", ");
    if (wanted === this.used) return;
    await this.leave();
    await this.connection.query(`begin; lock table ${wanted} in ${this.mode} mode nowait`);
    this.used = wanted;
  }

  /** It uses no table. */
  async leave(): Promise<void> {
    if (this.used === "") return;
    await this.connection.query("rollback");
    this.used = "";
  }

  /**
   * Which table's lock the backend `pid` waits for while `work` goes on; nothing when that ends before. Where it waits for
   * this transaction to end, as commands that run CONCURRENTLY do, it holds nobody up: the bystander leaves.
   */
  async waitDuring(pid: number, work: Promise<unknown>): Promise<TableWait | undefined> {
    let over = false;
    const end = work.then(
      () => (over = true),
      () => (over = true),
    );
    await Promise.race([end, sleep(firstLookMs)]);
    while (!over) {
      const wait = await this.waitOf(pid);
      if (wait?.table) return { ...wait, table: wait.table };
      if (wait) await this.leave();
      await Promise.race([end, sleep(looksMs)]);
    }
    return undefined;
  }

  /** What the backend waits for right now. */
  async waitOf(pid: number): Promise<Wait | undefined> {
    const { rows } = await this.connection.query(`
      select case when c.oid is not null then pg_catalog.format('%I.%I', n.nspname, c.relname) end as table, l.mode, l.waitstart::text as since
      from pg_catalog.pg_locks l
      left join pg_catalog.pg_class c on c.oid = l.relation
      left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where l.pid = ${pid} and not l.granted and pg_catalog.pg_backend_pid() = any (pg_catalog.pg_blocking_pids(l.pid))`);
    return rows[0] as Wait | undefined;
  }

  /** The backend's statement ends in an error. */
  async cancel(pid: number): Promise<void> {
    await this.connection.query(`select pg_catalog.pg_cancel_backend(${quoteLiteral(String(pid))}::integer)`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.end();
  }
}
