import { createColors } from "picocolors";
import type { Breach } from "../guarantees/verdict.ts";
import type { GateResult, PromiseResult } from "./result.ts";
import { sentenceOf } from "./sentence.ts";

interface HumanOptions {
  readonly color: boolean;
}

type Colors = ReturnType<typeof createColors>;

/** Breaches of a promise shown with their SQL; of the others a line is enough, the rest is in the JSON. */
const shownInFull = 3;

const number = new Intl.NumberFormat("en-US");

/** The whole result for a terminal: the verdict, a line a promise, then each broken one with reason and SQL. */
export function renderHuman(result: GateResult, { color }: HumanOptions): string {
  const colors = createColors(color);
  const paint = { holds: colors.green, broken: colors.red, unproven: colors.yellow, failed: colors.red }[
    result.standing
  ];
  const verdict = colors.bold(paint(sentenceOf(result)));
  const unsettled = result.promises.filter(({ verdict }) => verdict.state !== "holds");
  return [
    "",
    verdict,
    "",
    ...result.promises.map((promise) => line(promise, colors)),
    ...result.notes.flatMap((note, index) => [...(index === 0 ? [""] : []), colors.dim(`note: ${note}`)]),
    ...(result.templates ?? []).map(({ template, copy }) => colors.dim(`copy of ${template}: ${copy}`)),
    ...unprovenLines(result.promises, colors),
    ...result.promises.flatMap((promise) => brokenLines(promise, colors)),
    ...(result.fault ? ["", ...faultLines(result.fault, colors)] : []),
    ...(unsettled.length > 0 && result.promises.length > 8 ? ["", verdict] : []),
    "",
    colors.dim(closing(result)),
    "",
  ].join("\n");
}

function closing(result: GateResult): string {
  const seconds = (result.durationMs / 1000).toFixed(1);
  const engine = result.engine ? ` on ${result.engine}` : "";
  return `${seconds} s${engine}; seed ${result.seed}; exit code ${result.exit}`;
}

function line({ id, title, verdict }: PromiseResult, colors: Colors): string {
  const words = {
    holds: colors.green("held    "),
    broken: colors.red("broken  "),
    unproven: colors.yellow("unproven"),
  };
  const count = number.format(verdict.checked).padStart(7);
  return `  ${words[verdict.state]}  ${colors.bold(id.padEnd(4))}${colors.dim(count)}  ${title}`;
}

/** What is unproven, one entry a reason: a server that lacks something leaves many promises open. */
function unprovenLines(promises: readonly PromiseResult[], colors: Colors): string[] {
  const byReason = new Map<string, PromiseResult[]>();
  for (const promise of promises)
    if (promise.verdict.state === "unproven")
      byReason.set(promise.verdict.why, [...(byReason.get(promise.verdict.why) ?? []), promise]);
  return [...byReason].flatMap(([why, alike]) => {
    const [first] = alike;
    const title = alike.length === 1 && first ? `${first.id} is unproven: ${first.title}` : undefined;
    return [
      "",
      colors.bold(colors.yellow(title ?? `${alike.map(({ id }) => id).join(", ")} are unproven`)),
      `  why     ${visible(why)}`,
      ...alike.flatMap(keptLines),
    ];
  });
}

function brokenLines(promise: PromiseResult, colors: Colors): string[] {
  const { id, title, effect, remedy, verdict } = promise;
  if (verdict.state !== "broken") return [];
  return [
    "",
    colors.bold(colors.red(`${id} is broken: ${title}`)),
    `  effect  ${effect}`,
    `  remedy  ${remedy}`,
    ...keptLines(promise),
    ...verdict.breaches.flatMap((breach, index) =>
      breachLines(breach, index + 1, index < shownInFull, colors),
    ),
  ];
}

function keptLines({ databases = [] }: PromiseResult): string[] {
  return databases.map(({ connect }) => `  kept    ${connect}`);
}

function breachLines({ what, sql }: Breach, ordinal: number, inFull: boolean, colors: Colors): string[] {
  const [first = "", ...more] = visible(what).split("\n");
  const script = inFull ? visible(sql).trimEnd().split("\n") : [];
  return [
    `  ${ordinal}. ${first}`,
    ...more.map((text) => `     ${text}`),
    ...script.map((text) => colors.dim(`       ${text}`)),
  ];
}

/** A fault for a terminal: code and what, where, what to do next. */
export function faultLines(
  fault: {
    readonly code: string;
    readonly what: string;
    readonly where?: string | undefined;
    readonly hint: string;
  },
  colors: Colors,
): string[] {
  return [
    `${colors.red(colors.bold(fault.code))}  ${visible(fault.what)}`,
    ...(fault.where ? [`  where   ${visible(fault.where)}`] : []),
    `  next    ${visible(fault.hint)}`,
  ];
}

/** What a server or a file said cannot move the cursor, ring a bell or change colours. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
