// P1: each query of the workload, in the median and in the largest tenant, prepared and not.

import { type Draw, openDraw } from "../workload/draw.ts";
import type { Place } from "../workload/scale.ts";
import type { Query } from "../workload/workload.ts";
import { type Bed, counting, drawExecution, floorExecution, openTimer, timeExecution } from "./bed.ts";
import { chosenPlan, explain, type PlanKind } from "./explain.ts";
import { couldTellMore, judgeTarget, latencyOf } from "./latency.ts";
import type { CellResult, Latency, QueryResult } from "./result.ts";
import { judgeWork } from "./work.ts";

interface Cell {
  readonly query: Query;
  readonly place: "median" | "largest";
  readonly prepared: boolean;
  readonly samples: number[];
}

export interface TargetOptions {
  /** Connections, one after the other; default 10. */
  readonly rounds?: number;
  /** Executions of each cell in a round; default 100. */
  readonly samples?: number;
  /** As many samples at most where fewer cannot tell; default 5,000. */
  readonly mostSamples?: number;
  /** How long more samples are taken where fewer cannot tell; default 60,000. Reads and writes have it each. */
  readonly mostMs?: number;
  readonly say: (detail: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const warmUps = 8;

export interface Targets {
  readonly floor: Latency;
  readonly queries: readonly QueryResult[];
}

/** What the queries of the workload do and how long they take. @throws Fault WORKLOAD_REFUSED, ENGINE_LOST. */
export async function measureTargets(bed: Bed, options: TargetOptions): Promise<Targets> {
  const { rounds = 10, samples = 100, mostSamples = 5_000, mostMs = 60_000, say, signal } = options;
  const { queries } = bed.workload;
  const cells = queries.flatMap((query) =>
    (["median", "largest"] as const).flatMap((place) =>
      [true, false].map((prepared): Cell => ({ query, place, prepared, samples: [] })),
    ),
  );
  const floor: number[] = [];
  // What is looked at first has been written to by nobody.
  const explained = await explainAll(bed, say, signal);
  const turns = { bed, floor, say, signal };
  for (const writes of [false, true]) {
    const some = cells.filter(({ query }) => (query.writes ?? false) === writes);
    for (let round = 0; round < rounds; round += 1) await sampleRound(turns, some, round, samples);
    const until = performance.now() + mostMs;
    let open = some;
    let nextLook = rounds * samples;
    for (let round = rounds; round * samples < mostSamples && performance.now() < until; round += 1) {
      // Whoever looks after every few samples sees by chance, sooner or later, whatever there is to be seen.
      if (round * samples >= nextLook) {
        open = open.filter((cell) => isOpen(cell, floor));
        nextLook = Math.min(mostSamples, nextLook * 2.5);
      }
      if (open.length === 0) break;
      await sampleRound(turns, open, round, samples);
    }
  }
  return {
    floor: latencyOf(floor),
    queries: queries.map((query) => report(bed, query, cells, floor, explained)),
  };
}

/** Whether more samples could still tell whether the target is met. */
function isOpen({ query, samples }: Cell, floor: readonly number[]): boolean {
  const { targetMs } = query;
  return targetMs !== undefined && couldTellMore(samples, floor, targetMs);
}

interface Turns {
  readonly bed: Bed;
  readonly floor: number[];
  readonly say: (detail: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** One connection, on which all cells take turns in an order that is drawn, with the floor between them. */
async function sampleRound(
  { bed, floor, say, signal }: Turns,
  cells: readonly Cell[],
  round: number,
  samples: number,
): Promise<void> {
  const { tenancy, scale, seed } = bed;
  await using stopwatch = await openTimer(bed);
  const draw = openDraw(seed * 7919 + round);
  const nothing = floorExecution(tenancy, scale.median);
  for (let turn = -warmUps; turn < samples; turn += 1) {
    signal?.throwIfAborted();
    if (turn % 20 === 0) say(`round ${round + 1}, ${cells.length} cells, ${Math.max(0, turn)} of ${samples}`);
    for (const [position, cell] of shuffled(cells, draw).entries()) {
      const execution = drawExecution(tenancy, cell.query, scale[cell.place], draw);
      const { elapsedMs } = await timeExecution(stopwatch, execution, cell);
      if (turn >= 0) cell.samples.push(elapsedMs);
      if (position % 8 > 0) continue;
      const ofNothing = await timeExecution(stopwatch, nothing, { prepared: true });
      if (turn >= 0) floor.push(ofNothing.elapsedMs);
    }
  }
}

function shuffled<T>(all: readonly T[], draw: Draw): T[] {
  const order = [...all];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = draw.between(0, last);
    [order[last], order[other]] = [order[other] as T, order[last] as T];
  }
  return order;
}

type Explained = Map<string, Awaited<ReturnType<typeof explain>> & { readonly chosen: PlanKind }>;

const keyOf = (query: Query, place: string, kind: PlanKind) => `${query.id} ${place} ${kind}`;

/** Every query in both places, by a plan for its values and by one for any. */
async function explainAll(bed: Bed, say: (detail: string) => void, signal?: AbortSignal): Promise<Explained> {
  const { tenancy, scale, workload, seed } = bed;
  return counting(bed, async (sessions) => {
    const all: Explained = new Map();
    for (const query of workload.queries) {
      for (const name of ["median", "largest"] as const) {
        signal?.throwIfAborted();
        say(`plan of ${query.id}, ${name} tenant`);
        const place: Place = scale[name];
        const draw = openDraw(seed);
        const first = drawExecution(tenancy, query, place, draw);
        const others = Array.from({ length: 7 }, () => query.values(place, draw));
        const asked = { actor: first.actor, text: query.text, draws: [first.values, ...others] };
        const chosen = await chosenPlan(sessions, asked);
        for (const kind of ["custom", "generic"] as const)
          all.set(keyOf(query, name, kind), { ...(await explain(sessions, asked, kind)), chosen });
      }
    }
    return all;
  });
}

function report(
  { scale }: Bed,
  query: Query,
  all: readonly Cell[],
  floor: readonly number[],
  explained: Explained,
): QueryResult {
  const of = (place: string, kind: PlanKind) =>
    explained.get(keyOf(query, place, kind)) as NonNullable<ReturnType<Explained["get"]>>;
  const cells = all
    .filter((cell) => cell.query === query)
    .map(({ place, prepared, samples }): CellResult => {
      // What is not prepared is planned for its values each time.
      const planKind = prepared ? of(place, "custom").chosen : "custom";
      const { plan, work, repeat } = of(place, planKind);
      return {
        place,
        placeRows: scale[place].rows,
        way: prepared ? "prepared" : "unprepared",
        planKind,
        plan,
        work,
        repeat,
        workJudgement: judgeWork(work, query),
        latency: latencyOf(samples),
        ...(query.targetMs !== undefined && { timeJudgement: judgeTarget(samples, floor, query.targetMs) }),
      };
    });
  const { id, title, asker, targetMs } = query;
  const other = of("largest", "custom").chosen === "custom" ? "generic" : "custom";
  const chosen = of("largest", other === "generic" ? "custom" : "generic");
  const passedOver = of("largest", other);
  return {
    id,
    title,
    asker,
    ...(targetMs !== undefined && { targetMs }),
    cells,
    ...(chosen.plan.fingerprint !== passedOver.plan.fingerprint && {
      otherPlan: { place: "largest", planKind: other, plan: passedOver.plan, work: passedOver.work } as const,
    }),
  };
}
