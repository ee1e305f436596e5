import { axisX, axisY, dot, gridY, line } from "@observablehq/plot";
import { html, type SafeHtml } from "@remix-run/html-template";
import type { GrowthResult } from "../../bench/result.ts";
import { drawChart, ink, logTicks } from "./chart.ts";
import { formatCount, formatLimit, formatSlope } from "./quantity.ts";

type Points = readonly (readonly [rows: number, value: number])[];

/** What the lines of a growth chart are. */
export const growthLegend = [
  { name: "measured; latency is the median", color: ink.first },
  { name: "99th percentile", color: ink.second },
  { name: "growing as the table does", color: ink.floor, dash: "2 3" },
] as const;

/** Buffers and latency against rows, both axes logarithmic, beside what growing in proportion would look like. */
export function growthChart({ title, points, slopeOfBuffers, slopeOfLatency }: GrowthResult): SafeHtml {
  const pairs = (value: (point: GrowthResult["points"][number]) => number): Points =>
    points.map((point) => [point.rows, value(point)] as const).filter(([, y]) => y > 0);
  return html`<div class="pair">${[
    logLog(`Buffers of ${title} by rows: slope ${formatSlope(slopeOfBuffers)}`, "buffers", formatCount, [
      pairs(({ buffers }) => buffers),
    ]),
    logLog(
      `Latency of ${title} by rows: slope ${formatSlope(slopeOfLatency.estimate)}`,
      ...(["latency", formatLimit] as const),
      [pairs(({ latency }) => latency.p50), pairs(({ latency }) => latency.p99.estimate)],
    ),
  ]}</div>`;
}

function logLog(
  name: string,
  label: string,
  format: (value: number) => string,
  series: readonly Points[],
): SafeHtml {
  const all = series.flat();
  const [low, high] = [Math.min(...all.map(([, y]) => y)), Math.max(...all.map(([, y]) => y))];
  // At least as many logTicks up as a slope of two thirds would take: what is flat must look it.
  const middle = Math.sqrt(low * high);
  const reach = Math.max(Math.sqrt(high / low) * 1.5, 10);
  const [bottom, top] = [middle / reach, middle * reach];
  const rows = all.map(([x]) => x);
  const [fewest, most] = [Math.min(...rows), Math.max(...rows)];
  const start = series[0]?.[0]?.[1] ?? low;
  const until = Math.min(most, (fewest * top) / start);
  return drawChart(name, {
    ...{ width: 245, height: 200, marginLeft: 50, marginBottom: 36, marginTop: 22, marginRight: 14 },
    x: { type: "log", domain: [fewest, most] },
    y: { type: "log", domain: [bottom, top] },
    marks: [
      gridY({ ticks: logTicks(bottom, top), stroke: ink.grid, strokeOpacity: 1 }),
      axisX({
        ticks: logTicks(fewest, most),
        tickFormat: (value: number) => short.format(value),
        ...{ label: "rows", labelArrow: "none", labelAnchor: "center", tickSize: 3, color: ink.axis },
      }),
      axisY({
        ...{ ticks: logTicks(bottom, top), tickFormat: format, label, labelArrow: "none", tickSize: 0 },
        color: ink.axis,
      }),
      line(
        [
          [fewest, start],
          [until, (start * until) / fewest],
        ],
        { stroke: ink.floor, strokeDasharray: "2 3" },
      ),
      ...series.flatMap((points, index) => {
        const color = index === 0 ? ink.first : ink.second;
        return [line(points, { stroke: color, strokeWidth: 1.6 }), dot(points, { fill: color, r: 2.5 })];
      }),
    ],
  });
}

const short = new Intl.NumberFormat("en-US", { notation: "compact" });
