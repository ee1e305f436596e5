import { html, type SafeHtml } from "@remix-run/html-template";
import type { CellResult, Plan, QueryResult, RegressionQuery, Work } from "../../bench/result.ts";
import { scrolling } from "./html-table.ts";
import { planSides } from "./plan-change.ts";
import { formatCount } from "./quantity.ts";

/** The plans of a query, each once, with where it was chosen and the work it does there; folded away. */
export function plansOf({ title, cells, otherPlan }: QueryResult): SafeHtml {
  const plans = new Set(cells.map(({ plan }) => plan.fingerprint));
  const chosen = [...plans].map((fingerprint) => {
    const alike = cells.filter(({ plan }) => plan.fingerprint === fingerprint);
    const where = alike.map(({ place, way, planKind }) => `${place} ${way} (${planKind})`).join(", ");
    return planBlock(where, alike[0]?.plan, heaviest(alike));
  });
  const other = otherPlan
    ? planBlock(`not chosen: ${otherPlan.place} (${otherPlan.planKind})`, otherPlan.plan, otherPlan.work)
    : "";
  return html`<details><summary>${title}</summary>${chosen}${other}</details>`;
}

function heaviest(cells: readonly CellResult[]): Work | undefined {
  return cells.map(({ work }) => work).toSorted((a, b) => b.buffers - a.buffers)[0];
}

function planBlock(where: string, plan: Plan | undefined, work: Work | undefined): SafeHtml {
  const lines = (plan?.lines ?? []).join("\n");
  const text = html`<pre>${lines}</pre>`;
  return html`<h4>${where}</h4>${scrolling(`Plan, ${where}`, text)}<p class="note">${work ? workText(work) : ""}</p>`;
}

function workText({ buffers, walBytes, spilled, calls }: Work): string {
  const called = Object.entries(calls).map(([name, count]) => `${name} ${formatCount(count)}×`);
  return [
    `at most ${formatCount(buffers)} buffers`,
    `${formatCount(walBytes)} bytes of WAL`,
    `${formatCount(spilled)} pages spilled`,
    `functions called: ${called.length === 0 ? "none" : called.join(", ")}`,
  ].join("; ");
}

/** Both plans of a query side by side, what changed marked, and what explains it. */
export function planComparison({ title, place, base, head, causes }: RegressionQuery): SafeHtml {
  const rows = planSides(base.plan, head.plan).map(({ before, after }) => {
    const changed = before !== after;
    return html`<tr>${sideOf(before, changed ? "removed" : "")}${sideOf(after, changed ? "added" : "")}</tr>`;
  });
  const caption = `Plan of ${title}, ${place} tenant, before and after`;
  const why =
    causes.length === 0
      ? ""
      : html`<h4>Likely causes</h4><ol>${causes.map((cause) => html`<li>${cause}</li>`)}</ol>`;
  return html`${scrolling(caption, html`<table class="plans"><caption>${caption}</caption><thead><tr><th scope="col">before</th><th scope="col">after</th></tr></thead><tbody>${rows}</tbody></table>`)}${why}`;
}

function sideOf(line: string | undefined, kind: "removed" | "added" | ""): SafeHtml {
  if (line === undefined) return html`<td></td>`;
  if (kind === "") return html`<td>${line}</td>`;
  const sign = kind === "removed" ? "− " : "+ ";
  return kind === "removed"
    ? html`<td class="removed"><del><span aria-hidden="true">${sign}</span>${line}</del></td>`
    : html`<td class="added"><ins><span aria-hidden="true">${sign}</span>${line}</ins></td>`;
}
