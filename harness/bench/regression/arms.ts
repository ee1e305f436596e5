// Cell: one query of the workload, of one place; its own question in the rounds.

import type { Place, Scale } from "../../workload/scale.ts";
import type { Query } from "../../workload/workload.ts";
import { type Bed, drawExecution, openTimer, timeExecution } from "../bed.ts";
import type { Arm, Question } from "../rounds.ts";

export interface Cell extends Question {
  readonly query: Query;
  readonly at: "median" | "largest";
  readonly place: Place;
}

/** Each query, of the median place and of the largest. */
export function cellsOf(queries: readonly Query[], scale: Scale): readonly Cell[] {
  const places = [
    { at: "median", place: scale.median },
    { at: "largest", place: scale.largest },
  ] as const;
  return queries.flatMap((query) =>
    places.map((one) => ({ ...one, id: `${query.id} ${one.at}`, query, writes: query.writes ?? false })),
  );
}

/**
 * The cells in a bed, as prepared statements. With `delays`, a cell is slower by so many milliseconds, and one that has
 * none is not asked at all.
 */
export function armOf(name: string, bed: Bed, delays?: ReadonlyMap<Cell, number>): Arm<Cell> {
  return {
    name,
    async open() {
      const stopwatch = await openTimer(bed);
      const time = async (execution: ReturnType<typeof drawExecution>) =>
        (await timeExecution(stopwatch, execution, { prepared: true })).elapsedMs;
      return {
        async run({ id, query, place }, draw) {
          const delayMs = [...(delays ?? [])].find(([cell]) => cell.id === id)?.[1];
          if (delays && delayMs === undefined) return 0;
          const execution = drawExecution(bed.tenancy, query, place, draw);
          const elapsedMs = await time(execution);
          if (delayMs === undefined) return elapsedMs;
          const text = `select pg_catalog.pg_sleep(${delayMs / 1000})`;
          return elapsedMs + (await time({ ...execution, text, values: [] }));
        },
        [Symbol.asyncDispose]: () => stopwatch[Symbol.asyncDispose](),
      };
    },
  };
}
