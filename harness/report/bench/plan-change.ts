import { diffArrays } from "diff";
import type { Plan } from "../../bench/result.ts";

export interface PlanLine {
  readonly kind: "kept" | "removed" | "added";
  readonly text: string;
}

/** One plan's lines, then the other's, in the order of reading; a line that both have stands once. */
export function planChange(before: Plan, after: Plan): readonly PlanLine[] {
  return diffArrays([...before.lines], [...after.lines]).flatMap(({ value, added, removed }) =>
    value.map((text): PlanLine => ({ kind: added ? "added" : removed ? "removed" : "kept", text })),
  );
}
