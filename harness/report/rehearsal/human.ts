import { createColors } from "picocolors";
import type { Check } from "../../rehearsal/findings.ts";
import { formatDuration, formatLimit } from "../bench/quantity.ts";
import { marks, symbols, type Tone, whyOf } from "../bench/table.ts";
import { tableLines } from "../bench/text-table.ts";
import { faultLines, visible } from "../human.ts";
import type { RehearsalResult } from "../rehearsal-result.ts";
import { sentenceOf } from "../sentence.ts";
import { formatBytes, tablesOf } from "./tables.ts";

type Colors = ReturnType<typeof createColors>;

/** Breaches that are shown with their SQL; the rest is in the JSON. */
const shownInFull = 5;

/** The whole rehearsal for a terminal: the verdict, a line a check, tables, and each thing that is wrong with its SQL. */
export function renderRehearsalHuman(
  result: RehearsalResult,
  { color }: { readonly color: boolean },
): string {
  const colors = createColors(color);
  const verdict = colors.bold(
    paint(marks[result.standing].tone, colors)(visible(sentenceOf(result, { one: "check", many: "checks" }))),
  );
  return [
    "",
    verdict,
    visible(subjectOf(result)),
    "",
    ...result.promises.map((check) => checkLine(check, colors)),
    ...tablesOf(result).flatMap((table) => [
      "",
      colors.bold(visible(table.caption)),
      ...tableLines(table, { dim: colors.dim, mark: (_, text) => text, name: colors.bold }),
    ]),
    ...noticeLines(result, colors),
    ...result.notes.flatMap((note, index) => [
      ...(index === 0 ? [""] : []),
      colors.dim(`note: ${visible(note)}`),
    ]),
    ...result.promises.flatMap((check) => brokenLines(check, colors)),
    ...(result.fault ? ["", ...faultLines(result.fault, colors)] : []),
    "",
    verdict,
    colors.dim(closingOf(result)),
    "",
  ].join("\n");
}

/** What was rehearsed on what, in one line. */
export function subjectOf({ snapshot, pending, maxStallMs, masked }: RehearsalResult): string {
  const files = pending?.reasons.filter((one) => one.pending).length;
  const what = files === undefined ? "nothing yet" : `${files} pending ${files === 1 ? "file" : "files"}`;
  const on = snapshot
    ? ` on a ${snapshot.description}: ${snapshot.rows.toLocaleString("en-US")} rows in ${snapshot.tables} tables, ${formatBytes(snapshot.bytes)} restored in ${formatDuration(snapshot.restoreMs)}${masked ? ", masked" : ""}`
    : "";
  return `${what}${on}; nobody may be held up for ${formatLimit(maxStallMs)}`;
}

/** When and where, in one line. */
export function closingOf({ durationMs, engine, seed, exit }: RehearsalResult): string {
  return `${formatDuration(durationMs)}${engine ? ` on ${visible(engine)}` : ""}; seed ${seed}; exit code ${exit}`;
}

function checkLine(check: Check, colors: Colors): string {
  const { id, title, verdict } = check;
  const { word, tone } = marks[verdict.state];
  const mark = paint(tone, colors)(`${symbols[tone]} ${word.padEnd(8)}`);
  const why = visible(whyOf(check)).replaceAll("\n", "\n              ");
  return `  ${mark}  ${colors.bold(id.padEnd(10))} ${title}\n              ${colors.dim(why)}`;
}

function noticeLines({ files = [] }: RehearsalResult, colors: Colors): string[] {
  const lines = files.flatMap(({ file, notices }) =>
    notices.map((notice) => `  ${file}  ${visible(notice)}`),
  );
  return lines.length === 0 ? [] : ["", colors.bold("What the files said"), ...lines.map(colors.dim)];
}

function brokenLines({ id, title, effect, remedy, verdict }: Check, colors: Colors): string[] {
  if (verdict.state !== "broken") return [];
  return [
    "",
    colors.bold(colors.red(`${id} is broken: ${title}`)),
    `  effect  ${effect}`,
    `  remedy  ${remedy}`,
    ...verdict.breaches.flatMap(({ what, sql }, index) => [
      ...visible(what)
        .split("\n")
        .map((line, at) => (at === 0 ? `  ${index + 1}. ${line}` : `     ${line}`)),
      ...(index < shownInFull
        ? visible(sql)
            .trimEnd()
            .split("\n")
            .map((line) => colors.dim(`       ${line}`))
        : []),
    ]),
  ];
}

function paint(tone: Tone, colors: Colors): (text: string) => string {
  return { good: colors.green, bad: colors.red, doubt: colors.yellow }[tone];
}
