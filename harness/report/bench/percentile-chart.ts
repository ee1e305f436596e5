import { axisX, axisY, gridY, line, ruleX, ruleY, text } from "@observablehq/plot";
import type { SafeHtml } from "@remix-run/html-template";
import type { HttpResult, Latency, QueryResult } from "../../bench/result.ts";
import { drawChart, ink, logTicks } from "./chart.ts";
import { formatLimit, formatMs } from "./quantity.ts";

interface Series {
  readonly name: string;
  readonly latency: Latency;
  readonly color: string;
  readonly dash?: string;
}

/** "1 in 100" for the 99th percentile: what makes the tail as wide as the rest. */
const oneIn = { 2: "50", 10: "90", 100: "99", 1000: "99.9", 10000: "99.99" } as const;
const rarest = 10_000;
const dashed = "5 3";

/** What the lines of a query's chart are. */
export const queryLegend = [
  { name: "median tenant, prepared", color: ink.first },
  { name: "unprepared", color: ink.first, dash: dashed },
  { name: "largest tenant, prepared", color: ink.second },
  { name: "unprepared", color: ink.second, dash: dashed },
  { name: "SELECT 1, the floor", color: ink.floor },
  { name: "target", color: ink.limit, dash: "2 2" },
] as const;

/** The latencies of one query in all of its cells, the rare ones to the right. */
export function queryChart({ title, cells, targetMs }: QueryResult, floor: Latency | undefined): SafeHtml {
  return percentileChart(
    title,
    [
      ...(floor ? [{ name: "the floor", latency: floor, color: ink.floor }] : []),
      ...cells.map(({ place, way, latency }) => ({
        ...{ name: `${place} tenant, ${way}`, latency },
        color: place === "median" ? ink.first : ink.second,
        ...(way === "unprepared" && { dash: dashed }),
      })),
    ],
    targetMs,
  );
}

/** What the lines of the HTTP chart are. */
export const httpLegend = [
  { name: "closed, as the client saw it", color: ink.first },
  { name: "at the gateway", color: ink.first, dash: dashed },
  { name: "open, from when it was due", color: ink.second },
  { name: "at the gateway", color: ink.second, dash: dashed },
] as const;

/** Both loads over HTTP, outside and inside. */
export function httpChart({ closed, open }: HttpResult): SafeHtml {
  const both = [
    { name: "closed", load: closed, color: ink.first },
    { name: "open", load: open, color: ink.second },
  ];
  return percentileChart(
    "Requests over HTTP",
    both.flatMap(({ name, load, color }) => [
      { name: `${name}, client`, latency: load.client, color },
      { name: `${name}, gateway`, latency: load.server, color, dash: dashed },
    ]),
  );
}

function percentileChart(title: string, series: readonly Series[], targetMs?: number): SafeHtml {
  const said = series.map(({ name, latency }) => `${name} p99 ${formatMs(latency.p99.estimate)}`);
  const name = `Latency by percentile, ${title}: ${said.join("; ")}`;
  const all = [...series.flatMap(({ latency }) => pointsOf(latency).map(([, ms]) => ms)), targetMs ?? 0];
  const [low, high] = [Math.min(...all.filter((ms) => ms > 0)) / 1.5, Math.max(...all) * 1.8];
  const ticks = logTicks(low, high);
  return drawChart(name, {
    ...{ width: 400, height: 230, marginLeft: 52, marginBottom: 36, marginTop: 14, marginRight: 18 },
    x: { type: "log", domain: [1, rarest] },
    y: { type: "log", domain: [low, high] },
    marks: [
      gridY({ ticks, stroke: ink.grid, strokeOpacity: 1 }),
      ruleX([100], { stroke: ink.grid }),
      axisX({
        ticks: Object.keys(oneIn).map(Number),
        tickFormat: (value: number) => oneIn[value as keyof typeof oneIn],
        ...{ label: "percentile", labelArrow: "none", labelAnchor: "center", tickSize: 3, color: ink.axis },
      }),
      axisY({ ticks, tickFormat: formatLimit, label: null, tickSize: 0, color: ink.axis }),
      ...series.map(({ latency, color, dash }) =>
        line(pointsOf(latency), { stroke: color, strokeWidth: 1.6, ...(dash && { strokeDasharray: dash }) }),
      ),
      ...(targetMs === undefined
        ? []
        : [
            ruleY([targetMs], { stroke: ink.limit, strokeWidth: 1.4, strokeDasharray: "2 2" }),
            text([[1, targetMs]], {
              ...{ text: () => `target ${formatLimit(targetMs)}`, textAnchor: "start", fill: ink.limit },
              ...{ lineAnchor: "bottom", dx: 3, dy: -3 },
            }),
          ]),
    ],
  });
}

function pointsOf({ curve }: Latency): (readonly [number, number])[] {
  return curve
    .map(([percentile, ms]) => [100 / (100 - percentile), ms] as const)
    .filter(([rarity, ms]) => rarity >= 1 && rarity <= rarest && ms > 0);
}
