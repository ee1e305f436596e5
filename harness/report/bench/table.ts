// Table: rows of one kind as text; terminal, Markdown and HTML draw the same ones.
// Mark: one word that is good, bad or neither. Judged: a mark and why.

import type { BenchPromise, Interval, Judgement } from "../../bench/result.ts";
import type { Standing } from "../result.ts";

export type Tone = "good" | "bad" | "doubt";

export interface Mark {
  readonly word: string;
  readonly tone: Tone;
}

export interface Judged {
  /** Of what, where a row has more than one. */
  readonly of?: string;
  readonly mark: Mark;
  readonly why: string;
}

/** A 99th percentile beside what it must stay below, for whoever can draw it. Milliseconds. */
export interface Bar extends Interval {
  readonly target: number;
  readonly floor?: number;
  /** What the judgement says, which may see more than the bar does. */
  readonly missed: boolean;
}

export interface Column {
  readonly title: string;
  /** Text stands left, numbers right. */
  readonly text?: boolean;
  /** Whether it belongs to the row's name: the place, the way. */
  readonly names?: boolean;
}

export interface Row {
  /** Short, for a terminal. */
  readonly id: string;
  readonly title: string;
  /** One for each column. */
  readonly cells: readonly string[];
  readonly bar?: Bar | undefined;
  readonly judged: readonly Judged[];
}

export interface Table {
  readonly caption: string;
  /** What the rows are: "query". */
  readonly of: string;
  /** Whether rows that follow each other are of one id, which is then said once. */
  readonly grouped?: boolean;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

const outcomes = {
  pass: { word: "pass", tone: "good" },
  fail: { word: "fail", tone: "bad" },
  inconclusive: { word: "inconclusive", tone: "doubt" },
} as const;

/** The words of verdicts, of standings and of comparisons. */
export const marks = {
  holds: { word: "holds", tone: "good" },
  broken: { word: "broken", tone: "bad" },
  unproven: { word: "unproven", tone: "doubt" },
  failed: { word: "failed", tone: "bad" },
  faster: { word: "faster", tone: "good" },
  same: { word: "same", tone: "good" },
  slower: { word: "slower", tone: "bad" },
  unknown: { word: "unknown", tone: "doubt" },
} as const satisfies Record<Standing | "faster" | "same" | "slower" | "unknown", Mark>;

/** Says the same as the tone where there is no colour. */
export const symbols = { good: "✓", bad: "✗", doubt: "?" } as const satisfies Record<Tone, string>;

/** A judgement as a table has it. */
export function judged({ outcome, why }: Judgement, of?: string): Judged {
  return { ...(of !== undefined && { of }), mark: outcomes[outcome], why };
}

/** Why a promise's verdict is what it is, in one sentence. */
export function whyOf(promise: Pick<BenchPromise, "verdict" | "byTimingAlone">): string {
  const { verdict, byTimingAlone } = promise;
  if (verdict.state === "unproven")
    return byTimingAlone ? `${verdict.why}; nothing but the machine kept it from being proved` : verdict.why;
  const count = `${verdict.checked.toLocaleString("en-US")} ${verdict.checked === 1 ? "experiment" : "experiments"}`;
  if (verdict.state === "holds") return count;
  const more = verdict.breaches.length - 1;
  return `${verdict.breaches[0].what}${more > 0 ? `, and ${more} more` : ""}`;
}

/** The one mark of a row: bad outweighs doubt, which outweighs good; undefined where nothing was judged. */
export function worstMark({ judged }: Pick<Row, "judged">): Mark | undefined {
  const all = judged.map(({ mark }) => mark);
  return (["bad", "doubt", "good"] as const)
    .map((tone) => all.find((mark) => mark.tone === tone))
    .find((mark) => mark !== undefined);
}

/** What in a row did not pass. */
export function troublesOf({ judged }: Row): readonly Judged[] {
  return judged.filter(({ mark }) => mark.tone !== "good");
}

/** A row's name in full: "contacts-recent, largest, prepared". */
export function nameOf(row: Row, { columns }: Table): string {
  const names = row.cells.filter((cell, index) => columns[index]?.names && cell !== "");
  return [row.id, ...names].join(", ");
}
