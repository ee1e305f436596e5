// Sample: one look at who holds and who waits. What is shorter than the time between two looks may be missed; the migrating
// session itself says after each statement what it holds, and the server's log names each wait from 20 ms on.
// Behind: a session waits behind the migration when it waits for it, or for somebody who does: the queue is first come,
// first served, so that a lock that is merely wanted holds others up as well.

import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../../engine/cluster.ts";
import { type Connection, connect } from "../../engine/connection.ts";
import { loadSql } from "../../sql/load.ts";
import type { Waiter } from "./facts.ts";
import type { OldTables } from "./old-tables.ts";

const sampleQuery = loadSql(import.meta.url, "lock-sample.sql");

/** Between two looks. */
const intervalMs = 15;

interface Sample {
  readonly pid: number;
  readonly application: string;
  readonly kind: string;
  readonly mode: string;
  readonly granted: boolean;
  readonly oid: number | null;
  readonly since: number | null;
  readonly now: number;
  readonly behind: readonly number[];
  /** When its transaction began. */
  readonly began: string;
}

/** A lock of the migrating session as others saw it, in one transaction. */
export interface Sighting {
  readonly oid: number;
  readonly mode: string;
  /** By performance.now() of this process, at the first look that saw it granted. */
  readonly grantedAt?: number;
  readonly lastSeen: number;
  /** Longest wait for it that was seen. */
  readonly waitedMs: number;
}

interface Waiting extends Omit<Waiter, "table"> {
  readonly oid: number | null;
}

/** Watches one session from another, until it is disposed of. */
export class LockSampler implements AsyncDisposable {
  private readonly stopping = new AbortController();
  private readonly sightings = new Map<string, Sighting>();
  private readonly waitings = new Map<string, Waiting>();
  private line: number | undefined;
  private loop: Promise<void> = Promise.resolve();

  private constructor(
    private readonly connection: Connection,
    private readonly pid: number,
    private readonly tables: OldTables,
  ) {}

  /** `superuser` is a superuser's address of the database, `pid` the server process that is watched. */
  static async open(superuser: Address, pid: number, tables: OldTables): Promise<LockSampler> {
    const connection = await connect(superuser, { applicationName: "tenantproof watcher" });
    // It asks what no statement of the migration may hold up.
    await connection.query("set statement_timeout = '5s'; set lock_timeout = '1s'");
    const sampler = new LockSampler(connection, pid, tables);
    sampler.loop = sampler.watch();
    sampler.loop.catch(() => {});
    return sampler;
  }

  /** From now on what is seen is said of the statement in that line. */
  begin(line: number): void {
    this.line = line;
  }

  /** What was seen of the migration's own locks is told and forgotten: another transaction begins. */
  takeLocks(): readonly Sighting[] {
    const taken = [...this.sightings.values()];
    this.sightings.clear();
    return taken;
  }

  /** Who waited behind the migration so far; told once. */
  takeWaiters(): readonly Waiter[] {
    const taken = [...this.waitings.values()].map(({ oid, ...waiter }) => ({
      ...waiter,
      table: oid === null ? "a row" : (this.tables.nameOf(oid) ?? "a table of the migration's"),
    }));
    this.waitings.clear();
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopping.abort();
    await this.loop.catch(() => {});
    await this.connection.end();
  }

  private async watch(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const { rows } = await this.connection.query({
        name: "lock_sample",
        text: sampleQuery,
        values: [this.pid],
      });
      this.note(rows as Sample[]);
      await sleep(intervalMs, undefined, { signal: this.stopping.signal }).catch(() => {});
    }
  }

  private note(samples: readonly Sample[]): void {
    const at = performance.now();
    for (const sample of samples.filter(({ pid }) => pid === this.pid)) this.noteOwn(sample, at);
    const behind = pidsBehind(this.pid, samples);
    for (const sample of samples) {
      if (sample.granted || !behind.has(sample.pid)) continue;
      const { pid, application, mode, oid, since, now } = sample;
      const begun = since ?? now;
      const key = `${pid} ${begun}`;
      const line = this.waitings.get(key)?.line ?? this.line;
      this.waitings.set(key, {
        ...{ pid, application, mode, oid, waitedMs: Math.max(now - begun, 0) },
        ...(line !== undefined && { line }),
      });
    }
  }

  private noteOwn({ oid, mode, granted, since, now, began }: Sample, at: number): void {
    if (oid === null) return;
    const key = `${oid} ${mode} ${began}`;
    const known = this.sightings.get(key);
    const grantedAt = known?.grantedAt ?? (granted ? at : undefined);
    const waited = granted || since === null ? 0 : now - since;
    this.sightings.set(key, {
      ...{ oid, mode, lastSeen: at, waitedMs: Math.max(known?.waitedMs ?? 0, waited) },
      ...(grantedAt !== undefined && { grantedAt }),
    });
  }
}

/** Those who wait for `pid`, and those who wait for them. */
function pidsBehind(pid: number, samples: readonly Sample[]): ReadonlySet<number> {
  const behind = new Set<number>();
  for (let before = -1; before < behind.size; ) {
    before = behind.size;
    for (const sample of samples)
      if (sample.pid !== pid && sample.behind.some((one) => one === pid || behind.has(one)))
        behind.add(sample.pid);
  }
  return behind;
}
