import { html, type SafeHtml } from "@remix-run/html-template";
import type { RegressionResult } from "../../bench/result.ts";
import type { BenchResult } from "../bench-result.ts";
import { figureOf, legendOf } from "./chart.ts";
import { growthChart, growthLegend } from "./growth-chart.ts";
import { planComparison, plansOf } from "./html-plan.ts";
import { scrolling } from "./html-table.ts";
import { limitLegend, pairedChart, pairedLegend } from "./paired-chart.ts";
import { httpChart, httpLegend, queryChart, queryLegend } from "./percentile-chart.ts";
import type { Section } from "./sections.ts";
import { sizeChart, sizeLegend } from "./size-chart.ts";

/** What HTML shows below a section's tables: charts and plans. */
export function sectionDetail(id: Section["id"], result: BenchResult): SafeHtml {
  const { queries = [], floor, overheads = [], growth = [], sizes = [] } = result;
  const { chores = [], http, regression } = result;
  switch (id) {
    case "queries":
      return queries.length === 0
        ? html``
        : html`<h3>Latency by percentile</h3>${legendOf(queryLegend)}${grid(
            queries.map((query) => figureOf(query.title, queryChart(query, floor))),
          )}<h3>Plans</h3>${queries.map(plansOf)}`;
    case "overheads":
      return html`<h3>Round by round</h3>${legendOf([...pairedLegend, limitLegend])}${grid(
        overheads.map(({ title, all, queries, mostRatio }) => {
          const rows = [
            { name: "all", paired: all },
            ...queries.map(({ id, paired }) => ({ name: id, paired })),
          ];
          return figureOf(title, pairedChart(title, rows, mostRatio));
        }),
        true,
      )}`;
    case "growth":
      return html`<h3>Against the number of rows</h3>${legendOf(growthLegend)}${grid(
        growth.map((one) => figureOf(one.title, growthChart(one))),
        true,
      )}`;
    case "sizes":
      return html`<h3>Heap and indexes</h3>${legendOf(sizeLegend)}${figureOf("Kilobytes for 1,000 rows", sizeChart(sizes))}`;
    case "chores":
      return html`<details><summary>Statements</summary>${chores.map(
        ({ title, sql }) => html`<h4>${title}</h4>${scrolling(title, html`<pre>${sql}</pre>`)}`,
      )}</details>`;
    case "http":
      return http
        ? html`<h3>Latency by percentile</h3>${legendOf(httpLegend)}${grid([figureOf("Requests", httpChart(http))])}`
        : html``;
    case "regression":
      return regression ? regressionDetail(regression) : html``;
    case "removals":
      return html``;
  }
}

function regressionDetail({ controls, queries, changes, base, head }: RegressionResult): SafeHtml {
  const rows = [
    ...controls.map(({ name, paired }) => ({ name: `control: ${name}`, paired })),
    ...queries.map(({ id, place, paired }) => ({ name: `${id}, ${place}`, paired })),
  ];
  const changed = queries.filter(
    (query) => query.verdict !== "same" || query.base.plan.fingerprint !== query.head.plan.fingerprint,
  );
  const list = changes.map((change) => html`<li><code>${change}</code></li>`);
  const title = `${head} against ${base}`;
  const rounds = () =>
    html`<h3>Round by round</h3>${legendOf(pairedLegend)}${grid([figureOf(title, pairedChart("regression", rows))], true)}`;
  return html`${rows.length === 0 ? "" : rounds()}${changed.map((query) => html`<h3>${query.title}, ${query.place} tenant: ${query.verdict}</h3>${planComparison(query)}`)}${
    changes.length === 0 ? "" : html`<h3>Changes of the catalog</h3><ul>${list}</ul>`
  }`;
}

function grid(figures: readonly SafeHtml[], wide = false): SafeHtml {
  return html`<div class="${wide ? "grid wide" : "grid"}">${[...figures]}</div>`;
}
