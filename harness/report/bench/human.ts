import { createColors } from "picocolors";
import type { BenchPromise } from "../../bench/result.ts";
import type { BenchResult } from "../bench-result.ts";
import { faultLines, visible } from "../human.ts";
import { sentenceOf } from "../sentence.ts";
import { formatDuration } from "./quantity.ts";
import { type Section, sectionsOf } from "./sections.ts";
import { subjectOf } from "./summary.ts";
import { marks, nameOf, symbols, type Table, type Tone, troublesOf, whyOf } from "./table.ts";
import { tableLines } from "./text-table.ts";

interface HumanOptions {
  readonly color: boolean;
}

type Colors = ReturnType<typeof createColors>;

/** The whole result for a terminal: the verdict, a line a promise, tables, and why what did not pass did not. */
export function renderBenchHuman(result: BenchResult, { color }: HumanOptions): string {
  const colors = createColors(color);
  const verdict = colors.bold(paint(marks[result.standing].tone, colors)(visible(sentenceOf(result))));
  return [
    "",
    verdict,
    visible(subjectOf(result)),
    "",
    ...result.promises.map((promise) => promiseLine(promise, colors)),
    ...sectionsOf(result).flatMap((section) => sectionLines(section, colors)),
    ...(result.regression?.changes.length
      ? ["", colors.bold("Changes of the catalog"), ...result.regression.changes.map(item)]
      : []),
    ...result.notes.flatMap((note, index) => [
      ...(index === 0 ? [""] : []),
      colors.dim(`note: ${visible(note)}`),
    ]),
    ...(result.fault ? ["", ...faultLines(result.fault, colors)] : []),
    "",
    verdict,
    colors.dim(closing(result)),
    "",
  ].join("\n");
}

function promiseLine(promise: BenchPromise, colors: Colors): string {
  const { id, title, verdict } = promise;
  const { word, tone } = marks[verdict.state];
  const mark = paint(tone, colors)(`${symbols[tone]} ${word.padEnd(8)}`);
  const why = visible(whyOf(promise)).replaceAll("\n", "\n                  ");
  return `  ${mark}  ${colors.bold(`${visible(id)} `.padEnd(4))}${visible(title)}\n                  ${colors.dim(why)}`;
}

function sectionLines({ title, tables }: Section, colors: Colors): string[] {
  return tables.flatMap((table, index) => [
    "",
    ...(index === 0 ? [colors.bold(title)] : []),
    colors.dim(visible(table.caption)),
    ...tableLines(table, {
      dim: colors.dim,
      mark: ({ tone }, text) => paint(tone, colors)(text),
      name: colors.bold,
    }),
    ...reasonLines(table, colors),
  ]);
}

/** What did not pass, and why; the table says of the others enough. */
function reasonLines(table: Table, colors: Colors): string[] {
  return table.rows.flatMap((row) =>
    troublesOf(row).map(({ of, mark, why }) => {
      const what = [nameOf(row, table), ...(of === undefined ? [] : [of])].join(": ");
      return `  ${paint(mark.tone, colors)(symbols[mark.tone])} ${visible(what)}: ${visible(why)}`;
    }),
  );
}

function item(text: string): string {
  return `  ${visible(text)}`;
}

function closing({ durationMs, engine, seed, exit, machine }: BenchResult): string {
  const on = engine === undefined ? "" : ` on ${visible(engine)}`;
  const load = machine.load.map((value) => value.toFixed(2)).join(" to ");
  return `${formatDuration(durationMs)}${on}; ${machine.cores} cores, load ${load}; seed ${seed}; exit code ${exit}`;
}

function paint(tone: Tone, colors: Colors): (text: string) => string {
  return { good: colors.green, bad: colors.red, doubt: colors.yellow }[tone];
}
