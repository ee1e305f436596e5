// Suspicion: one difference between the schemas as a sentence, and how likely it is what made a query slower or faster.

import { type Picture, type PictureObject, sorted } from "../../catalog/picture.ts";
import type { Explanation as Explained } from "../explain.ts";
import { nameOf } from "../plan.ts";
import { bareName } from "./touched.ts";
import { type Examined, times } from "./work.ts";

/** An object before and after; only one of them where it was removed or added. */
export type Alteration =
  | { readonly was: PictureObject; readonly is?: undefined }
  | { readonly was?: undefined; readonly is: PictureObject }
  | { readonly was: PictureObject; readonly is: PictureObject };

export interface Side extends Examined {
  readonly picture: Picture;
  /** Of a write, timed. */
  readonly timed?: Pick<Explained, "triggers" | "executionMs"> | undefined;
}

export interface Scene {
  readonly base: Side;
  readonly head: Side;
  readonly writes: boolean;
}

export interface Suspicion {
  readonly text: string;
  /** Only their order means anything. */
  readonly weight: number;
}

/** Facts that no plan and no execution depends on. */
const idle = /^(comment|description|owner|position|privileges of .*)$/;

/** Undefined where the object is what it was, or differs in nothing that costs time. */
export function explain(alteration: Alteration, scene: Scene): Suspicion | undefined {
  const object = alteration.is ?? alteration.was;
  const changed = changedFacts(alteration);
  if (changed.length === 0) return undefined;
  const told = byKind[object.kind]?.(alteration, changed, scene);
  return told ?? { text: plainly(alteration, changed), weight: otherWeights[object.kind] ?? 5 };
}

type Explanation = (
  alteration: Alteration,
  changed: readonly string[],
  scene: Scene,
) => Suspicion | undefined;

const otherWeights: Readonly<Record<string, number>> = {
  view: 75,
  "materialized view": 75,
  table: 60,
  "statistics object": 55,
  setting: 45,
  constraint: 40,
  "table constraint": 40,
  column: 30,
  "table column": 30,
};

const byKind: Readonly<Record<string, Explanation>> = {
  index({ was, is }, _, { base, head, writes }) {
    const object = is ?? was;
    const name = bareName(object.name);
    const uses = ({ plan }: Examined, index: PictureObject | undefined) =>
      index !== undefined && plan.lines.some((line) => hasWord(line, bareName(index.name)));
    if (was && is && was.name !== is.name)
      return { text: `index ${bareName(was.name)} was renamed to ${name}`, weight: 1 };
    if (was && is)
      return {
        text: plainly({ was, is }, ["definition"]),
        weight: uses(base, was) || uses(head, is) ? 95 : 10,
      };
    const text = `index ${name} on ${holderName(object)} was ${is ? "added" : "removed"}`;
    if (was) return { text, weight: uses(base, was) ? 100 : 10 };
    return { text, weight: uses(head, is) ? 70 : writes ? 60 : 10 };
  },

  policy({ was, is }, changed, scene) {
    const [name = "", table] = (is ?? was).name.split(" on ");
    if (!was || !is)
      return { text: `policy ${name} on ${table} was ${is ? "added" : "removed"}`, weight: 65 };
    const both = (fact: string) => [written(was.facts[fact]), written(is.facts[fact])] as const;
    for (const [from, to] of [both("using"), both("check")]) {
      const unwrapped = wrappedIn(from).find((call) => !wrappedIn(to).includes(call) && to.includes(call));
      if (unwrapped === undefined) continue;
      const text = `policy ${name} on ${table}: (select ${unwrapped}) became ${unwrapped}, evaluated for each row that no index rules out`;
      return { text: `${text}${calls(unwrapped, scene)}`, weight: 98 };
    }
    const facts = changed.map((fact) => both(fact)).map(([from, to]) => `${from} became ${to}`);
    return { text: `policy ${name} on ${table}: ${facts.join("; ")}`, weight: 62 };
  },

  trigger({ was, is }, changed, scene) {
    const object = is ?? was;
    const [name = ""] = object.name.split(" on ");
    const text =
      was && is ? plainly({ was, is }, changed) : `trigger ${object.name} was ${is ? "added" : "removed"}`;
    const spent = spentIn(scene.head, (trigger) => trigger === name);
    return { text: `${text}${spent.text}`, weight: spent.share === undefined ? 50 : 50 + 49 * spent.share };
  },

  function({ was, is }, changed, scene) {
    const object = is ?? was;
    const { name } = object;
    const called = calls(name, scene);
    if (!was || !is) return { text: `function ${name} was ${is ? "added" : "removed"}${called}`, weight: 55 };
    const [from, to] = [was.facts, is.facts];
    const spent = spentIn(scene.head, (trigger) => runs(scene.head, trigger, name));
    const after = `${called}${spent.text}`;
    const weight = 80 + 19 * (spent.share ?? 0);
    if (from.language !== to.language)
      return {
        text: `function ${name} is ${to.language} now, was ${from.language}${after}`,
        weight: weight + 0.5,
      };
    const rest = changed.filter((fact) => fact !== "body");
    const parts = [
      ...(changed.includes("body") ? ["has another body"] : []),
      ...rest.map((fact) => `${fact} ${written(from[fact])} became ${written(to[fact])}`),
    ];
    return { text: `function ${name} ${parts.join("; ")}${after}`, weight };
  },
};

/** The facts in which it differs and on which an execution could depend; of what was added or removed, all. */
export function changedFacts({ was, is }: Alteration): string[] {
  const names = [...new Set([was, is].flatMap((object) => Object.keys(object?.facts ?? {})))];
  if (!was || !is) return ["definition", ...names];
  const differ = (name: string) =>
    JSON.stringify(sorted(was.facts[name])) !== JSON.stringify(sorted(is.facts[name]));
  return names.filter((name) => !idle.test(name) && differ(name));
}

function plainly({ was, is }: Alteration, changed: readonly string[]): string {
  const { kind, name } = is ?? was;
  if (!was || !is) return `${kind} ${name} was ${is ? "added" : "removed"}`;
  const facts = changed.map(
    (fact) => `${fact} ${written(was.facts[fact])} became ${written(is.facts[fact])}`,
  );
  return `${kind} ${name}: ${facts.join("; ")}`;
}

/** As somebody would write it: without the names that the server gives to columns of sub-selects. */
function written(fact: unknown): string {
  if (fact === undefined) return "none";
  const text = typeof fact === "string" ? fact : JSON.stringify(fact);
  const line = text.replaceAll(/\s+/g, " ").replaceAll(/\( SELECT (.+?\)) AS \w+\)/g, "(select $1)");
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}

/** The calls that stand in a sub-select of their own. */
function wrappedIn(text: string): string[] {
  return [...text.matchAll(/\(select ([\w.]+\([^()]*\))\)/g)].map(([, call = ""]) => call);
}

/** ", called 50 times instead of once", where that changed. */
function calls(name: string, { base, head }: Scene): string {
  const of = ({ work }: Examined) =>
    Object.entries(work.calls)
      .filter(([called]) => bareName(called) === bareName(name))
      .reduce((sum, [, count]) => sum + count, 0);
  const [was, is] = [of(base), of(head)];
  return was === is ? "" : `, called ${times(is)} instead of ${times(was)}`;
}

/** ": 1.1 ms of 1.4 ms are spent in it", of these triggers together. */
function spentIn(
  { timed }: Side,
  isOne: (trigger: string) => boolean,
): { readonly text: string; readonly share?: number } {
  const ms = (timed?.triggers ?? [])
    .filter((one) => isOne(nameOf(one)))
    .reduce((sum, { Time = 0 }) => sum + Time, 0);
  if (!timed || ms === 0) return { text: "" };
  return {
    text: `: ${ms.toFixed(2)} ms of ${timed.executionMs.toFixed(2)} ms are spent in it`,
    share: Math.min(1, ms / timed.executionMs),
  };
}

/** Whether the trigger of that name runs the function. */
function runs({ picture }: Side, trigger: string, routine: string): boolean {
  return picture.some(
    ({ kind, name, facts }) =>
      kind === "trigger" &&
      name.startsWith(`${trigger} on `) &&
      hasWord(String(facts.definition).replace(/^.* EXECUTE /, ""), bareName(routine)),
  );
}

function holderName({ holder }: PictureObject): string {
  return holder?.replace(/^[a-z ]+? (?=\S+$)/, "") ?? "";
}

function hasWord(text: string, word: string): boolean {
  return text.split(/[^\w$]+/).includes(word);
}
