import type { Column } from "../catalog/model.ts";
import type { Bound, Demand } from "./demand.ts";
import { makeText } from "./text.ts";
import { seededUuid } from "./uuid.ts";

export interface ValueRequest {
  readonly column: Column;
  readonly demand: Demand;
  /** What is asked of an array's elements. */
  readonly elements?: Demand | undefined;
  /** Distinct numbers give distinct values, where the type has enough of them. */
  readonly n: number;
  /** Which of a small set: an enum's label, an item of a list, true or false. */
  readonly turn: number;
  readonly seed: number;
}

/** A value in PostgreSQL's text form that the column's type takes and the demand allows, as far as they are understood. */
export function makeValue(request: ValueRequest): string | null {
  const { column, demand, turn } = request;
  if (demand.presence === "null") return null;
  const choices = smallSet(request);
  if (choices !== undefined && choices.length > 0) return choices[turn % choices.length] as string;
  if (!column.isArray) return makeScalar(request);
  const element = { ...request, column: { ...column, isArray: false }, demand: request.elements ?? {} };
  const items = Array.from(
    { length: Math.max(1, demand.minLength ?? 1) },
    (_, place) => makeValue({ ...element, n: request.n + place, turn: turn + place }) ?? "",
  );
  return `{${items.map((item) => `"${item.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}

/** The values of a type that has but a few, or of a list that a check gives. */
export function smallSet({
  column,
  demand,
}: Pick<ValueRequest, "column" | "demand">): readonly string[] | undefined {
  const all =
    demand.oneOf ??
    (column.isArray
      ? undefined
      : (column.enumLabels ?? (column.baseType === "bool" ? ["false", "true"] : undefined)));
  return all?.filter((value) => !demand.noneOf?.includes(value));
}

const day = 86_400_000;

function makeScalar(request: ValueRequest): string {
  const { column, demand, seed } = request;
  const n = request.n + 1000 * (demand.above ?? 0);
  if (column.category === "composite") return `(${",".repeat(Math.max(0, (column.attributes ?? 1) - 1))})`;
  if (column.category === "range" || column.category === "multirange") {
    const range = makeRange(column.rangeOf ?? "int4", n);
    return column.category === "range" ? range : `{${range}}`;
  }
  const { baseType } = column;
  if (/^(int2|int4|int8|oid)$/.test(baseType))
    return String(wholeNumber(demand, baseType === "int2" ? n % 32_000 : n));
  if (/^(numeric|float4|float8|money)$/.test(baseType)) return decimal(column, demand, n);
  if (/^(date|timestamp|timestamptz)$/.test(baseType)) return instant(baseType, demand, n);
  switch (baseType) {
    case "uuid":
      return seededUuid(seed, `${column.name} ${n}`);
    case "bool":
      return "false";
    case "time":
    case "timetz":
      return new Date((n % 1440) * 60_000).toISOString().slice(11, 19);
    case "interval":
      return `${n} minutes`;
    case "json":
    case "jsonb":
      return makeJson(demand, n);
    case "bytea":
      return `\\x${n.toString(16).padStart(8, "0")}`;
    case "inet":
      return `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
    case "cidr":
      return `10.${(n >> 8) & 255}.${n & 255}.0/24`;
    case "macaddr":
      return `02:00:00:${hexPair(n >> 16)}:${hexPair(n >> 8)}:${hexPair(n)}`;
    case "macaddr8":
      return `02:00:00:00:00:${hexPair(n >> 16)}:${hexPair(n >> 8)}:${hexPair(n)}`;
    case "bit":
      return n
        .toString(2)
        .padStart(column.maxLength ?? 1, "0")
        .slice(-(column.maxLength ?? 1));
    case "varbit":
      return n.toString(2).slice(-(column.maxLength ?? 64));
    case "xml":
      return `<n>${n}</n>`;
    case "point":
      return `(${n},${n})`;
    case "line":
      return `{1,1,${n}}`;
    case "lseg":
    case "box":
      return `(${n},${n}),(${n + 1},${n + 1})`;
    case "path":
    case "polygon":
      return `((${n},${n}),(${n + 1},${n + 1}))`;
    case "circle":
      return `<(${n},${n}),1>`;
    case "pg_lsn":
      return `0/${n.toString(16)}`;
    case "jsonpath":
      return `$.n${n}`;
    case "hstore":
      return `n=>${n}`;
    case "ltree":
      return `top.n${n}`;
    case "geometry":
    case "geography":
      return `POINT(${n % 90} ${n % 90})`;
    case "vector":
      return `[${Array(Number(/\((\d+)\)/.exec(column.type)?.[1] ?? 3))
        .fill(n % 100)
        .join(",")}]`;
    default:
      return makeText(column, demand, n, seed);
  }
}

function hexPair(n: number): string {
  return (n & 255).toString(16).padStart(2, "0");
}

function wholeNumber({ min, max, noneOf }: Demand, n: number): number {
  if (min === undefined && max === undefined) return noneOf?.includes(String(n)) ? n + 1 : n;
  const high = max && (max.strict ? Math.ceil(Number(max.at)) - 1 : Math.floor(Number(max.at)));
  const low = min
    ? min.strict
      ? Math.floor(Number(min.at)) + 1
      : Math.ceil(Number(min.at))
    : Math.min(1, high as number);
  return high === undefined ? low + n : low + (n % (high - low + 1));
}

function decimal(column: Column, demand: Demand, n: number): string {
  const { min, max } = demand;
  // Room before the point; a negative scale or none leaves plenty.
  const digits = Math.min(9, (column.precision ?? 12) - (column.scale ?? 0));
  if (digits <= 0 || (min && max && Number(max.at) - Number(min.at) <= 1)) {
    const [low, high] = [Number(min?.at ?? 0), Number(max?.at ?? Number(min?.at ?? 0) + 10 ** digits)];
    return (low + ((high - low) * ((n % 89) + 1)) / 90).toFixed(Math.max(2, Math.min(6, column.scale ?? 4)));
  }
  return String(wholeNumber(demand, n % 10 ** digits || 1));
}

function instant(baseType: string, { min, max }: Demand, n: number): string {
  // Far enough from today that `now()` stays on the side where the check wants it.
  const at = (bound: Bound, now: string) =>
    Date.parse(bound.at === "now" ? now : `${bound.at.replace(" ", "T")}`);
  const step = n * (baseType === "date" ? day : 60_000);
  const low = min && at(min, "2100-01-01");
  const high = max && at(max, "2020-01-01");
  let time = Date.parse("2025-01-01") + step;
  if (low !== undefined && high !== undefined) time = low + ((high - low) * ((n % 89) + 1)) / 90;
  else if (low !== undefined) time = low + day + step;
  else if (high !== undefined) time = high - day - step;
  const text = new Date(Number.isFinite(time) ? time : Date.parse("2025-01-01") + step).toISOString();
  return baseType === "date" ? text.slice(0, 10) : text;
}

function makeRange(of: string, n: number): string {
  if (/^(date|timestamp)/.test(of)) {
    const [from, to] = [instant(of, {}, n * 2), instant(of, {}, n * 2 + 1)];
    return `[${from},${to})`;
  }
  return `[${n * 10},${n * 10 + 5})`;
}

function makeJson({ jsonType, jsonKeys, minLength }: Demand, n: number): string {
  switch (jsonType) {
    case "array":
      return JSON.stringify(Array(Math.max(1, minLength ?? 1)).fill(n));
    case "string":
      return JSON.stringify(`n${n}`);
    case "number":
      return String(n);
    case "boolean":
      return "true";
    case "null":
      return "null";
    default:
      return JSON.stringify(Object.fromEntries([...(jsonKeys ?? []), "n"].map((name) => [name, n])));
  }
}
