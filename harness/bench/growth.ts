// P2: what a tenant's queries cost while the table grows around it. The tenant has the same rows at every size; what grows
// is the rows of all others.

import { linearRegression, linearRegressionLine, median } from "simple-statistics";
import { openDraw } from "../workload/draw.ts";
import type { Query } from "../workload/workload.ts";
import { type Bed, counting, drawExecution, openTimer } from "./bed.ts";
import { chosenPlan, explain } from "./explain.ts";
import { latencyOf, told } from "./latency.ts";
import { medianOfRounds } from "./paired.ts";
import type { GrowthResult, Judgement } from "./result.ts";
import { type Arm, playRounds, type Round } from "./rounds.ts";

/** A decade of rows: an index that grows by a level adds a page or two to any look-up. */
const mostSlope = 0.2;
/**
 * Pages of indexes on the way to a row, at any size. A query that looks at no more besides than one page for each entry it
 * reads has stopped growing: a scan of an index alone asks the visibility map for each, which is one page while a table is
 * small and another one for nearly every entry once it is large.
 */
const pagesToRow = 12;

/** What an execution looks at. */
interface Looked {
  readonly pages: number;
  readonly entries: number;
}

export interface GrowthOptions {
  /** Default 10. */
  readonly rounds?: number;
  /** Executions of each query and size in a round; default 20. */
  readonly samples?: number;
  readonly say: (detail: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** How the queries that have a target grow over beds of different sizes, at least two. @throws as `explain` does. */
export async function measureGrowth(
  beds: readonly Bed[],
  { rounds = 10, samples = 20, say, signal }: GrowthOptions,
): Promise<readonly GrowthResult[]> {
  const [one] = beds;
  // A write leaves rows behind, and the smallest table would not be what it was.
  const queries = (one?.workload.queries ?? []).filter(
    ({ targetMs, writes }) => targetMs !== undefined && !writes,
  );
  if (one === undefined || queries.length === 0) return [];
  const buffers = new Map<Bed, ReadonlyMap<Query, Looked>>();
  for (const bed of beds) {
    say(`plans at ${bed.scale.rows} rows`);
    buffers.set(bed, await countBuffers(bed, queries));
  }
  const played = await playRounds({
    arms: beds.map(openArm),
    queries,
    rounds,
    samples,
    seed: one.seed,
    onRound: ({ done, of }) => say(`round ${done} of ${of} over ${beds.length} sizes`),
    ...(signal && { signal }),
  });
  return queries.map((query) => report(query, beds, buffers, played, one.seed));
}

function openArm(bed: Bed): Arm {
  return {
    name: String(bed.scale.rows),
    async open() {
      const stopwatch = await openTimer(bed);
      return {
        async run(query, draw) {
          const execution = drawExecution(bed.tenancy, query, bed.scale.steady, draw);
          return (await stopwatch.time({ ...execution, prepared: true })).elapsedMs;
        },
        [Symbol.asyncDispose]: () => stopwatch[Symbol.asyncDispose](),
      };
    },
  };
}

async function countBuffers(bed: Bed, queries: readonly Query[]): Promise<ReadonlyMap<Query, Looked>> {
  return counting(bed, async (sessions) => {
    const looked = new Map<Query, Looked>();
    for (const query of queries) {
      const draw = openDraw(bed.seed);
      const { actor, text, values } = drawExecution(bed.tenancy, query, bed.scale.steady, draw);
      const others = Array.from({ length: 7 }, () => query.values(bed.scale.steady, draw));
      const asked = { actor, text, draws: [values, ...others] };
      const { work } = await explain(sessions, asked, await chosenPlan(sessions, asked));
      looked.set(query, { pages: work.buffers, entries: work.rowsRead });
    }
    return looked;
  });
}

function report(
  query: Query,
  beds: readonly Bed[],
  buffers: ReadonlyMap<Bed, ReadonlyMap<Query, Looked>>,
  played: readonly Round[],
  seed: number,
): GrowthResult {
  const rounds = played.filter((round) => round.query === query.id);
  const points = beds.map((bed) => ({
    rows: bed.scale.rows,
    buffers: buffers.get(bed)?.get(query)?.pages ?? 0,
    latency: latencyOf(rounds.flatMap(({ samples }) => samples[String(bed.scale.rows)] ?? [])),
  }));
  const slopeOfBuffers = slopeOf(points.map((point) => [point.rows, point.buffers]));
  const slopes = rounds.map(({ samples }) =>
    slopeOf(beds.map(({ scale }) => [scale.rows, median([...(samples[String(scale.rows)] ?? [])])])),
  );
  const { id, title } = query;
  return {
    id,
    title,
    points,
    slopeOfBuffers,
    slopeOfLatency: medianOfRounds(slopes, seed),
    judgement: judge(
      points,
      slopeOfBuffers,
      beds.map((bed) => buffers.get(bed)?.get(query)?.entries ?? 0),
    ),
  };
}

function judge(points: GrowthResult["points"], slope: number, entries: readonly number[]): Judgement {
  const [first, last] = [points[0], points.at(-1)];
  const pages = `${first?.buffers} pages at ${first?.rows} rows, ${last?.buffers} at ${last?.rows}`;
  const why = `${pages}: slope ${slope.toFixed(2)} a decade; median ${told(first?.latency.p50 ?? 0)} and ${told(last?.latency.p50 ?? 0)}`;
  if (slope < mostSlope) return { outcome: "pass", why };
  // As many entries at any size, and at the largest no more pages than that: it cannot grow further.
  const most = Math.max(...entries);
  const bounded = most === Math.min(...entries) && (last?.buffers ?? 0) <= most + pagesToRow;
  return bounded
    ? {
        outcome: "pass",
        why: `${why}; no more than a page for each of the ${most} entries it reads at any size`,
      }
    : { outcome: "fail", why };
}

/** Of log y over log x, to the base 10. */
function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const line = linearRegressionLine(
    linearRegression(points.map(([x, y]) => [Math.log10(x), Math.log10(Math.max(y, 1e-6))])),
  );
  return line(1) - line(0);
}
