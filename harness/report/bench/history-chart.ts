import { axisX, axisY, dot, gridY, line, ruleX, ruleY } from "@observablehq/plot";
import type { SafeHtml } from "@remix-run/html-template";
import { drawChart, ink, logTicks } from "./chart.ts";

export interface HistorySeries {
  readonly name: string;
  readonly color: string;
  readonly dash?: string;
  readonly points: readonly {
    readonly run: number;
    readonly value: number;
    readonly ends?: readonly [number, number];
  }[];
}

interface HistoryOptions {
  /** How many runs there are in all. */
  readonly runs: number;
  readonly format: (value: number) => string;
  /** Equal steps are equal factors; what is not above 0 is left out. Default false. */
  readonly log?: boolean;
  readonly limit?: number | undefined;
}

/** One measure of each run, in the order of the runs, with its interval where it has one. */
export function historyChart(
  title: string,
  series: readonly HistorySeries[],
  { runs, format, log = false, limit }: HistoryOptions,
): SafeHtml {
  const usable = (value: number) => Number.isFinite(value) && (!log || value > 0);
  const shown = series.map(({ points, ...rest }) => ({
    ...{ ...rest, points: points.filter(({ value }) => usable(value)) },
  }));
  const values = shown.flatMap(({ points }) => points.flatMap(({ value, ends = [] }) => [value, ...ends]));
  const all = [...values, ...(limit === undefined ? [] : [limit]), ...(log ? [] : [0])].filter(usable);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const room = (most - least || 1) * 0.06;
  const domain = log ? [least / 1.4, most * 1.4] : [least - (least < 0 ? room : 0), most + room];
  const ticks = log ? logTicks(least / 1.4, most * 1.4) : 4;
  const said = shown.map(
    ({ name, points }) => `${name} ${points.map(({ value }) => format(value)).join(", ")}`,
  );
  return drawChart(`${title}, by run: ${said.join("; ")}`, {
    ...{ width: 400, height: 210, marginLeft: 56, marginBottom: 36, marginTop: 12, marginRight: 16 },
    x: { domain: [0.5, runs + 0.5] },
    y: { type: log ? "log" : "linear", domain },
    marks: [
      gridY({ ticks, stroke: ink.grid, strokeOpacity: 1 }),
      axisX({
        ...{ ticks: runTicks(runs), tickFormat: "d", label: "run", labelArrow: "none" },
        ...{ labelAnchor: "center", tickSize: 3, color: ink.axis },
      }),
      axisY({ ticks, tickFormat: format, label: null, tickSize: 0, color: ink.axis }),
      ...(limit === undefined ? [] : [ruleY([limit], { stroke: ink.limit, strokeDasharray: "2 2" })]),
      ...shown.flatMap(({ points, color, dash }) => [
        ruleX(
          points.filter(({ ends }) => ends?.every(usable)),
          { x: "run", y1: endOf(0), y2: endOf(1), stroke: color, strokeWidth: 1, strokeOpacity: 0.6 },
        ),
        line(points, {
          x: "run",
          y: "value",
          stroke: color,
          strokeWidth: 1.5,
          ...(dash && { strokeDasharray: dash }),
        }),
        dot(points, { x: "run", y: "value", fill: color, r: 2.5 }),
      ]),
    ],
  });
}

function endOf(end: 0 | 1) {
  return ({ ends, value }: HistorySeries["points"][number]) => ends?.[end] ?? value;
}

/** At most ten of them have room for their numbers. */
function runTicks(runs: number): number[] {
  const step = Math.ceil(runs / 10);
  return Array.from({ length: Math.ceil(runs / step) }, (_, index) => 1 + index * step);
}
