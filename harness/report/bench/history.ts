import { html } from "@remix-run/html-template";
import type { BenchResult } from "../bench-result.ts";
import { legendOf } from "./chart.ts";
import { historyParts } from "./history-parts.ts";
import { contents, htmlDocument } from "./html-document.ts";
import { markOf, scrolling } from "./html-table.ts";
import { formatCount, formatMoment } from "./quantity.ts";
import { marks } from "./table.ts";

const caution =
  "Times of different runs are information only: machines and their load differ, and nothing here is a verdict.";

/** Several results as one HTML file, in the order of time: what was measured in each run, and no verdict. */
export function renderHistory(results: readonly BenchResult[]): string {
  const ordered = results.toSorted((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt));
  const parts = historyParts(ordered);
  const count = `${formatCount(results.length)} ${results.length === 1 ? "run" : "runs"}`;
  const sections = parts.map(
    ({ id, title, legend, figures }) =>
      html`<section id="${id}"><h2>${title}</h2>${legendOf(legend)}<div class="grid">${[...figures]}</div></section>`,
  );
  const body = html`<header class="banner plain">
<p class="tool">tenantproof bench</p>
<h1>History of ${count}</h1>
<p class="reason">${caution}</p>
${alike(ordered) ? "" : html`<p class="subject">These runs differ in rows, tenants, engine or cores: compare only those that do not.</p>`}
</header>
${contents([{ id: "runs", title: "Runs" }, ...parts])}
<main>
<section id="runs"><h2>Runs</h2>${runTable(ordered)}</section>
${sections}
</main>`;
  return htmlDocument(`History of ${count} - tenantproof bench`, body);
}

function alike(results: readonly BenchResult[]): boolean {
  const grounds = results.map(({ rows, tenants, engine, machine }) =>
    JSON.stringify([rows, tenants, engine, machine.cores]),
  );
  return new Set(grounds).size <= 1;
}

function runTable(results: readonly BenchResult[]) {
  const rows = results.map(({ startedAt, revision, rows, tenants, engine, machine, standing }, index) => {
    const { tone, word } = marks[standing];
    return html`<tr><th scope="row" class="number">${index + 1}</th><td class="text">${formatMoment(startedAt)}</td><td class="text">${revision ?? "unknown"}</td><td class="text">${markOf(tone, word)}</td><td class="number">${formatCount(rows)}</td><td class="number">${formatCount(tenants)}</td><td class="number">${machine.cores}</td><td>${engine ?? "none"}</td></tr>`;
  });
  const heads = [
    ...[
      ["run", "number"],
      ["started", "text"],
      ["revision", "text"],
      ["standing", "text"],
    ],
    ...[
      ["rows", "number"],
      ["tenants", "number"],
      ["cores", "number"],
      ["engine", "text"],
    ],
  ].map(([title, kind]) => html`<th scope="col" class="${kind}">${title}</th>`);
  return scrolling(
    "Runs",
    html`<table class="runs"><caption>The runs, the oldest first; charts call them by their number</caption><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table>`,
  );
}
