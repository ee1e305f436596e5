// P5: upkeep, with readers and writers of the same table beside it at a fixed rate. Verdict by the longest wait for a lock,
// as the server logs it: what else holds somebody up is the machine's.

import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, connect } from "../engine/connection.ts";
import { quoteIdentifier } from "../sql/identifier.ts";
import type { Chore } from "../workload/workload.ts";
import { asSuperuser, type Bed } from "./bed.ts";
import { told } from "./latency.ts";
import { lockWaitsIn, logLockWaits, shortestLoggedMs } from "./lock-waits.ts";
import type { ChoreResult } from "./result.ts";

interface ChoreOptions {
  readonly readLog: () => Promise<string>;
  readonly say: (detail: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const bystanders = ["reader", "reader", "writer", "writer"] as const;
type Bystander = (typeof bystanders)[number];
const intervalMs = 20;
/** Before and after the chore, so that some are under way when it begins and when it ends. */
const marginMs = 100;

/** Each chore once, in its order; what it does is done. @throws the server's error when one fails. */
export async function measureChores(bed: Bed, options: ChoreOptions): Promise<readonly ChoreResult[]> {
  await asSuperuser(bed, (connection) => logLockWaits(connection, bed.database.name));
  const seen = await seesWaits(bed, options);
  const results: ChoreResult[] = [];
  for (const chore of bed.workload.chores) {
    options.signal?.throwIfAborted();
    options.say(chore.title);
    const result = await measure(bed, chore, options);
    const judgement = { outcome: "inconclusive", why: "a wait that was provoked is not in the log" } as const;
    results.push(seen ? result : { ...result, judgement });
  }
  return results;
}

/** Whether somebody who is made to wait shows in the log; where not, that nobody does says nothing. */
async function seesWaits(bed: Bed, { readLog }: ChoreOptions): Promise<boolean> {
  const count = async () => lockWaitsIn(await readLog(), bed.database.name).length;
  const before = await count();
  await using holder = await connect(bed.superuser);
  await using waiter = await connect(bed.superuser, { applicationName: "tenantproof control" });
  await holder.query("begin; select pg_catalog.pg_advisory_xact_lock(1)");
  const waiting = waiter.query("select pg_catalog.pg_advisory_xact_lock(1)");
  await sleep(5 * shortestLoggedMs);
  await holder.query("commit");
  await waiting;
  return (await count()) > before;
}

async function measure(bed: Bed, chore: Chore, { readLog }: ChoreOptions): Promise<ChoreResult> {
  const before = lockWaitsIn(await readLog(), bed.database.name).length;
  await using worker = await connect(
    chore.as === "deployer" ? bed.database.address(bed.deployer) : bed.authenticator,
    { applicationName: "tenantproof chore" },
  );
  if (chore.as === "service") await worker.query("set role service_role");
  await worker.query("set statement_timeout = 0");
  const over = new AbortController();
  const counts: Record<Bystander, number> = { reader: 0, writer: 0 };
  const others = bystanders.map(async (kind) => {
    await using connection = await connect(bed.superuser, { applicationName: `tenantproof ${kind}` });
    while (!over.signal.aborted) {
      await use(connection, kind, chore);
      counts[kind] += 1;
      await sleep(intervalMs);
    }
  });
  await sleep(marginMs);
  const from = performance.now();
  let tookMs = 0;
  try {
    await worker.query(chore.sql);
    tookMs = performance.now() - from;
    await sleep(marginMs);
  } finally {
    over.abort();
    await Promise.all(others);
  }
  const waits = lockWaitsIn(await readLog(), bed.database.name)
    .slice(before)
    .filter(({ application }) => application !== "tenantproof chore");
  const longest = waits.reduce((most, { waitedMs }) => Math.max(most, waitedMs), 0);
  const lock = waits.find(({ waitedMs }) => waitedMs === longest)?.lock;
  const seen =
    longest === 0
      ? `nobody waits longer than ${told(shortestLoggedMs)}`
      : `somebody waits ${told(longest)} for ${lock}`;
  const { id, title, sql, longestWaitMs: mostWaitMs } = chore;
  return {
    id,
    title,
    sql,
    tookMs,
    longestWaitMs: longest,
    mostWaitMs,
    reads: counts.reader,
    writes: counts.writer,
    judgement:
      counts.reader === 0 || counts.writer === 0
        ? { outcome: "inconclusive", why: "nobody was beside it" }
        : { outcome: longest <= mostWaitMs ? "pass" : "fail", why: `it takes ${told(tookMs)}; ${seen}` },
  };
}

/** What every reader and every writer of the table needs: its lock, and a plan, for which all its indexes are opened. */
async function use(connection: Connection, kind: Bystander, { table }: Chore): Promise<void> {
  const name = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
  const read = `select from ${name} limit 1`;
  await connection.query(
    kind === "reader" ? read : `begin; lock table ${name} in row exclusive mode; ${read}; commit`,
  );
}
