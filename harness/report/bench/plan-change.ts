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

export interface PlanSides {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** The same side by side: what was taken away stands beside what came in its place. */
export function planSides(before: Plan, after: Plan): readonly PlanSides[] {
  const changes = diffArrays([...before.lines], [...after.lines]);
  return changes.flatMap(({ value, added, removed }, index): PlanSides[] => {
    if (!added && !removed) return value.map((line) => ({ before: line, after: line }));
    // What came is always told right after what it came for.
    if (added) return changes[index - 1]?.removed ? [] : value.map((line) => ({ after: line }));
    const next = changes[index + 1];
    const others = next?.added ? next.value : [];
    const rows = Math.max(value.length, others.length);
    return Array.from({ length: rows }, (_, row) => ({ before: value[row], after: others[row] }));
  });
}
