import type { GrowthResult, OverheadResult, Paired, SizeResult } from "../../bench/result.ts";
import {
  formatBounds,
  formatCount,
  formatEffect,
  formatKb,
  formatMs,
  formatRatio,
  formatRatioBounds,
  formatSlope,
  nothing,
} from "./quantity.ts";
import { type Column, judged, type Row, type Table } from "./table.ts";

/** The columns of one thing measured against another. */
export function pairedColumns(first: string, second: string): readonly Column[] {
  return [first, second, "effect", "95% interval", "ratio", "95% interval"].map((title) => ({ title }));
}

/** The cells of `pairedColumns`. */
export function pairedCells({ firstMedian, secondMedian, effect, ratio }: Paired): string[] {
  return [
    formatMs(firstMedian),
    formatMs(secondMedian),
    formatEffect(effect.estimate),
    formatBounds(effect),
    formatRatio(ratio.estimate),
    formatRatioBounds(ratio),
  ];
}

/** What protection costs, of all queries together and of each one. */
export function overheadTable(overheads: readonly OverheadResult[]): Table {
  return {
    caption: "Overheads, measured in pairs",
    of: "overhead",
    grouped: true,
    columns: [
      { title: "query", text: true, names: true },
      ...pairedColumns("without", "with"),
      { title: "at most" },
    ],
    rows: overheads.flatMap((overhead): Row[] => {
      const { id, title, mostRatio } = overhead;
      const most = mostRatio === undefined ? nothing : formatRatio(mostRatio);
      const cells = ["all", ...pairedCells(overhead.all), most];
      return [
        { id, title, cells, judged: [judged(overhead.judgement)] },
        ...overhead.queries.map((query) => ({
          ...{ id, title, cells: [query.id, ...pairedCells(query.paired), ""], judged: [] },
        })),
      ];
    }),
  };
}

/** How fast work and latency grow with the table. */
export function growthTable(growth: readonly GrowthResult[]): Table {
  return {
    caption: "Slope for ten times the rows: 0 is flat, 1 is proportional",
    of: "query",
    columns: ["rows", "buffers", "slope of buffers", "p50", "slope of latency", "95% interval"].map(
      (title) => ({ title }),
    ),
    rows: growth.map(({ id, title, points, slopeOfBuffers, slopeOfLatency, judgement }) => {
      const [first, last] = [points[0], points.at(-1)];
      const span = (text: (point: (typeof points)[number]) => string) =>
        first && last ? `${text(first)} to ${text(last)}` : nothing;
      return {
        ...{ id, title, judged: [judged(judgement)] },
        cells: [
          span(({ rows }) => formatCount(rows)),
          span(({ buffers }) => formatCount(buffers)),
          formatSlope(slopeOfBuffers),
          span(({ latency }) => formatMs(latency.p50)),
          formatSlope(slopeOfLatency.estimate),
          `${formatSlope(slopeOfLatency.low)} to ${formatSlope(slopeOfLatency.high)}`,
        ],
      };
    }),
  };
}

/** What a table takes, beside what was said and what is allowed. */
export function sizeTable(sizes: readonly SizeResult[]): Table {
  return {
    caption: "Kilobytes for 1,000 rows",
    of: "table",
    columns: ["rows", "heap", "indexes", "total", "said", "at most"].map((title) => ({ title })),
    rows: sizes.map(({ table, rows, heapKb, indexesKb, totalKb, saidKb, mostKb, judgement }) => ({
      ...{ id: table, title: table, judged: [judged(judgement)] },
      cells: [
        formatCount(rows),
        ...[heapKb, indexesKb, totalKb].map(formatKb),
        saidKb === undefined ? nothing : formatKb(saidKb),
        formatKb(mostKb),
      ],
    })),
  };
}
