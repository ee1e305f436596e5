// Scale: how many rows a table gets, and over how many tenants of very unequal size.
// Place: one tenant at that scale, with its people and the number of its rows.

import { idOf } from "./draw.ts";

/** Tenants beside those of very unequal size. */
export type Role = "ordinary" | "steady" | "removed";

export interface Place {
  /** From 0, the largest first. */
  readonly index: number;
  readonly tenant: string;
  /** Ids of those who belong to it. */
  readonly people: readonly string[];
  /** Its rows in a table that says nothing else. */
  readonly rows: number;
  /** "steady": of the same size at every scale. "removed": made to be deleted whole. */
  readonly role: Role;
  /** Midnight, UTC, of the day on which the rows are as old as they say. */
  readonly today: Date;
}

export interface Scale {
  /** Of each table that says nothing else. */
  readonly rows: number;
  readonly places: readonly Place[];
  readonly largest: Place;
  /** As many ordinary ones are larger as are smaller. */
  readonly median: Place;
  /** Undefined where there are fewer rows than it takes. */
  readonly steady: Place;
  readonly removed: Place;
}

const largestShare = 0.1;
/** How fast the others become smaller. */
const exponent = 0.7;
/** Rows of the tenant whose size never changes. */
export const steadyRows = 1000;

/**
 * `rows` over `tenants` tenants, of which the largest has a tenth, or more where there are fewer than about 70, and the
 * steady one 1,000. The removed place counts as no tenant and has rows beside those.
 */
export function scaleOf(rows: number, tenants: number, today: Date): Scale {
  const others = Math.max(0, rows - steadyRows);
  const weights = Array.from({ length: tenants - 2 }, (_, index) => (index + 1) ** -exponent);
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const largest = tenants < 3 ? others : Math.min(others, Math.round(rows * largestShare));
  const shares = weights.map((weight) => Math.floor(((others - largest) * weight) / sum));
  // What rounding leaves goes to the second.
  const left = others - largest - shares.reduce((all, share) => all + share, 0);
  if (shares.length > 0) shares[0] = (shares[0] ?? 0) + left;
  // Where there are few, the second has more than a tenth.
  const sizes = [largest, ...shares].sort((a, b) => b - a);
  const ordinary = sizes.map((size, index) => placeOf(index, size, "ordinary", today));
  const steady = placeOf(sizes.length, Math.min(rows, steadyRows), "steady", today);
  const removed = placeOf(sizes.length + 1, 0, "removed", today);
  return {
    rows,
    places: [...ordinary, steady, removed],
    largest: ordinary[0] as Place,
    median: ordinary[Math.floor(ordinary.length / 2)] as Place,
    steady,
    removed,
  };
}

/** The steady and the removed place are called alike at every scale, so that theirs are the same rows. */
function placeOf(index: number, rows: number, role: Role, today: Date): Place {
  const name = role === "ordinary" ? index : role === "steady" ? 1_000_001 : 1_000_002;
  const people = Math.min(20, Math.max(3, Math.ceil(rows / 5000)));
  return {
    index: name,
    tenant: idOf("tenant", name),
    people: Array.from({ length: people }, (_, n) => idOf("person", name * 100 + n)),
    rows,
    role,
    today,
  };
}
