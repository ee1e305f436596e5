import { markdownTable } from "markdown-table";
import { folded, plain } from "../bench/markdown.ts";
import { marks, symbols, type Table, whyOf } from "../bench/table.ts";
import type { RehearsalResult } from "../rehearsal-result.ts";
import { sentenceOf } from "../sentence.ts";
import { closingOf, subjectOf } from "./human.ts";
import { tablesOf } from "./tables.ts";

/** A comment on GitHub may have 65,536 characters. */
const mostCharacters = 60_000;
const mostBreaches = 10;

/** What a pull request has room for: the verdict, the checks, what is wrong, and the tables folded away. */
export function renderRehearsalMarkdown(result: RehearsalResult): string {
  const { promises, fault } = result;
  const rows = promises.map((check) => {
    const { word, tone } = marks[check.verdict.state];
    return [plain(check.id), `${symbols[tone]} ${word}`, plain(check.title), plain(whyOf(check))];
  });
  const troubles = promises.flatMap(({ id, remedy, verdict }) =>
    verdict.state === "broken"
      ? [
          ...verdict.breaches.slice(0, mostBreaches).map(({ what }) => `- **${plain(id)}** ${plain(what)}`),
          ...(verdict.breaches.length > mostBreaches
            ? [`- **${plain(id)}** and ${verdict.breaches.length - mostBreaches} more`]
            : []),
          `  - next: ${plain(remedy)}`,
        ]
      : [],
  );
  const shown = [
    `### ${symbols[marks[result.standing].tone]} ${plain(sentenceOf(result, { one: "check", many: "checks" }))}`,
    plain(subjectOf(result)),
    ...(fault ? [`**${plain(fault.code)}** ${plain(fault.what)}`, `**next** ${plain(fault.hint)}`] : []),
    ...(rows.length === 0
      ? []
      : [markdownTable([["", "", "check", "why"], ...rows], { alignDelimiters: false })]),
    ...(troubles.length === 0 ? [] : [troubles.join("\n")]),
  ];
  const folds: string[] = [];
  let length = shown.join("\n\n").length;
  for (const block of tablesOf(result).map(tableBlock)) {
    if (length + block.length > mostCharacters) break;
    folds.push(block);
    length += block.length;
  }
  return [...shown, ...folds, `<sub>${plain(closingOf(result))}</sub>`, ""].join("\n\n");
}

function tableBlock({ caption, of, columns, rows }: Table): string {
  const align = ["l", ...columns.map(({ text }) => (text ? "l" : "r"))];
  const lines = rows.map(({ id, cells }) => [plain(id), ...cells.map(plain)]);
  return folded(
    caption,
    markdownTable([[plain(of), ...columns.map(({ title }) => title)], ...lines], {
      align,
      alignDelimiters: false,
    }),
  );
}
