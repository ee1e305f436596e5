import { axisX, axisY, barX, gridX, ruleX, tickX } from "@observablehq/plot";
import type { SafeHtml } from "@remix-run/html-template";
import type { SizeResult } from "../../bench/result.ts";
import { drawChart, ink } from "./chart.ts";
import { formatKb } from "./quantity.ts";

/** What the parts of the size chart are. */
export const sizeLegend = [
  { name: "heap", color: ink.first },
  { name: "indexes", color: ink.second },
  { name: "what was said", color: ink.text },
  { name: "at most", color: ink.limit, dash: "2 2" },
] as const;

/** A bar a table of heap and indexes, with marks at what was said and at what is allowed. */
export function sizeChart(sizes: readonly SizeResult[]): SafeHtml {
  const said = sizes.map(({ table, totalKb, mostKb }) => {
    return `${table} ${formatKb(totalKb)} KB of at most ${formatKb(mostKb)}`;
  });
  const longest = Math.max(0, ...sizes.map(({ table }) => table.length));
  const inset = { insetTop: 3, insetBottom: 3 };
  return drawChart(`Size of 1,000 rows: ${said.join("; ")}`, {
    ...{ width: 480, height: sizes.length * 36 + 44 },
    ...{ marginLeft: Math.min(200, longest * 6.4 + 16), marginRight: 16, marginTop: 6, marginBottom: 36 },
    x: {
      domain: [
        0,
        Math.max(...sizes.flatMap(({ totalKb, mostKb, saidKb = 0 }) => [totalKb, mostKb, saidKb])) * 1.04,
      ],
    },
    y: { domain: sizes.map(({ table }) => table), padding: 0.2 },
    marks: [
      gridX({ stroke: ink.grid, strokeOpacity: 1 }),
      axisX({ label: "kilobytes", labelArrow: "none", labelAnchor: "center", tickSize: 3, color: ink.axis }),
      axisY({ label: null, tickSize: 0, color: ink.text }),
      barX(sizes, { x1: 0, x2: "heapKb", y: "table", fill: ink.first, ...inset }),
      barX(sizes, {
        ...{ x1: "heapKb", x2: ({ heapKb, indexesKb }: SizeResult) => heapKb + indexesKb },
        ...{ y: "table", fill: ink.second, ...inset },
      }),
      tickX(
        sizes.filter(({ saidKb }) => saidKb !== undefined),
        { x: "saidKb", y: "table", stroke: ink.text, strokeWidth: 3 },
      ),
      tickX(sizes, { x: "mostKb", y: "table", stroke: ink.limit, strokeWidth: 2, strokeDasharray: "2 2" }),
      ruleX([0], { stroke: ink.axis }),
    ],
  });
}
