// Demand: what CHECK constraints ask of the value of one column.
// Way: one way to satisfy all checks of a table at once: a demand for each column concerned.

export interface Demand {
  readonly oneOf?: readonly string[];
  readonly noneOf?: readonly string[];
  readonly min?: Bound;
  readonly max?: Bound;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly patterns?: readonly string[];
  readonly jsonType?: string;
  readonly jsonKeys?: readonly string[];
  readonly case?: "lower" | "upper";
  readonly presence?: "null" | "value";
  /** The column whose value it repeats. */
  readonly sameAs?: string;
  /** How many columns' values it must lie above. */
  readonly above?: number;
}

export interface Bound {
  /** A number, or a date and time in ISO form. */
  readonly at: string;
  readonly strict: boolean;
}

export type Way = Readonly<Record<string, Demand>>;

/** The name under which a way holds what it demands of each element of an array column. */
export function elementsOf(column: string): string {
  return `${column}[]`;
}

// More ways than these have never been needed; without a limit they multiply with each check.
const mostWays = 24;

/** The ways that satisfy every one of `checks`, each given by its own ways; at most 24, the earlier ones first. */
export function combineWays(checks: readonly (readonly Way[])[]): Way[] {
  let combined: Way[] = [{}];
  for (const ways of checks) {
    const next = combined.flatMap((one) => ways.map((other) => meet(one, other)));
    const possible = next.filter((way) => way !== undefined).slice(0, mostWays);
    // When no way satisfies both, the solver has misread one of them: the server judges without it.
    if (possible.length > 0) combined = possible;
  }
  return combined;
}

/** The way that satisfies both; undefined when there is none. */
export function meet(one: Way, other: Way): Way | undefined {
  const way: Record<string, Demand> = { ...one };
  for (const [column, demand] of Object.entries(other)) {
    const met = meetDemands(way[column] ?? {}, demand);
    if (met === undefined) return undefined;
    way[column] = met;
  }
  return way;
}

function meetDemands(a: Demand, b: Demand): Demand | undefined {
  const presence = a.presence ?? b.presence;
  if (b.presence !== undefined && presence !== b.presence) return undefined;
  const oneOf =
    a.oneOf && b.oneOf ? a.oneOf.filter((value) => b.oneOf?.includes(value)) : (a.oneOf ?? b.oneOf);
  const noneOf = [...(a.noneOf ?? []), ...(b.noneOf ?? [])];
  const allowed = oneOf?.filter((value) => !noneOf.includes(value));
  if (allowed?.length === 0) return undefined;
  return {
    ...a,
    ...b,
    ...(allowed && { oneOf: allowed }),
    noneOf,
    ...tighter("min", a.min, b.min, 1),
    ...tighter("max", a.max, b.max, -1),
    minLength: Math.max(a.minLength ?? 0, b.minLength ?? 0),
    maxLength: Math.min(a.maxLength ?? Number.POSITIVE_INFINITY, b.maxLength ?? Number.POSITIVE_INFINITY),
    patterns: [...(a.patterns ?? []), ...(b.patterns ?? [])],
    jsonKeys: [...(a.jsonKeys ?? []), ...(b.jsonKeys ?? [])],
    above: (a.above ?? 0) + (b.above ?? 0),
    ...(presence && { presence }),
  };
}

function tighter(name: "min" | "max", a: Bound | undefined, b: Bound | undefined, sign: number) {
  if (a === undefined || b === undefined) return a || b ? { [name]: a ?? b } : {};
  const order = sign * (Number(a.at) - Number(b.at) || (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return { [name]: order > 0 || (order === 0 && a.strict) ? a : b };
}
