import { html, type SafeHtml } from "@remix-run/html-template";
import { type Bar, type Judged, type Row, symbols, type Table, type Tone, worstMark } from "./table.ts";

/** The table as HTML; it scrolls by itself where the page is narrower, and a group's name spans it. */
export function htmlTable(table: Table): SafeHtml {
  const { caption, of, columns, rows, grouped = false } = table;
  const [bars, judgements] = [rows.some(({ bar }) => bar), rows.some(({ judged }) => judged.length > 0)];
  const titles = columns.map(
    ({ title, text }) => html`<th scope="col" class="${text ? "text" : "number"}">${title}</th>`,
  );
  const draw = (row: Row) =>
    html`<tr>${[
      ...(grouped ? [] : [html`<th scope="row">${glance(row)}${nameCell(row)}</th>`]),
      ...row.cells.map(
        (cell, index) =>
          html`<td class="${columns[index]?.text ? "text" : "number"}">${grouped && index === 0 ? glance(row) : ""}${cell}</td>`,
      ),
      ...(bars ? [html`<td class="bar">${row.bar ? barOf(row.bar) : ""}</td>`] : []),
      ...(judgements ? [html`<td class="judged">${row.judged.map(judgedLine)}</td>`] : []),
    ]}</tr>`;
  const head = html`<tr>${[
    ...(grouped ? [] : [html`<th scope="col" class="text">${of}</th>`]),
    ...titles,
    ...(bars ? [html`<th scope="col" class="bar">p99, target</th>`] : []),
    ...(judgements ? [html`<th scope="col" class="judged">verdict</th>`] : []),
  ]}</tr>`;
  const width = columns.length + (bars ? 1 : 0) + (judgements ? 1 : 0);
  const bodies = grouped
    ? groupsOf(rows).map(
        (group) =>
          html`<tbody><tr class="group"><th scope="rowgroup" colspan="${width}">${group.slice(0, 1).map(nameCell)}</th></tr>${group.map(draw)}</tbody>`,
      )
    : html`<tbody>${rows.map(draw)}</tbody>`;
  return scrolling(
    caption,
    html`<table><caption>${caption}</caption><thead>${head}</thead>${bodies}</table>`,
  );
}

/** What is wider than a narrow screen, reachable with a keyboard. */
export function scrolling(name: string, content: SafeHtml): SafeHtml {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${name}">${content}</div>`;
}

/** A word with its symbol, in its colour. */
export function markOf(tone: Tone, word: string): SafeHtml {
  return html`<span class="mark ${tone}"><span aria-hidden="true">${symbols[tone]}</span> ${word}</span>`;
}

/** The verdict once more where a row begins: a narrow screen does not show its end. */
function glance(row: Row): SafeHtml {
  const mark = worstMark(row);
  if (mark === undefined) return html``;
  return html`<span class="glance mark ${mark.tone}" aria-hidden="true">${symbols[mark.tone]}</span>`;
}

function judgedLine({ of, mark, why }: Judged): SafeHtml {
  const name = of === undefined ? "" : html`<span class="of">${of}</span> `;
  return html`<div>${markOf(mark.tone, mark.word)} ${name}<span class="why">${why}</span></div>`;
}

function nameCell({ id, title }: Row): SafeHtml {
  return title === id ? html`${title}` : html`${title} <code>${id}</code>`;
}

function groupsOf(rows: readonly Row[]): Row[][] {
  const groups: Row[][] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    if (last && last[0]?.id === row.id) last.push(row);
    else groups.push([row]);
  }
  return groups;
}

/** The numbers beside it say the same. */
function barOf({ estimate, low, high, target, floor, missed }: Bar): SafeHtml {
  const most = Math.max(target * 1.4, high);
  if (!Number.isFinite(most) || !Number.isFinite(estimate) || !Number.isFinite(low)) return html``;
  const at = (ms: number) => `${Math.min(100, Math.max(0, (ms / most) * 100)).toFixed(2)}%`;
  const tick = floor === undefined ? "" : html`<i class="floor" style="left:${at(floor)}"></i>`;
  return html`<div class="track ${missed ? "over" : ""}" aria-hidden="true"><i class="fill" style="width:${at(estimate)}"></i><i class="span" style="left:${at(low)};right:calc(100% - ${at(high)})"></i>${tick}<i class="target" style="left:${at(target)}"></i></div>`;
}
