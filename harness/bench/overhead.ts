// P3: what row level security, pgAudit and the triggers that feed the audit log add to each request, in one run, on one
// server, with the same rows: before a connection of an arm is opened, what that arm goes without is turned off.

import { auditEntriesOf, readLogEntries } from "../engine/log-entries.ts";
import { type Draw, openDraw } from "../workload/draw.ts";
import type { Query } from "../workload/workload.ts";
import { asSuperuser, type Bed, drawExecution, openTimer } from "./bed.ts";
import { type Equipment, equip, type Guards, readGuards } from "./equipment.ts";
import { pairedOf, pairedOfAll, pairsOf } from "./paired.ts";
import type { Judgement, OverheadResult, Paired } from "./result.ts";
import { type Arm, playRounds, type Round } from "./rounds.ts";

const whole: Equipment = { rls: true, pgaudit: true, triggers: true };
const arms = {
  whole,
  bare: { ...whole, rls: false, pgaudit: false },
  "policies only": { ...whole, pgaudit: false },
  "pgaudit only": { ...whole, rls: false },
  "no audit triggers": { ...whole, triggers: false },
} as const satisfies Record<string, Equipment>;
type ArmName = keyof typeof arms;

interface Comparison {
  readonly id: OverheadResult["id"];
  readonly title: string;
  readonly first: ArmName;
  readonly second: ArmName;
  readonly of: (query: Query) => boolean;
  readonly mostRatio?: number;
  /** Whether the server keeps the statements; then a plan for any values may be used on one side and not on the other. */
  readonly prepared: boolean;
}

/** Where the policies are off, only a query that says its tenancy itself asks the same. */
const comparable = ({ asker, unprotected }: Query) => asker === "member" && unprotected !== undefined;
const writing = ({ writes }: Query) => writes === true;

const ofReads: readonly Comparison[] = [
  { id: "rls", title: "row level security", second: "policies only", mostRatio: 0.05 },
  { id: "pgaudit", title: "pgAudit", second: "pgaudit only", mostRatio: 0.1 },
  { id: "both", title: "row level security and pgAudit", second: "whole", mostRatio: 0.15 },
].map((one) => ({ ...one, first: "bare", of: comparable, prepared: false }) as Comparison);

/**
 * The same for statements that are kept. A policy keeps the server from using an index on an enum for a plan that fits all
 * values, so it plans anew each time: what that costs is told, and is none of the policy's own work.
 */
const ofKeptReads: readonly Comparison[] = ofReads.map(({ mostRatio: _, ...one }) => ({
  ...one,
  title: `${one.title}, statements prepared`,
  prepared: true,
}));

const ofWrites: readonly Comparison[] = [
  {
    id: "audit triggers",
    title: "the triggers that feed the audit log",
    first: "no audit triggers",
    second: "whole",
    of: writing,
    prepared: false,
  },
];

export interface OverheadOptions {
  /** Default 20. */
  readonly rounds?: number;
  /** Executions of each query and arm in a round; default 20. */
  readonly samples?: number;
  /** The server's log so far. */
  readonly readLog: () => Promise<string>;
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
      const names = [...new Set(comparisons.flatMap(({ first, second }) => [first, second]))];
      const prepared = comparisons.some((one) => one.prepared);
      const opened = names.map((name) => openArm(bed, guards, name, prepared));
      const mislogged = await countEntries(bed, guards, names, opened, queries, options);
      const rounds = await play(bed, opened, queries, options);
      results.push(...comparisons.map((one) => report(one, queries, rounds, bed.seed, mislogged)));
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
  { rounds = 20, samples = 20, say, signal }: OverheadOptions,
): Promise<readonly Round[]> {
  return playRounds({
    arms: opened,
    queries,
    rounds,
    samples,
    seed,
    onRound: ({ done, of }) => say(`${opened.map(({ name }) => name).join(", ")}: round ${done} of ${of}`),
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

/** A log that is not written looks like speed: what is wrong with the entries of one execution of each query. */
async function countEntries(
  bed: Bed,
  { pgauditLog }: Guards,
  names: readonly ArmName[],
  opened: readonly Arm[],
  queries: readonly Query[],
  { readLog }: OverheadOptions,
): Promise<string | undefined> {
  if (pgauditLog === undefined) return undefined;
  for (const [position, arm] of opened.entries()) {
    const count = async () => auditEntriesOf(readLogEntries(await readLog(), bed.database.name)).length;
    const before = await count();
    await using session = await arm.open();
    for (const query of queries) await session.run(query, openDraw(bed.seed));
    const entries = (await count()) - before;
    const { pgaudit } = arms[names[position] as ArmName];
    if (pgaudit && entries < queries.length)
      return `pgAudit wrote ${entries} entries for ${queries.length} requests: it is not at work`;
    if (!pgaudit && entries > 0) return `pgAudit wrote ${entries} entries although it was turned off`;
  }
  return undefined;
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
  return {
    id,
    title,
    all,
    queries: compared.map((one) => ({ id: one.id, paired: pairedOf(one.pairs, seed) })),
    ...(mostRatio !== undefined && { mostRatio }),
    judgement:
      mislogged && id !== "rls" ? { outcome: "inconclusive", why: mislogged } : judge(all, mostRatio),
  };
}

const percent = new Intl.NumberFormat("en-US", {
  style: "percent",
  maximumFractionDigits: 1,
  signDisplay: "exceptZero",
});

function judge({ ratio }: Paired, mostRatio: number | undefined): Judgement {
  const why = `${percent.format(ratio.estimate)} (${percent.format(ratio.low)} to ${percent.format(ratio.high)})`;
  if (mostRatio === undefined) return { outcome: "pass", why: `${why}; nobody has promised a limit` };
  if (ratio.high <= mostRatio) return { outcome: "pass", why };
  const limit = percent.format(mostRatio).replace("+", "");
  if (ratio.low > mostRatio) return { outcome: "fail", why: `${why}, more than ${limit}` };
  return { outcome: "inconclusive", why: `${why}: ${limit} lies in between` };
}
