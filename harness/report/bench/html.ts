import { html, type SafeHtml } from "@remix-run/html-template";
import type { BenchResult } from "../bench-result.ts";
import { sentenceOf } from "../sentence.ts";
import { contents, definitionList, htmlDocument } from "./html-document.ts";
import { sectionDetail } from "./html-section.ts";
import { htmlTable, markOf, scrolling } from "./html-table.ts";
import { formatDuration, formatMoment } from "./quantity.ts";
import { sectionsOf } from "./sections.ts";
import { factsOf, reasonOf, subjectOf } from "./summary.ts";
import { marks, symbols, whyOf } from "./table.ts";

/** The whole result as one HTML file that needs nothing else, for screens, for paper, in the light and in the dark. */
export function renderBenchHtml(result: BenchResult): string {
  const sections = sectionsOf(result);
  const parts = [
    ...(result.promises.length === 0 ? [] : [{ id: "promises", title: "Promises" }]),
    ...sections,
    { id: "run", title: "The run" },
  ];
  const body = html`${banner(result)}
${contents(parts)}
<main>
${promiseSection(result)}
${sections.map(
  (section) =>
    html`<section id="${section.id}"><h2>${section.title}</h2>${section.tables.map(htmlTable)}${sectionDetail(section.id, result)}</section>`,
)}
${runSection(result)}
</main>`;
  return htmlDocument(`${sentenceOf(result)} - tenantproof bench`, body);
}

function banner(result: BenchResult): SafeHtml {
  const { standing, fault, engine, startedAt } = result;
  const { tone } = marks[standing];
  const reason = reasonOf(result);
  return html`<header class="banner ${tone}" data-standing="${standing}">
<p class="tool">tenantproof bench, ${formatMoment(startedAt)}</p>
<h1><span class="symbol" aria-hidden="true">${symbols[tone]}</span> ${sentenceOf(result)}</h1>
${reason === "" ? "" : html`<p class="reason">${reason}</p>`}
${fault ? definitionList([...(fault.where === undefined ? [] : [["where", fault.where] as const]), ["next", fault.hint]]) : ""}
<p class="subject">${subjectOf(result)}${engine === undefined ? "" : html`, on ${engine}`}</p>
</header>`;
}

function promiseSection({ promises }: BenchResult): SafeHtml {
  if (promises.length === 0) return html``;
  const rows = promises.map((promise) => {
    const { id, title, verdict } = promise;
    const { tone, word } = marks[verdict.state];
    return html`<tr data-promise="${id}" data-state="${verdict.state}"><th scope="row">${id}</th><td class="state">${markOf(tone, word)}</td><td>${title}<div class="why">${whyOf(promise)}</div></td></tr>`;
  });
  const table = html`<table class="promises"><caption>What was promised, and what was found</caption><thead><tr><th scope="col">id</th><th scope="col">verdict</th><th scope="col">promise and why</th></tr></thead><tbody>${rows}</tbody></table>`;
  const scripts = promises.flatMap(({ id, verdict }) =>
    verdict.state === "broken"
      ? verdict.breaches.map(
          ({ what, sql }) =>
            html`<details><summary>${id}: ${what}</summary>${scrolling(`How to repeat it, ${what}`, html`<pre>${sql}</pre>`)}</details>`,
        )
      : [],
  );
  return html`<section id="promises"><h2>Promises</h2>${scrolling("Promises", table)}${scripts}</section>`;
}

function runSection(result: BenchResult): SafeHtml {
  const { notes, stages } = result;
  const noteList =
    notes.length === 0 ? "" : html`<h3>Notes</h3><ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`;
  const rows = stages.map(
    ({ name, detail, durationMs }) =>
      html`<tr><th scope="row">${name}</th><td>${detail}</td><td class="number">${formatDuration(durationMs)}</td></tr>`,
  );
  const table = html`<table><caption>Stages</caption><thead><tr><th scope="col">stage</th><th scope="col">what it did</th><th scope="col" class="number">took</th></tr></thead><tbody>${rows}</tbody></table>`;
  return html`<section id="run"><h2>The run</h2>${definitionList(factsOf(result))}${noteList}${stages.length === 0 ? "" : scrolling("Stages", table)}</section>`;
}
