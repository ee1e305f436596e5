import type { BenchResult } from "../bench-result.ts";

/** One thing under its name, in each run that measured it; runs count from 1. */
export interface Named<T> {
  readonly title: string;
  readonly found: readonly { readonly run: number; readonly item: T }[];
  readonly last: T;
}

/** What `itemsOf` finds in the runs, by id, in the order in which ids first appear; titles are the newest. */
export function namedOver<T extends { readonly id: string; readonly title: string }>(
  results: readonly BenchResult[],
  itemsOf: (result: BenchResult) => readonly T[],
): readonly Named<T>[] {
  const byId = new Map<string, { run: number; item: T }[]>();
  for (const [index, result] of results.entries())
    for (const item of itemsOf(result))
      byId.set(item.id, [...(byId.get(item.id) ?? []), { run: index + 1, item }]);
  return [...byId.values()].flatMap((found) => {
    const last = found.at(-1)?.item;
    return last ? [{ title: last.title, found, last }] : [];
  });
}
