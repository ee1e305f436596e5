import { axisX, axisY, dot, gridX, ruleX, ruleY, text } from "@observablehq/plot";
import type { SafeHtml } from "@remix-run/html-template";
import type { Paired } from "../../bench/result.ts";
import { drawChart, ink } from "./chart.ts";
import { formatRatio, formatRatioBounds } from "./quantity.ts";

export interface PairedRow {
  readonly name: string;
  readonly paired: Paired;
}

/** What the marks of a paired chart are. */
export const pairedLegend = [
  { name: "one round", color: ink.first, dash: "dots" },
  { name: "95% interval of the estimate", color: ink.second },
  { name: "no difference", color: ink.text },
] as const;

/** Of a chart with a limit, besides. */
export const limitLegend = { name: "at most", color: ink.limit, dash: "2 2" } as const;

const rowHeight = 40;
/** Beyond it one row would press all others against zero. */
const mostLinear = 0.6;

/** Each round as a point, the estimate with its interval, and zero; all as a part of the first one's median. */
export function pairedChart(title: string, rows: readonly PairedRow[], mostRatio?: number): SafeHtml {
  const placed = rows.map((row, index) => ({ ...row, y: rows.length - index }));
  const points = placed.flatMap(({ paired, y }) =>
    paired.rounds.map((round, index) => ({
      x: round / paired.firstMedian,
      // Beside each other, so that none hides another; their height says nothing.
      y: y - 0.12 - 0.2 * ((index * 0.618) % 1),
    })),
  );
  const ends = placed.flatMap(({ paired }) => [paired.ratio.low, paired.ratio.high]);
  const all = [...points.map(({ x }) => x), ...ends, 0, mostRatio ?? 0].filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const wide = Math.max(-low, high) > mostLinear;
  const room = (high - low || 0.01) * 0.05;
  const said = rows.map(
    ({ name, paired: { ratio } }) =>
      `${name} ${formatRatio(ratio.estimate)}, 95% interval ${formatRatioBounds(ratio)}`,
  );
  return drawChart(`Paired differences, ${title}: ${said.join("; ")}`, {
    ...{ width: 480, height: rows.length * rowHeight + 46 },
    ...{ marginLeft: 10, marginRight: 14, marginTop: 8, marginBottom: 34 },
    x: {
      domain: [low - room, high + room],
      ...(wide ? { type: "symlog", constant: 0.05, ticks: wideTicks(low, high) } : {}),
    },
    y: { domain: [0.55, rows.length + 0.62] },
    marks: [
      gridX({ stroke: ink.grid, strokeOpacity: 1, ...(wide && { ticks: wideTicks(low, high) }) }),
      axisX({
        ...{ tickFormat: percent, label: null, tickSize: 3, color: ink.axis },
        ...(wide ? { ticks: wideTicks(low, high) } : { ticks: 6 }),
      }),
      axisY({ ticks: [], label: null }),
      // Not through the names, which stand between the rows.
      ruleX(placed, {
        ...{ x: 0, stroke: ink.text, strokeWidth: 1.2 },
        ...{ y1: ({ y }: { y: number }) => y - 0.38, y2: ({ y }: { y: number }) => y + 0.16 },
      }),
      ...(mostRatio === undefined
        ? []
        : [ruleX([mostRatio], { stroke: ink.limit, strokeWidth: 1.4, strokeDasharray: "2 2" })]),
      dot(points, { x: "x", y: "y", r: 2, fill: ink.first, fillOpacity: 0.45 }),
      ruleY(placed, {
        ...{ y: "y", x1: (row: PairedRow) => row.paired.ratio.low, strokeWidth: 4 },
        ...{ x2: (row: PairedRow) => row.paired.ratio.high, stroke: ink.second, strokeLinecap: "round" },
      }),
      ruleX(placed, {
        ...{ x: (row: PairedRow) => row.paired.ratio.estimate, stroke: ink.text, strokeWidth: 2 },
        ...{ y1: ({ y }: { y: number }) => y - 0.13, y2: ({ y }: { y: number }) => y + 0.13 },
      }),
      text(placed, {
        ...{ text: "name", y: "y", frameAnchor: "left", dy: -13, fill: ink.text, stroke: "var(--paper)" },
        ...{ strokeWidth: 4, paintOrder: "stroke" },
      }),
    ],
  });
}

function percent(ratio: number): string {
  return `${ratio > 0 ? "+" : ""}${Math.round(ratio * 1000) / 10}%`;
}

function wideTicks(low: number, high: number): number[] {
  const sizes = [0.1, 1, 10, 100, 1000].filter((size) => size < Math.max(-low, high) * 1.2);
  return [...sizes.map((size) => -size), 0, ...sizes].filter(
    (tick) => tick >= low * 1.2 && tick <= high * 1.2,
  );
}
