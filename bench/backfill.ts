// The webhook migration on a large legacy table while readers and writers go on: npm run bench:backfill [-- ROWS].
// Verdict: by the longest wait for a lock, as the server logs it: a wait of the machine's is nobody's fault. The
// latencies beside it are the application's view, and hold both; compare them with those before the migration.

import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { createColors } from "picocolors";
import { quantile } from "simple-statistics";
import { lockWaitsIn, logLockWaits } from "../harness/bench/lock-waits.ts";
import type { Connection } from "../harness/engine/connection.ts";
import { Fault } from "../harness/fault/fault.ts";
import { applyPlan } from "../harness/migrations/apply.ts";
import type { Migration } from "../harness/migrations/migration.ts";
import { seedLegacy } from "./backfill/legacy.ts";
import { type Kind, type Sample, startTraffic } from "./backfill/traffic.ts";
import { makeGround, openEngine } from "./ground.ts";

const longestWaitMs = 250;
const given = process.argv[2] ?? "1000000";
if (!/^[1-9]\d*$/.test(given)) {
  console.error(`bench:backfill takes a number of rows, not '${given}'`);
  process.exit(2);
}
const events = Number(given);
const organizations = 200;
const colors = createColors();
const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
const ms = (value: number) => `${number.format(value).padStart(7)} ms`;

await using cluster = await openEngine();
const ground = await makeGround(cluster);
const { plan } = ground;
const webhooks = plan.find(({ file }) => file.includes("processed_webhook_events")) as Migration;
const before = plan.slice(0, plan.indexOf(webhooks));

console.log(
  `${number.format(events)} legacy events of ${organizations} organizations, ${cluster.description}, ${availableParallelism()} cores`,
);
await using site = await ground.open("before");
const superuser = await site.connection("superuser");
const deployer = await site.connection("deployer");
await logLockWaits(superuser, site.database.name);
await applyPlan(deployer, before);
await timed("seeding", () => seedLegacy(superuser, { events, organizations }));

interface Phase {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}
const phases: Phase[] = [];

/** What `work` answers; what the traffic met meanwhile is shown under `name`. */
async function phase<T>(name: string, work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const result = await work();
  phases.push({ name, from, to: performance.now() });
  return result;
}

const counts = async () => {
  const { rows } = await superuser.query(`select count(*)::int as events,
    count(*) filter (where event_id ~ '^evt_[0-9]+$')::int as old from public.processed_webhook_events`);
  return rows[0] as { events: number; old: number };
};

const traffic = await startTraffic(site.database.address("authenticator"), { events, sessions: 4, rate: 25 });
await phase("before", () => sleep(3_000));
const walBefore = await walOf(superuser);
const stopped = await phase("parts 1 to 5", () => migrate());
if (stopped) {
  const commands = stopped.what.match(/create (unique )?index concurrently[^;]+/g);
  if (commands === null) throw stopped;
  await phase("the indexes, concurrently", async () => {
    for (const command of commands) await deployer.query(command);
  });
  const again = await phase("the file again", () => migrate());
  if (again) throw again;
}
const wal = (await walOf(superuser)) - walBefore;
await phase("after", () => sleep(2_000));
await traffic.stop();

for (const one of phases) showPhase(one, traffic.samples);
console.log(`WAL of the migration and of the traffic beside it: ${number.format(wal / 2 ** 20)} MiB`);

const { old } = await counts();
const orphans = await superuser.query(
  "select count(*)::int as rows from public.processed_webhook_events_orphans",
);
const kept = old + orphans.rows[0].rows === events;
verdict(
  kept,
  `rows before = rows after + orphans: ${number.format(events)} = ${number.format(old)} + ${number.format(orphans.rows[0].rows)}`,
);

const waits = lockWaitsIn(await cluster.readLog(), site.database.name);
for (const kind of ["reader", "writer"] satisfies Kind[]) {
  const own = waits.filter(({ application }) => application === `tenantproof ${kind}`);
  const longest = own.reduce((max, { waitedMs }) => Math.max(max, waitedMs), 0);
  const detail = own.find(({ waitedMs }) => waitedMs === longest);
  verdict(
    longest <= longestWaitMs,
    `no ${kind} waits longer than ${longestWaitMs} ms for a lock; the longest: ${
      detail ? `${number.format(longest)} ms for ${detail.lock}` : "less than 20 ms"
    }`,
  );
}

/** One application of the file, statement by statement; what it says of the backfill is shown. The fault it stopped with. */
async function migrate(): Promise<Fault | undefined> {
  try {
    await applyPlan(deployer, [webhooks], {
      way: "psql",
      statementTimeoutMs: 0,
      onNotice: ({ message }) => console.log(colors.dim(`  ${message}`)),
    });
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.exit === 4) return thrown;
    throw thrown;
  }
}

function showPhase({ name, from, to }: Phase, samples: readonly Sample[]): void {
  const shown = (["reader", "writer"] as const).map((kind) => {
    const latencies = samples
      .filter((sample) => sample.kind === kind && sample.at >= from && sample.at < to)
      .map(({ latencyMs }) => latencyMs);
    if (latencies.length === 0) return `${kind}s: none`;
    const [median, high] = [0.5, 0.99].map((part) => quantile(latencies, part));
    return `${kind}s ${String(latencies.length).padStart(5)}: median ${ms(median ?? 0)}, p99 ${ms(high ?? 0)}, longest ${ms(Math.max(...latencies))}`;
  });
  console.log([name.padEnd(24), `${number.format((to - from) / 1000).padStart(6)} s`, ...shown].join("  "));
}

function verdict(met: boolean, fact: string): void {
  if (!met) process.exitCode = 1;
  console.log(`${met ? colors.green("met   ") : colors.red("missed")}  ${fact}`);
}

async function walOf(connection: Connection): Promise<number> {
  const { rows } = await connection.query("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as bytes");
  return Number(rows[0].bytes);
}

async function timed(name: string, work: () => Promise<unknown>): Promise<void> {
  const from = performance.now();
  await work();
  console.log(`${name.padEnd(24)}  ${number.format((performance.now() - from) / 1000).padStart(6)} s`);
}
