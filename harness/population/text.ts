import { sample, stringMatching } from "fast-check";
import type { Column } from "../catalog/model.ts";
import type { Demand } from "./demand.ts";

// A column's name says what an application, and its checks, expect in it.
const shapes: readonly (readonly [name: RegExp, shape: (n: number) => string])[] = [
  [/e?_?mail/i, (n) => `person${n}@example.test`],
  [/phone|mobile|^fax/i, (n) => `+1555${String(n).padStart(7, "0")}`],
  [/url|website|link|href|avatar|image/i, (n) => `https://example.test/${n}`],
  [/domain|host/i, (n) => `n${n}.example.test`],
  [/time_?zone|^tz$/i, () => "UTC"],
  [/currency/i, () => "USD"],
  [/country/i, () => "US"],
  [/locale|language/i, () => "en"],
  [/colou?r/i, (n) => `#${(n % 0xffffff).toString(16).padStart(6, "0")}`],
];

/** A text for the column: by its patterns, else by its name; within its length; distinct for distinct `n` where that has room. */
export function makeText(column: Column, demand: Demand, n: number, seed: number): string {
  const shape = shapes.find(([name]) => name.test(column.name))?.[1];
  const plain = shape?.(n) ?? `${column.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}-${n}`;
  const limit = Math.min(
    column.maxLength ?? Number.POSITIVE_INFINITY,
    demand.maxLength ?? Number.POSITIVE_INFINITY,
  );
  const text = inCase(within(plain, demand.minLength ?? 0, limit, n), demand);
  const patterns = (demand.patterns ?? []).map(toRegExp).filter((pattern) => pattern !== undefined);
  const fits = (value: string) => patterns.every((pattern) => pattern.test(value));
  const allowed = (value: string) =>
    fits(value) && value.length <= limit && value.length >= (demand.minLength ?? 0);
  const guesses = [text, ...shapes.map(([, make]) => inCase(make(n), demand))];
  return guesses.find(allowed) ?? sampled(patterns, seed + n, demand).find(allowed) ?? text;
}

/** Texts that match the first pattern, those in plain letters first. */
function sampled(patterns: readonly RegExp[], seed: number, demand: Demand): string[] {
  const [pattern] = patterns;
  if (pattern === undefined) return [];
  const found = sample(stringMatching(pattern, { size: "small" }), { seed, numRuns: 100 }).map((value) =>
    inCase(value, demand),
  );
  // NUL is no character of a text, and other control characters are no help to a reader.
  const readable = found.filter((value) => !/\p{C}/u.test(value));
  return [...readable.filter((value) => /^[ -~]*$/.test(value)), ...readable];
}

function inCase(text: string, demand: Demand): string {
  if (demand.case === "upper") return text.toUpperCase();
  return demand.case === "lower" ? text.toLowerCase() : text;
}

function within(text: string, min: number, max: number, n: number): string {
  if (text.length < min) return text.padEnd(min, "x");
  if (text.length <= max) return text;
  // The number at the end is what makes it distinct, so the front gives way.
  const tail = n.toString(36);
  return (tail.length >= max ? tail.slice(-max) : text.slice(0, max - tail.length) + tail).slice(0, max);
}

/** PostgreSQL's pattern as JavaScript's; undefined when it means nothing there. */
function toRegExp(pattern: string): RegExp | undefined {
  const classes: Record<string, string> = {
    alpha: "a-zA-Z",
    digit: "0-9",
    alnum: "a-zA-Z0-9",
    lower: "a-z",
    upper: "A-Z",
    space: "\\s",
    xdigit: "0-9a-fA-F",
    punct: "!-/:-@",
  };
  const translated = pattern.replace(/\[:(\w+):\]/g, (_, name: string) => classes[name] ?? "");
  try {
    return new RegExp(translated.replace(/^\(\?i\)/, ""));
  } catch {
    return undefined;
  }
}
