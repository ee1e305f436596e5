// Queue: whoever wants a lock stands in line behind those who want a stronger one. A report that reads a table for a minute
// is harmless until a migration waits for it: from then on everybody waits.
// Bystander: a session that uses a table and stays in its transaction. Prober: somebody who comes later.

import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "../engine/cluster.ts";
import { type Connection, connect } from "../engine/connection.ts";
import type { Migration } from "../migrations/migration.ts";
import { applyOne, type Manner } from "./apply-pending.ts";
import { openStage, type Stage, type Theatre } from "./stage.ts";
import type { FileRun } from "./watch/facts.ts";
import { heldUpBy, sqlMode } from "./watch/lock-modes.ts";

/** What happened to others while a migration waited behind somebody who used the table. */
export interface QueueTest {
  readonly file: string;
  readonly table: string;
  /** The strongest lock that the file takes on it, as SQL writes it. */
  readonly mode: string;
  readonly bystander: "a long reader" | "a long writer";
  /** How long the migration waited behind the bystander, at most; milliseconds. 0 where it did not have to. */
  readonly waitedMs: number;
  /** How long whoever came next waited for the table, at most; milliseconds. */
  readonly stallMs: number;
  /** The SQLSTATE with which the file gave up; absent where it waited to the end. */
  readonly gaveUp?: string;
  /** Why this says nothing: the file failed for another reason, or could not be run again. */
  readonly untried?: string;
}

interface Wanted {
  readonly table: string;
  readonly mode: string;
}

const lookMs = 5;
/** With which a statement ends that has waited long enough. */
const patience: ReadonlySet<string> = new Set(["55P03", "57014", "40P01"]);

/** Each file of the plan with bystanders in front of every old table that it holds others up on, as the proof pass saw. */
export async function testQueues(
  theatre: Theatre,
  runs: readonly FileRun[],
  manner: Manner,
  maxStallMs: number,
): Promise<readonly QueueTest[]> {
  const tests: QueueTest[] = [];
  await using stage = await openStage(theatre, theatre.pristine);
  const address = stage.database.address(theatre.cluster.superuser.user);
  for (const script of theatre.plan) {
    const wanted = wantedOf(runs.find(({ file }) => file === script.file));
    const there = await present(stage.superuser, wanted);
    if (there.length > 0) tests.push(...(await testFile(stage, address, script, there, manner, maxStallMs)));
    // With nobody in the way, so that the next file finds what it needs; an idempotent file may have been through already.
    else await applyOne(stage, script, manner);
  }
  return tests;
}

async function testFile(
  stage: Stage,
  address: Address,
  script: Migration,
  wanted: readonly Wanted[],
  manner: Manner,
  maxStallMs: number,
): Promise<readonly QueueTest[]> {
  const { rows } = await stage.deployer.query("select pg_catalog.pg_backend_pid() as pid");
  const { pid } = rows[0] as { pid: number };
  const over = new AbortController();
  const watching = wanted.map((one) => standInFront(address, pid, one, maxStallMs * 1.5, over.signal));
  const stand = await Promise.all(watching.map((one) => one.standing));
  let run: FileRun;
  let found: readonly { readonly waitedMs: number; readonly stallMs: number }[];
  try {
    run = await applyOne(stage, script, manner).finally(() => over.abort());
    found = await Promise.all(watching.map((one) => one.done));
  } finally {
    await Promise.all(stand.map((connection) => connection.end()));
  }
  const gaveUp = run.outcome === "failed" ? (run.error?.sqlstate ?? "none") : undefined;
  // What gave up is run again, now that nobody is in the way.
  const again = gaveUp === undefined ? undefined : await applyOne(stage, script, manner);
  const untried =
    gaveUp !== undefined && !patience.has(gaveUp)
      ? `it fails with SQLSTATE ${gaveUp}`
      : again?.outcome === "failed"
        ? `it gives up (SQLSTATE ${gaveUp}), and run again it fails with SQLSTATE ${again.error?.sqlstate}`
        : undefined;
  return found.map(({ waitedMs, stallMs }, index) => {
    const { table, mode } = wanted[index] as Wanted;
    const bystander = bystanderOf(mode) === "access share" ? "a long reader" : "a long writer";
    return {
      ...{ file: script.file, table, mode: sqlMode(mode), bystander, waitedMs, stallMs },
      ...(gaveUp !== undefined && { gaveUp }),
      ...(untried !== undefined && { untried }),
    } as const;
  });
}

interface Watching {
  /** Fulfilled once the bystander uses the table. */
  readonly standing: Promise<Connection>;
  readonly done: Promise<{ readonly waitedMs: number; readonly stallMs: number }>;
}

/** Uses the table until the migration has waited for it for `holdMs`; meanwhile others come, one after the other. */
function standInFront(
  address: Address,
  pid: number,
  { table, mode }: Wanted,
  holdMs: number,
  over: AbortSignal,
): Watching {
  const used = bystanderOf(mode);
  const standing = (async () => {
    const connection = await connect(address, { applicationName: "tenantproof bystander" });
    await connection.query(`begin; lock table ${table} in ${used} mode`);
    return connection;
  })();
  const done = (async () => {
    const bystander = await standing;
    const ownPid = await pidOf(bystander);
    let waitedMs = 0;
    let stallMs = 0;
    for (let free = false; !free && !over.aborted; ) {
      const began = performance.now();
      if (!(await isBehind(bystander, pid, ownPid))) {
        await sleep(lookMs, undefined, { signal: over }).catch(() => {});
        continue;
      }
      const probe = probeOnce(address, table, used);
      while (!over.aborted && (await isBehind(bystander, pid, ownPid))) {
        waitedMs = Math.max(waitedMs, performance.now() - began);
        if (performance.now() - began > holdMs) {
          await bystander.query("rollback");
          free = true;
          break;
        }
        await sleep(lookMs);
      }
      stallMs = Math.max(stallMs, await probe);
    }
    await bystander.query("rollback");
    return { waitedMs, stallMs };
  })();
  done.catch(() => {});
  return { standing, done };
}

/** How long somebody waits who wants to use the table as the bystander does; milliseconds. */
async function probeOnce(address: Address, table: string, used: string): Promise<number> {
  await using prober = await connect(address, { applicationName: "tenantproof prober" });
  const from = performance.now();
  await prober.query(`begin; lock table ${table} in ${used} mode; rollback`);
  return performance.now() - from;
}

async function isBehind(bystander: Connection, pid: number, ownPid: number): Promise<boolean> {
  const { rows } = await bystander.query(
    "select $1::integer = any (pg_catalog.pg_blocking_pids($2)) as behind",
    [ownPid, pid],
  );
  return (rows[0] as { behind: boolean }).behind;
}

async function pidOf(connection: Connection): Promise<number> {
  const { rows } = await connection.query("select pg_catalog.pg_backend_pid() as pid");
  return (rows[0] as { pid: number }).pid;
}

/** The weakest use that the lock does not bear beside itself. */
function bystanderOf(mode: string): "access share" | "row exclusive" {
  return heldUpBy(mode) === "readers and writers" ? "access share" : "row exclusive";
}

/** The old tables that the file held others up on, each with the strongest lock. */
function wantedOf(run: FileRun | undefined): readonly Wanted[] {
  const modes = new Map<string, string>();
  for (const { table, mode, index } of run?.statements.flatMap(({ locks }) => locks) ?? []) {
    if (index !== undefined || heldUpBy(mode) === undefined) continue;
    const known = modes.get(table);
    if (known === undefined || heldUpBy(mode) === "readers and writers") modes.set(table, mode);
  }
  return [...modes].map(([table, mode]) => ({ table, mode }));
}

async function present(superuser: Connection, wanted: readonly Wanted[]): Promise<readonly Wanted[]> {
  const found: Wanted[] = [];
  for (const one of wanted) {
    // LOCK TABLE takes no materialized view.
    const { rows } = await superuser.query(
      "select exists (select from pg_catalog.pg_class where oid = pg_catalog.to_regclass($1) and relkind in ('r', 'p')) as there",
      [one.table],
    );
    if ((rows[0] as { there: boolean }).there) found.push(one);
  }
  return found;
}
