import { html } from "@remix-run/html-template";
import { markdownTable } from "markdown-table";
import type { RegressionQuery } from "../../bench/result.ts";
import type { BenchResult } from "../bench-result.ts";
import { visible } from "../human.ts";
import { sentenceOf } from "../sentence.ts";
import { planChange } from "./plan-change.ts";
import { type Section, sectionsOf } from "./sections.ts";
import { factsOf, reasonOf, subjectOf } from "./summary.ts";
import { marks, nameOf, symbols, type Table, troublesOf, whyOf, worstMark } from "./table.ts";

/** A comment on GitHub may have 65,536 characters. */
const mostCharacters = 60_000;

/** What a pull request has room for: the verdict, the promises, what did not pass, and the tables folded away. */
export function renderBenchMarkdown(result: BenchResult): string {
  const { fault, promises } = result;
  const reason = reasonOf(result);
  const sections = sectionsOf(result);
  const facts = factsOf(result).map(([name, value]) => `${name} ${plain(value)}`);
  const shown = [
    `### ${symbols[marks[result.standing].tone]} ${plain(sentenceOf(result))}`,
    ...(reason === "" ? [] : [plain(reason)]),
    ...(fault ? [`**next** ${plain(fault.hint)}`] : []),
    plain(subjectOf(result)),
    ...(promises.length === 0 ? [] : [promiseTable(result)]),
    ...troubleList(sections),
  ];
  return [...fitting(shown, foldedBlocks(result, sections)), `<sub>${facts.join(" · ")}</sub>`, ""].join(
    "\n\n",
  );
}

/** Blocks at the end are left out where there is no room for them. */
function fitting(shown: readonly string[], folds: readonly string[]): string[] {
  const lengthOf = (blocks: readonly string[]) => blocks.reduce((sum, { length }) => sum + length + 2, 0);
  const count = folds.findLastIndex(
    (_, index) => lengthOf(shown) + lengthOf(folds.slice(0, index + 1)) < mostCharacters,
  );
  const left = folds.length - count - 1;
  const more = left === 0 ? [] : [`${left} more in the HTML report, for want of room here.`];
  return [...shown, ...folds.slice(0, count + 1), ...more];
}

function foldedBlocks({ regression }: BenchResult, sections: readonly Section[]): string[] {
  const changed = regression?.queries.filter(({ verdict }) => verdict !== "same") ?? [];
  const changes = (regression?.changes ?? []).map((change) => `- ${plain(change)}`);
  return [
    ...changed.map(planBlock),
    ...(changes.length === 0 ? [] : [folded("Changes of the catalog", changes.join("\n"))]),
    ...sections.map(sectionBlock),
  ];
}

function promiseTable({ promises }: BenchResult): string {
  const rows = promises.map((promise) => {
    const { id, title, verdict } = promise;
    const { word, tone } = marks[verdict.state];
    return [plain(id), `${symbols[tone]} ${word}`, plain(title), plain(whyOf(promise))];
  });
  return markdownTable([["", "", "promise", "why"], ...rows], { alignDelimiters: false });
}

function troubleList(sections: readonly Section[]): string[] {
  const lines = sections.flatMap(({ title, tables }) =>
    tables.flatMap((table) =>
      table.rows.flatMap((row) =>
        troublesOf(row).map(({ mark, why }) => {
          const name = plain(nameOf(row, table));
          return `- ${symbols[mark.tone]} **${title}, ${name}** ${mark.word}: ${plain(why)}`;
        }),
      ),
    ),
  );
  return lines.length === 0 ? [] : [lines.join("\n")];
}

function sectionBlock({ title, tables }: Section): string {
  return folded(title, tables.map(tableBlock).join("\n\n"));
}

function tableBlock(table: Table): string {
  const { columns, rows, grouped } = table;
  const lines = rows.map((row, index) => {
    const mark = worstMark(row);
    return [
      grouped && rows[index - 1]?.id === row.id ? "" : plain(row.id),
      ...row.cells.map(plain),
      mark ? `${symbols[mark.tone]} ${mark.word}` : "",
    ];
  });
  const align = ["l", ...columns.map(({ text }) => (text ? "l" : "r")), "l"];
  return `${plain(table.caption)}\n\n${markdownTable(
    [[plain(table.of), ...columns.map(({ title }) => title), ""], ...lines],
    { align, alignDelimiters: false, padding: true },
  )}`;
}

function planBlock({ id, place, verdict, base, head }: RegressionQuery): string {
  const lines = planChange(base.plan, head.plan).map(({ kind, text }) => {
    return `${{ added: "+", removed: "-", kept: " " }[kind]} ${visible(text)}`;
  });
  const longest = Math.max(
    2,
    ...lines.flatMap((line) => line.match(/`+/g) ?? []).map(({ length }) => length),
  );
  const fence = "`".repeat(longest + 1);
  return folded(`Plan of ${single(id)}, ${place}: ${verdict}`, `${fence}diff\n${lines.join("\n")}\n${fence}`);
}

/** `content`, Markdown, behind a line that opens it. */
export function folded(summary: string, content: string): string {
  // Up to the empty line all of it is HTML, where Markdown's backslashes mean nothing.
  return `${html`<details><summary>${summary}</summary>`}\n\n${content}\n\n</details>`;
}

/** Text that stays text: Markdown takes a backslash before any punctuation. */
export function plain(text: string): string {
  return single(text).replaceAll(/[\\`*_[\]<>#|~&!]/g, "\\$&");
}

/** One line that mentions nobody: a mention needs its @ alone. */
function single(text: string): string {
  return visible(text).replaceAll(/\s+/g, " ").replaceAll("@", "@\u2060");
}
