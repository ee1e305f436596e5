// Arm: one way to do the same: the schema before or after, with or without policies. Session: one connection of an arm.
// Round: each arm opened anew, there and back (A B B A), asked the same questions with the same values; the unit of any
//   comparison, since what one backend measures again and again is not independent.

import { createHash } from "node:crypto";
import { type Draw, openDraw } from "../workload/draw.ts";
import type { Query } from "../workload/workload.ts";

/** What rounds need to know of a question. */
export type Question = Pick<Query, "id" | "writes">;

export interface Arm<Q extends Question = Query> {
  readonly name: string;
  open(): Promise<ArmSession<Q>>;
}

export interface ArmSession<Q extends Question = Query> extends AsyncDisposable {
  /** How long one execution took, with values from `draw`; milliseconds. */
  run(query: Q, draw: Draw): Promise<number>;
}

export interface RoundsRequest<Q extends Question = Query> {
  /** Names that differ from each other. */
  readonly arms: readonly Arm<Q>[];
  readonly queries: readonly Q[];
  readonly rounds: number;
  /** The number of the first one; default 0. Rounds that are added later draw other values. */
  readonly from?: number;
  /** Of each arm and query in a round; an even number of at least 2, or one for each query. Default 10. */
  readonly samples?: number | ((query: Q) => number);
  /** Executions of a new session that do not count, all queries together; of each at least 6. Default 50. */
  readonly warmUps?: number;
  readonly seed: number;
  /** Told after each round, reads and writes counted apart. */
  readonly onRound?: (progress: { readonly done: number; readonly of: number }) => void;
  /** Its reason is thrown, between two executions. */
  readonly signal?: AbortSignal;
}

export interface Round {
  readonly index: number;
  /** The query's id. */
  readonly query: string;
  /** Milliseconds, by the arm's name. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

/** The sixth execution of a prepared statement is the first that may take the generic plan. */
const leastWarmUps = 6;
/** A query that is this slow gets no warmer. */
const longestWarmUpMs = 500;

/** The samples of each round and query: of all rounds those that read, then of all rounds those that write. */
export async function playRounds<Q extends Question>(request: RoundsRequest<Q>): Promise<readonly Round[]> {
  const { queries, rounds, from = 0, onRound } = request;
  // A read that came after a write would find pages and plans that it left.
  const kinds = [queries.filter(({ writes }) => !writes), queries.filter(({ writes }) => writes)];
  const phases = kinds.filter(({ length }) => length > 0);
  const played: Round[] = [];
  for (const [phase, asked] of phases.entries())
    for (let round = 0; round < rounds; round++) {
      played.push(...(await playRound(request, asked, from + round)));
      onRound?.({ done: phase * rounds + round + 1, of: phases.length * rounds });
    }
  return played;
}

async function playRound<Q extends Question>(
  request: RoundsRequest<Q>,
  queries: readonly Q[],
  index: number,
): Promise<readonly Round[]> {
  const { arms } = request;
  const samples = queries.map(() => Object.fromEntries(arms.map(({ name }) => [name, [] as number[]])));
  for (const [half, order] of [arms, [...arms].reverse()].entries())
    for (const arm of order) {
      await using session = await arm.open();
      await warmUp(session, request, queries, `${index} ${half}`);
      const taken = await takeSamples(session, request, queries, `${index} ${half}`);
      for (const [at, times] of taken.entries()) samples[at]?.[arm.name]?.push(...times);
    }
  return queries.map(({ id }, at) => ({ index, query: id, samples: samples[at] ?? {} }));
}

async function warmUp<Q extends Question>(
  session: ArmSession<Q>,
  { warmUps = 50, seed, signal }: RoundsRequest<Q>,
  queries: readonly Q[],
  when: string,
): Promise<void> {
  const each = warmUps === 0 ? 0 : Math.max(leastWarmUps, Math.ceil(warmUps / queries.length));
  for (const query of queries) {
    const draw = drawOf(seed, `warm-up ${when}`, query);
    for (let left = each, sum = 0; left > 0 && sum < longestWarmUpMs; left--) {
      signal?.throwIfAborted();
      sum += await session.run(query, draw);
    }
  }
}

/** In turn, so that what disturbs the machine for a moment disturbs all queries a little and none a lot. */
async function takeSamples<Q extends Question>(
  session: ArmSession<Q>,
  { samples = 10, seed, signal }: RoundsRequest<Q>,
  queries: readonly Q[],
  when: string,
): Promise<readonly (readonly number[])[]> {
  const turns = queries.map((query) => ({
    query,
    draw: drawOf(seed, when, query),
    wanted: Math.ceil((typeof samples === "number" ? samples : samples(query)) / 2),
    times: [] as number[],
  }));
  const most = Math.max(...turns.map(({ wanted }) => wanted));
  for (let turn = 0; turn < most; turn++)
    for (const { query, draw, wanted, times } of turns) {
      if (turn >= wanted) continue;
      signal?.throwIfAborted();
      times.push(await session.run(query, draw));
    }
  return turns.map(({ times }) => times);
}

/** The same values for every arm: no arm is part of it. */
function drawOf(seed: number, when: string, { id }: Question): Draw {
  const digest = createHash("sha256").update(`${seed} ${when} ${id}`).digest();
  return openDraw(digest.readUInt32LE(0));
}
