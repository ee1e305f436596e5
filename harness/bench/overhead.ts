// P3: what row level security, pgAudit and the triggers that feed the audit log add to each request, in one run, on one
// server, with the same rows: before a connection of an arm is opened, what that arm goes without is turned off.

import { type AuditEntry, auditEntriesOf, readLogEntries } from "../engine/log-entries.ts";
import { type Draw, openDraw } from "../workload/draw.ts";
import type { Query } from "../workload/workload.ts";
import { asSuperuser, type Bed, drawExecution, openTimer } from "./bed.ts";
import {
  type ArmName,
  arms,
  type Comparison,
  comparable,
  ofKeptReads,
  ofReads,
  ofWrites,
  whole,
} from "./comparisons.ts";
import { type Equipment, equip, type Guards, readGuards } from "./equipment.ts";
import { told } from "./latency.ts";
import { pairedOf, pairedOfAll, pairsOf } from "./paired.ts";
import type { Judgement, OverheadResult, Paired } from "./result.ts";
import { type Arm, playRounds, type Round } from "./rounds.ts";

export interface OverheadOptions {
  /** Default 20, and twice as many where these cannot tell; half as many where nobody has promised a limit. */
  readonly rounds?: number;
  /** Executions of each query and arm in a round; default 20. */
  readonly samples?: number;
  /** Executions of a new connection that do not count, as for any rounds. */
  readonly warmUps?: number;
  /** What is wrong with pgAudit's entries, as `checkLogging` found. */
  readonly mislogged: string | undefined;
  readonly say: (detail: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What each costs; what the bed has not cannot be compared and is left out. @throws Fault WORKLOAD_REFUSED, ENGINE_LOST. */
export async function measureOverheads(
  bed: Bed,
  options: OverheadOptions,
): Promise<readonly OverheadResult[]> {
  const guards = await readGuards(bed);
  const has = ({ id }: Comparison) =>
    (id !== "rls" || guards.tables.length > 0) &&
    (id !== "pgaudit" || guards.pgauditLog !== undefined) &&
    (id !== "both" || (guards.tables.length > 0 && guards.pgauditLog !== undefined)) &&
    (id !== "audit triggers" || guards.triggers.length > 0);
  const results: OverheadResult[] = [];
  try {
    for (const all of [ofReads, ofKeptReads, ofWrites]) {
      const comparisons = all.filter(has);
      const queries = bed.workload.queries.filter((query) => comparisons.some(({ of }) => of(query)));
      if (queries.length === 0) continue;
      const compared = comparisons.flatMap(({ first, second }) => [first, second]);
      const names = [...new Set([...compared, ...(all === ofReads ? (["bare again"] as const) : [])])];
      const prepared = comparisons.some((one) => one.prepared);
      const opened = names.map((name) => openArm(bed, guards, name, prepared));
      const promised = comparisons.some(({ mostRatio }) => mostRatio !== undefined);
      const { rounds: atFirst = 20, mislogged } = options;
      const rounds = promised ? atFirst : Math.ceil(atFirst / 2);
      const played: Round[] = [];
      let found: readonly OverheadResult[] = [];
      for (let turn = 0; turn < (promised ? 2 : 1); turn += 1) {
        played.push(...(await play(bed, opened, queries, { ...options, rounds, from: turn * rounds })));
        found = comparisons.map((one) => report(one, queries, played, bed.seed, mislogged));
        if (found.every(({ judgement }) => judgement.outcome !== "inconclusive")) break;
      }
      results.push(...found);
    }
  } finally {
    await asSuperuser(bed, (connection) => equip(connection, bed, guards, whole));
  }
  return results;
}

function play(
  { seed }: Bed,
  opened: readonly Arm[],
  queries: readonly Query[],
  {
    rounds,
    from,
    samples = 20,
    warmUps,
    say,
    signal,
  }: OverheadOptions & { readonly rounds: number; readonly from: number },
): Promise<readonly Round[]> {
  return playRounds({
    arms: opened,
    queries,
    rounds,
    from,
    samples,
    seed,
    onRound: ({ done, of }) => say(`${opened.map(({ name }) => name).join(", ")}: round ${done} of ${of}`),
    ...(warmUps !== undefined && { warmUps }),
    ...(signal && { signal }),
  });
}

function openArm(bed: Bed, guards: Guards, name: ArmName, prepared: boolean): Arm {
  return {
    name,
    async open() {
      await asSuperuser(bed, (connection) => equip(connection, bed, guards, arms[name]));
      const stopwatch = await openTimer(bed);
      return {
        run: async (query, draw) =>
          (await stopwatch.time({ ...ask(bed, query, draw, arms[name]), prepared })).elapsedMs,
        [Symbol.asyncDispose]: () => stopwatch[Symbol.asyncDispose](),
      };
    },
  };
}

/** Somebody of the median tenant; where no policy restricts what they see, the query does. */
function ask(bed: Bed, query: Query, draw: Draw, { rls }: Equipment) {
  const place = bed.scale.median;
  // Every arm is given the same values, and what one arm stores must not be in the way of the next.
  const execution = { ...drawExecution(bed.tenancy, query, place, draw), rollBack: query.writes === true };
  if (rls || query.unprotected === undefined) return execution;
  const { text, added } = query.unprotected;
  return { ...execution, text, values: [...execution.values, ...added(place, execution.person)] };
}

/**
 * A log that is not written looks like speed: what is wrong with the entries that one execution of each query leaves.
 * Undefined where nothing is, or pgAudit is not set up. `readLog` is asked several times: it must not be long yet.
 */
export async function checkLogging(bed: Bed, readLog: () => Promise<string>): Promise<string | undefined> {
  const guards = await readGuards(bed);
  const queries = bed.workload.queries.filter(comparable);
  if (guards.pgauditLog === undefined || queries.length === 0) return undefined;
  const count = async () =>
    auditEntriesOf(readLogEntries(await readLog(), bed.database.name)).filter(isOfQuery).length;
  try {
    for (const name of ["bare", "policies only", "pgaudit only", "whole"] as const) {
      await using session = await openArm(bed, guards, name, false).open();
      // Opening it asks for something, too, which may be logged where nothing else is.
      const before = await count();
      for (const query of queries) await session.run(query, openDraw(bed.seed));
      const entries = (await count()) - before;
      if (arms[name].pgaudit && entries < queries.length)
        return `pgAudit wrote ${entries} entries for ${queries.length} requests: it is not at work`;
      if (!arms[name].pgaudit && entries > 0)
        return `pgAudit wrote ${entries} entries although it was turned off`;
    }
  } finally {
    await asSuperuser(bed, (connection) => equip(connection, bed, guards, whole));
  }
  return undefined;
}

/** What sets the claims of a request is logged as a read of nothing. */
function isOfQuery({ statement }: AuditEntry): boolean {
  return !statement.startsWith("select set_config(");
}

function report(
  { id, title, first, second, of, mostRatio }: Comparison,
  queries: readonly Query[],
  rounds: readonly Round[],
  seed: number,
  mislogged: string | undefined,
): OverheadResult {
  const compared = queries
    .filter(of)
    .map((query) => ({ id: query.id, pairs: pairsOf(rounds, query.id, first, second) }));
  const all = pairedOfAll(
    compared.map(({ pairs }) => pairs),
    seed,
  );
  const equal = queries.filter(of).map((query) => pairsOf(rounds, query.id, "bare", "bare again"));
  const between = mostRatio === undefined ? undefined : pairedOfAll(equal, seed).effect;
  const noiseMs = between ? Math.max(Math.abs(between.low), Math.abs(between.high)) : 0;
  return {
    id,
    title,
    all,
    queries: compared.map((one) => ({ id: one.id, paired: pairedOf(one.pairs, seed) })),
    ...(mostRatio !== undefined && { mostRatio }),
    judgement:
      mislogged && id !== "rls"
        ? { outcome: "inconclusive", why: mislogged }
        : judge(all, mostRatio, id === "both" ? 2 : 1, noiseMs),
  };
}

/**
 * What was said is a part of a request whose length nobody said: of one that takes half a millisecond, a call of the
 * function that reads the claims is a tenth. So what is measured is told beside what was said, above or below, and only a
 * guard that costs more than both that part and this is called too dear. Milliseconds, for each guard.
 */
const mostMsOfGuard = 0.25;

const percent = new Intl.NumberFormat("en-US", {
  style: "percent",
  maximumFractionDigits: 1,
  signDisplay: "exceptZero",
});

/** Of `guards` guards together; `noiseMs` is what two equal arms lie apart. */
function judge(
  { ratio, effect, firstMedian }: Paired,
  mostRatio: number | undefined,
  guards: number,
  noiseMs: number,
): Judgement {
  const seen = `${percent.format(ratio.estimate)}, ${told(effect.estimate)} (${told(effect.low)} to ${told(effect.high)})`;
  if (mostRatio === undefined) return { outcome: "pass", why: `${seen}; nobody has promised a limit` };
  const mostMs = Math.max(mostRatio * firstMedian, guards * mostMsOfGuard, noiseMs);
  const said = percent.format(mostRatio).replace("+", "");
  const beside = `${ratio.estimate > mostRatio ? "above" : "below"} the ${said} that were said`;
  if (effect.high <= mostMs) return { outcome: "pass", why: `${seen}: ${beside}` };
  const limit = `${said} and ${told(mostMs)}`;
  if (effect.low > mostMs) return { outcome: "fail", why: `${seen}: more than ${limit}` };
  return {
    outcome: "inconclusive",
    byClock: true,
    why: `${seen}: ${limit} lie in between, on a machine where two equal arms lie ${told(noiseMs)} apart`,
  };
}
