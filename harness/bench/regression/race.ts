// Race: base, head, head's twin and a slowed head in the same rounds, until what can be told is told.

import { median } from "simple-statistics";
import { type Pair, pairedOf, pairsOf } from "../paired.ts";
import type { Paired } from "../result.ts";
import { type Arm, playRounds, type Round, type RoundsRequest } from "../rounds.ts";
import type { Cell } from "./arms.ts";
import { judgeTime, noiseOf, type TimeFinding } from "./time.ts";

export const armNames = { base: "base", head: "head", twin: "twin", slowed: "slowed" } as const;

/** What the rounds say of one cell. */
export interface Timed {
  readonly cell: Cell;
  /** Head against base. */
  readonly paired: Paired;
  readonly time: TimeFinding;
  /** Head's twin against head: no difference. */
  readonly equal: Paired;
  /** Its samples, round by round. */
  readonly equalPairs: readonly Pair[];
  /** How much equal arms differ; milliseconds. */
  readonly noiseMs: number;
  /** The slowed head against head, where the cell was slowed. */
  readonly slowed?: Paired;
}

export interface RaceRequest {
  readonly cells: readonly Cell[];
  /** Base, head and twin. */
  readonly arms: readonly Arm<Cell>[];
  /** The head whose cells in `delays` are slower by so many milliseconds. */
  readonly slow: (delays: ReadonlyMap<Cell, number>) => Arm<Cell>;
  readonly seed: number;
  /** As many at first, and as many at most, where the first leave something undecided. Default 20 and 40. */
  readonly rounds?: { readonly first: number; readonly most: number };
  /** Of a query in each round, fewer of slow ones; default 20. */
  readonly samples?: number;
  /** Of each connection, all queries together; default 50. */
  readonly warmUps?: number;
  readonly say: (detail: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What a cell may take of each arm's part of a round. */
const shareMs = 150;
/** Slower by so much of its own time must be found; 5% may be. */
const slowedRatio = 0.25;
const leastDelayMs = 1;

/** Cells that read, or cells that write; not both. */
export async function race(request: RaceRequest): Promise<readonly Timed[]> {
  const { cells, arms, rounds: { first, most } = { first: 20, most: 40 }, seed } = request;
  if (cells.length === 0) return [];
  const pace = await findPace(request);
  const delays = chooseSlowed(cells, pace);
  const lanes = delays.size === 0 ? arms : [...arms, request.slow(delays)];
  const played: Round[] = [];
  let timed: readonly Timed[] = [];
  for (let from = 0; from < most; ) {
    const open = from === 0 ? cells : timed.filter((one) => !isSettled(one)).map(({ cell }) => cell);
    if (open.length === 0) break;
    const rounds = from === 0 ? first : Math.min(5, most - from);
    const queries = from === 0 ? cells : open;
    played.push(
      ...(await playRounds({
        ...optionsOf(request, `${open.length} of ${cells.length} queries`),
        ...{ arms: lanes, queries, rounds, from, samples: samplesBy(pace, request.samples) },
      })),
    );
    from += rounds;
    timed = cells.map((cell) => judge(cell, played, delays, seed));
  }
  return timed;
}

/** The median time of each cell where it takes longest. */
async function findPace(request: RaceRequest): Promise<ReadonlyMap<string, number>> {
  const options = { ...optionsOf(request, "pace"), warmUps: 1 };
  // Number -1: the values of the rounds themselves have been met by nobody before.
  const played = await playRounds({ ...options, queries: request.cells, rounds: 1, from: -1, samples: 4 });
  return new Map(
    played.map(({ query, samples }) => [
      query,
      Math.max(...Object.values(samples).map((times) => median([...times]))),
    ]),
  );
}

function samplesBy(pace: ReadonlyMap<string, number>, most = 20): (cell: Cell) => number {
  return ({ id }) => Math.max(2, Math.min(most, 2 * Math.floor(shareMs / (pace.get(id) ?? 1))));
}

/** The fastest cell that reads: there a delay is easiest told from noise. One that writes cannot be asked twice alike. */
function chooseSlowed(cells: readonly Cell[], pace: ReadonlyMap<string, number>): ReadonlyMap<Cell, number> {
  const [fastest] = cells
    .filter(({ writes }) => !writes)
    .sort((a, b) => (pace.get(a.id) ?? 0) - (pace.get(b.id) ?? 0));
  if (fastest === undefined) return new Map();
  return new Map([[fastest, Math.max(leastDelayMs, slowedRatio * (pace.get(fastest.id) ?? 0))]]);
}

function judge(cell: Cell, played: readonly Round[], delays: ReadonlyMap<Cell, number>, seed: number): Timed {
  const { base, head, twin, slowed } = armNames;
  const of = (one: string, other: string) => pairedOf(pairsOf(played, cell.id, one, other), seed);
  const [paired, equal] = [of(base, head), of(head, twin)];
  const noiseMs = noiseOf(equal);
  const time = judgeTime(paired, noiseMs);
  const equalPairs = pairsOf(played, cell.id, head, twin);
  const found = { cell, paired, equal, equalPairs, noiseMs, time };
  return delays.has(cell) ? { ...found, slowed: of(head, slowed) } : found;
}

/** An equal pair that seems not to be is worth more rounds, too. */
function isSettled({ time, equal }: Timed): boolean {
  return time.settled && judgeTime(equal, 0).verdict === "same";
}

function optionsOf(
  { arms, seed, warmUps, say, signal }: RaceRequest,
  what: string,
): Pick<RoundsRequest<Cell>, "arms" | "seed" | "warmUps" | "onRound" | "signal"> {
  return {
    arms,
    seed,
    onRound: ({ done, of }) => say(`${what}, round ${done} of ${of}`),
    ...(warmUps !== undefined && { warmUps }),
    ...(signal && { signal }),
  };
}
