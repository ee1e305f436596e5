import type { RegressionResult } from "../../bench/result.ts";
import { pairedCells, pairedColumns } from "./cost-tables.ts";
import { formatCount } from "./quantity.ts";
import { marks, type Table } from "./table.ts";

/** What must behave for timing to be believed, and each query on both sides. */
export function regressionTables({ base, head, controls, queries }: RegressionResult): readonly Table[] {
  return [
    {
      caption: "Controls: what must come out the same, or must be found",
      of: "control",
      columns: pairedColumns("first", "second"),
      rows: controls.map(({ name, paired, behaved, why }) => ({
        ...{ id: name, title: name, cells: pairedCells(paired) },
        judged: [
          {
            mark: behaved
              ? ({ word: "behaved", tone: "good" } as const)
              : ({ word: "misbehaved", tone: "doubt" } as const),
            why,
          },
        ],
      })),
    },
    {
      caption: `Queries at ${head} against ${base}`,
      of: "query",
      grouped: true,
      columns: [
        { title: "tenant", text: true, names: true },
        { title: "buffers" },
        { title: "read" },
        ...pairedColumns("base", "head"),
      ],
      rows: queries.map((query) => ({
        ...{ id: query.id, title: query.title },
        cells: [
          query.place,
          change(query.base.work.buffers, query.head.work.buffers),
          change(query.base.work.rowsRead, query.head.work.rowsRead),
          ...pairedCells(query.paired),
        ],
        judged: [
          { mark: marks[query.verdict], why: [query.why, ...query.causes.slice(0, 1)].join("; likely: ") },
        ],
      })),
    },
  ];
}

function change(before: number, after: number): string {
  return before === after ? formatCount(after) : `${formatCount(before)} → ${formatCount(after)}`;
}
