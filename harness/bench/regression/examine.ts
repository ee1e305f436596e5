import { Fault } from "../../fault/fault.ts";
import { openDraw } from "../../workload/draw.ts";
import { type Bed, counting, drawExecution } from "../bed.ts";
import { type Asked, chosenPlan, type Explanation, explain, type PlanKind } from "../explain.ts";
import type { Cell } from "./arms.ts";
import type { Examined } from "./work.ts";

/** Executions that the server sees before it settles for a plan. */
const draws = 8;

interface ExamineOptions {
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** Hears of a query that the server refuses, which is then left out; absent: that ends it. */
  readonly onRefused?: (cell: Cell, fault: Fault) => void;
}

/**
 * What each cell makes the server do in the bed, with the plan that it settles for once the statement is prepared; the same
 * values for the same seed. @throws Fault WORKLOAD_REFUSED when the server refuses a query and nobody hears of it.
 */
export function examine(
  bed: Bed,
  cells: readonly Cell[],
  { seed, signal, onRefused }: ExamineOptions,
): Promise<ReadonlyMap<Cell, Examined>> {
  return counting(bed, async (sessions) => {
    const found = new Map<Cell, Examined>();
    for (const cell of cells) {
      signal?.throwIfAborted();
      try {
        const asked = askedOf(bed, cell, seed);
        const kind: PlanKind = await chosenPlan(sessions, asked);
        const { work, plan } = await explain(sessions, asked, kind);
        found.set(cell, { work, plan });
      } catch (thrown) {
        const refused = thrown instanceof Fault && thrown.code === "WORKLOAD_REFUSED";
        if (!refused || onRefused === undefined) throw thrown;
        onRefused(cell, thrown);
      }
    }
    return found;
  });
}

/** Where a cell's time goes: its triggers, timed. */
export function timeTriggers(bed: Bed, cell: Cell, seed: number): Promise<Explanation> {
  return counting(bed, (sessions) => explain(sessions, askedOf(bed, cell, seed), "custom", { timing: true }));
}

function askedOf({ tenancy }: Bed, { query, place }: Cell, seed: number): Asked {
  const draw = openDraw(seed);
  const executions = Array.from({ length: draws }, () => drawExecution(tenancy, query, place, draw));
  const [{ actor, text }] = executions as [ReturnType<typeof drawExecution>];
  return { actor, text, draws: executions.map(({ values }) => values) };
}
