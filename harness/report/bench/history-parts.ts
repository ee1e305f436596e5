import type { SafeHtml } from "@remix-run/html-template";
import type { Interval, QueryResult } from "../../bench/result.ts";
import type { BenchResult } from "../bench-result.ts";
import { figureOf, ink, type LegendEntry } from "./chart.ts";
import { type HistorySeries, historyChart } from "./history-chart.ts";
import { formatKb, formatLimit, formatRatio, formatSlope } from "./quantity.ts";
import { type Named, namedOver } from "./series.ts";

export interface HistoryPart {
  readonly id: string;
  readonly title: string;
  readonly legend: readonly LegendEntry[];
  readonly figures: readonly SafeHtml[];
}

const dashed = "5 3";
const limitEntry = { name: "target or limit", color: ink.limit, dash: "2 2" };

/** What the runs have measured, a chart for each thing that has a name; `results` in the order of time. */
export function historyParts(results: readonly BenchResult[]): readonly HistoryPart[] {
  const parts = [queryPart(results), overheadPart(results), sizePart(results), growthPart(results)];
  return parts.filter(({ figures }) => figures.length > 0);
}

function queryPart(results: readonly BenchResult[]): HistoryPart {
  const all = namedOver(results, ({ queries = [] }) => queries);
  return {
    ...{ id: "queries", title: "Latency of prepared queries" },
    legend: [
      { name: "median tenant, p99 with its interval", color: ink.first },
      { name: "p50", color: ink.first, dash: dashed },
      { name: "largest tenant, p99 with its interval", color: ink.second },
      { name: "p50", color: ink.second, dash: dashed },
      limitEntry,
    ],
    figures: all.map(({ title, found, last }) => {
      const series = (["median", "largest"] as const).flatMap((place) => placeSeries(place, found));
      const options = { runs: results.length, format: formatLimit, log: true, limit: last.targetMs };
      return figureOf(title, historyChart(title, series, options));
    }),
  };
}

function placeSeries(place: "median" | "largest", found: Named<QueryResult>["found"]): HistorySeries[] {
  const color = place === "median" ? ink.first : ink.second;
  const latencies = found.flatMap(({ run, item }) =>
    item.cells
      .filter((cell) => cell.place === place && cell.way === "prepared")
      .map(({ latency }) => ({ run, latency })),
  );
  return [
    {
      ...{ name: `${place} p99`, color },
      points: latencies.map(({ run, latency }) => estimated(run, latency.p99)),
    },
    {
      ...{ name: `${place} p50`, color, dash: dashed },
      points: latencies.map(({ run, latency }) => ({ run, value: latency.p50 })),
    },
  ];
}

function overheadPart(results: readonly BenchResult[]): HistoryPart {
  return {
    ...{ id: "overheads", title: "Overheads" },
    legend: [{ name: "of all queries together, with its interval", color: ink.first }, limitEntry],
    figures: namedOver(results, ({ overheads = [] }) => overheads).map(({ title, found, last }) => {
      const points = found.map(({ run, item }) => estimated(run, item.all.ratio));
      const options = { runs: results.length, format: formatRatio, limit: last.mostRatio };
      return figureOf(title, historyChart(title, [{ name: "overhead", color: ink.first, points }], options));
    }),
  };
}

function sizePart(results: readonly BenchResult[]): HistoryPart {
  const sizes = namedOver(results, ({ sizes = [] }) =>
    sizes.map((size) => ({ ...size, id: size.table, title: size.table })),
  );
  return {
    ...{ id: "sizes", title: "Kilobytes for 1,000 rows" },
    legend: [
      { name: "total", color: ink.first },
      { name: "heap", color: ink.first, dash: dashed },
      limitEntry,
    ],
    figures: sizes.map(({ title, found, last }) => {
      const total = found.map(({ run, item }) => ({ run, value: item.totalKb }));
      const heap = found.map(({ run, item }) => ({ run, value: item.heapKb }));
      const series = [
        { name: "total", color: ink.first, points: total },
        { name: "heap", color: ink.first, dash: dashed, points: heap },
      ];
      return figureOf(
        title,
        historyChart(title, series, { runs: results.length, format: formatKb, limit: last.mostKb }),
      );
    }),
  };
}

function growthPart(results: readonly BenchResult[]): HistoryPart {
  return {
    ...{ id: "growth", title: "Slopes for ten times the rows" },
    legend: [
      { name: "buffers", color: ink.first },
      { name: "latency, with its interval", color: ink.second },
    ],
    figures: namedOver(results, ({ growth = [] }) => growth).map(({ title, found }) => {
      const buffers = found.map(({ run, item }) => ({ run, value: item.slopeOfBuffers }));
      const latency = found.map(({ run, item }) => estimated(run, item.slopeOfLatency));
      const series = [
        { name: "buffers", color: ink.first, points: buffers },
        { name: "latency", color: ink.second, points: latency },
      ];
      return figureOf(title, historyChart(title, series, { runs: results.length, format: formatSlope }));
    }),
  };
}

function estimated(run: number, { estimate, low, high }: Interval) {
  return { run, value: estimate, ends: [low, high] as const };
}
