/** Modes that stand in somebody's way, the strongest first. https://www.postgresql.org/docs/current/explicit-locking.html */
const strongest = [
  "AccessExclusiveLock",
  "ExclusiveLock",
  "ShareRowExclusiveLock",
  "ShareLock",
  "ShareUpdateExclusiveLock",
  "RowExclusiveLock",
  "RowShareLock",
  "AccessShareLock",
] as const;

/** Whom a table lock holds up: both, those who write, or nobody who merely uses the table. */
export type HeldUp = "readers and writers" | "writers";

/** Whom `mode` holds up; undefined where it is nobody. */
export function heldUpBy(mode: string): HeldUp | undefined {
  const rank = strongest.indexOf(mode as (typeof strongest)[number]);
  if (rank === 0) return "readers and writers";
  return rank > 0 && rank <= 3 ? "writers" : undefined;
}

/** "ACCESS EXCLUSIVE", as SQL writes it. */
export function sqlMode(mode: string): string {
  return mode
    .replace(/Lock$/, "")
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")
    .toUpperCase();
}

/** The strongest of `modes`; undefined of none. */
export function strongestOf(modes: readonly string[]): string | undefined {
  return [...modes].sort((a, b) => rankOf(a) - rankOf(b))[0];
}

function rankOf(mode: string): number {
  const rank = strongest.indexOf(mode as (typeof strongest)[number]);
  return rank < 0 ? strongest.length : rank;
}
