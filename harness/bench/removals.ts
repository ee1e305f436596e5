// P6: deletes that take others' rows with them. Each is rolled back, so that the next one finds the same.

import { median } from "simple-statistics";
import { Fault } from "../fault/fault.ts";
import { type Actor, service, signedIn } from "../session/actor.ts";
import { rowsOf } from "../session/outcome.ts";
import { openDirect, openSessions } from "../session/session.ts";
import { openStopwatch, type Stopwatch } from "../session/stopwatch.ts";
import type { Run } from "../session/transaction.ts";
import { quoteLiteral } from "../sql/identifier.ts";
import { type Draw, openDraw } from "../workload/draw.ts";
import type { Removal } from "../workload/workload.ts";
import { type Bed, type Execution, floorExecution, openTimer } from "./bed.ts";
import { couldTellMore, judgeTarget, latencyOf, told } from "./latency.ts";
import type { Judgement, RemovalResult } from "./result.ts";

interface RemovalOptions {
  readonly say: (detail: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const defaultTimes = 300;
/** Where fewer cannot tell, as many more, and for so long. */
const mostTimes = 3_000;
const mostMs = 20_000;
/** A removal usually takes as long as the last ones did. */
const peerWindow = 50;
const calibrationRows = 20_000;
/** Fewer cannot tell anything about a percentile. */
const fewestOfPercentile = 100;
/** Rows of a table that may be read for one that goes, and in any case: a small table is cheaper to read than its index. */
const mostScannedForOne = 4;
const mostScanned = 1000;

interface Deed {
  readonly actor: Actor | undefined;
  readonly values: readonly string[];
}

/** Each removal, repeated. @throws Fault WORKLOAD_REFUSED when the server refuses one. */
export async function measureRemovals(
  bed: Bed,
  { say, signal }: RemovalOptions,
): Promise<readonly RemovalResult[]> {
  const results: RemovalResult[] = [];
  for (const removal of bed.workload.removals) {
    const { id, title, targetMs, times = defaultTimes, text } = removal;
    say(title);
    const draw = openDraw(bed.seed);
    const { rows, scanned } = await look(bed, removal, deedOf(bed, removal, draw));
    await using stopwatch = await openStopwatch(addressOf(bed, removal), {
      setup: ["set statement_timeout = 0"],
    });
    await using idle = await openTimer(bed);
    const nothing = floorExecution(bed.tenancy, bed.scale.median);
    const samples: number[] = [];
    const floor: number[] = [];
    const peers: number[] = [];
    const rowsOfMs = await countingSpeed(idle, nothing);
    const until = performance.now() + mostMs;
    const isOpen = () =>
      times >= fewestOfPercentile &&
      samples.length < mostTimes &&
      couldTellMore(samples, floor, targetMs, peers);
    for (let turn = 0, wanted = times; turn < wanted; turn += 1) {
      if (turn >= times && performance.now() > until) break;
      signal?.throwIfAborted();
      const { actor, values } = deedOf(bed, removal, draw);
      const { elapsedMs } = await stopwatch.time({ actor, text, values, readOnly: false, rollBack: true });
      samples.push(elapsedMs);
      floor.push((await idle.time({ ...nothing, prepared: true })).elapsedMs);
      // As long as those before took: a machine that slows down slows both down.
      const usual = median(samples.slice(-peerWindow));
      peers.push((await idle.time(countUpTo(rowsOfMs * usual, nothing))).elapsedMs);
      // Looking more often would see by chance, sooner or later, whatever there is to be seen.
      if (turn + 1 === wanted && isOpen()) wanted = Math.min(mostTimes, wanted * 3);
    }
    const judgement = judge(removal, { samples, floor, peers }, rows, scanned);
    results.push({ id, title, targetMs, rows, latency: latencyOf(samples), judgement });
  }
  return results;
}

/** Samples, all in milliseconds. */
interface Taken {
  readonly samples: readonly number[];
  /** Of a request that asks for nothing. */
  readonly floor: readonly number[];
  /** Of a request that counts for as long as the removal usually takes. */
  readonly peers: readonly number[];
}

/** A request that counts and touches no table. */
function countUpTo(rows: number, nothing: Execution): Execution {
  const last = Math.max(1, Math.round(rows));
  return { ...nothing, text: `select count(*) from pg_catalog.generate_series(1, ${last})` };
}

/** How many rows such a request counts in a millisecond, beyond what asking for nothing takes. */
async function countingSpeed(stopwatch: Stopwatch, nothing: Execution): Promise<number> {
  const trials: number[] = [];
  for (let trial = 0; trial < 31; trial += 1)
    trials.push((await stopwatch.time(countUpTo(calibrationRows, nothing))).elapsedMs);
  return calibrationRows / median(trials);
}

function judge(
  { targetMs, times = defaultTimes }: Removal,
  { samples, floor, peers }: Taken,
  rows: number,
  scanned: readonly string[],
): Judgement {
  if (rows === 0) return { outcome: "inconclusive", why: "it removes nothing" };
  if (scanned.length > 0)
    return { outcome: "fail", why: `no index serves a foreign key: it reads all of ${scanned.join(", ")}` };
  if (times >= fewestOfPercentile) return judgeTarget(samples, floor, targetMs, peers);
  const [least, most] = [Math.min(...samples), Math.max(...samples)];
  const why = `${told(least)} to ${told(most)} in ${samples.length} runs, with ${rows.toLocaleString("en-US")} rows`;
  if (most < targetMs) return { outcome: "pass", why };
  return least >= targetMs
    ? { outcome: "fail", why }
    : { outcome: "inconclusive", why: `${why}: ${told(targetMs)} lies in between`, byClock: true };
}

function deedOf(bed: Bed, removal: Removal, draw: Draw): Deed {
  const place = bed.scale[removal.where];
  const person = draw.oneOf(place.people);
  const member = signedIn("a member", bed.tenancy.claims({ id: person, tenant: place.tenant }));
  const actor = removal.as === "member" ? member : removal.as === "service" ? service : undefined;
  return { actor, values: removal.values(place, draw) };
}

function addressOf(bed: Bed, { as }: Removal) {
  return as === "deployer" ? bed.database.address(bed.deployer) : bed.authenticator;
}

/** How many rows go with it, and which tables are read from end to end meanwhile. */
async function look(
  bed: Bed,
  removal: Removal,
  { actor, values }: Deed,
): Promise<{ readonly rows: number; readonly scanned: readonly string[] }> {
  const address = addressOf(bed, removal);
  let seen: readonly Record<string, unknown>[] = [];
  const work = async (run: Run) => {
    await done(run("set local statement_timeout = 0"), removal);
    await done(run(`prepare removal as ${removal.text}`), removal);
    await done(run(`execute removal (${values.map(quoteLiteral).join(", ")})`), removal);
    seen = await done(
      run(`select schemaname || '.' || relname as name, n_tup_del::int as removed, seq_tup_read::int as scanned
        from pg_catalog.pg_stat_xact_user_tables where n_tup_del > 0 or seq_tup_read > 0`),
      removal,
    );
  };
  if (actor === undefined) {
    await using direct = openDirect(address, { size: 1 });
    await direct.transaction(work);
  } else {
    await using sessions = openSessions(address, { size: 1 });
    await sessions.as(actor).transaction(work);
  }
  const rows = seen.reduce((sum, { removed }) => sum + Number(removed), 0);
  return {
    rows,
    scanned: seen
      .filter(({ scanned, removed }) => Number(scanned) > mostScanned + mostScannedForOne * Number(removed))
      .map(({ name }) => String(name)),
  };
}

async function done(outcome: ReturnType<Run>, { id }: Removal): Promise<readonly Record<string, unknown>[]> {
  const told = await outcome;
  if (!told.ok)
    throw new Fault("WORKLOAD_REFUSED", `${told.message} (${told.sqlstate})`, { where: `the removal ${id}` });
  return rowsOf(told);
}
