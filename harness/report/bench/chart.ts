// Chart: one SVG without scripts; its colours are the page's variables, so it serves light, dark and paper alike.

import { plot } from "@observablehq/plot";
import { html, type SafeHtml } from "@remix-run/html-template";
import { parseHTML } from "linkedom";

type PlotOptions = NonNullable<Parameters<typeof plot>[0]>;

const { document } = parseHTML("<!doctype html><html><body></body></html>");

/** What every chart of the report has in common. */
export const ink = {
  axis: "var(--faint)",
  grid: "var(--grid)",
  text: "var(--ink)",
  first: "var(--first)",
  second: "var(--second)",
  floor: "var(--faint)",
  limit: "var(--bad)",
} as const;

/** The chart that `options` describe, with a name for those who cannot see it. */
export function drawChart(name: string, options: PlotOptions): SafeHtml {
  const svg = plot({ document, className: "chart", style: { fontSize: "11px" }, ...options });
  // The page has the same rules once for all charts.
  svg.querySelector("style")?.remove();
  // They name parts of a picture that is one image to whoever hears it.
  for (const part of svg.querySelectorAll("[aria-label], [aria-hidden]")) {
    part.removeAttribute("aria-label");
    part.removeAttribute("aria-hidden");
  }
  svg.setAttribute("aria-hidden", "true");
  return html`<div role="img" aria-label="${name}">${html.raw`${svg.outerHTML}`}</div>`;
}

/** A chart under its title, with a line of text where it needs one. */
export function figureOf(title: string, chart: SafeHtml, text?: string): SafeHtml {
  const note = text === undefined ? "" : html`<span class="note">${text}</span>`;
  return html`<figure><figcaption>${title}${note}</figcaption>${chart}</figure>`;
}

/** The ticks of a logarithmic axis: powers of ten, and where these are too few, their doubles and halves. */
export function logTicks(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const count = Number.isFinite(last - first) ? Math.max(0, last - first + 1) : 0;
  const powers = Array.from({ length: count }, (_, index) => 10 ** (first + index));
  const within = (ticks: readonly number[]) =>
    ticks.filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
  const coarse = within(powers);
  return coarse.length > 1 ? coarse : within(powers.flatMap((power) => [power, 2 * power, 5 * power]));
}

/** What one line of a chart is. */
export interface LegendEntry {
  readonly name: string;
  readonly color: string;
  /** As SVG has it; "dots" are points and no line. */
  readonly dash?: string;
}

/** What the lines of the charts beside it are. */
export function legendOf(entries: readonly LegendEntry[]): SafeHtml {
  const items = entries.map(({ name, color, dash = "none" }) => {
    const [width, pattern] = dash === "dots" ? [4, "0.1 8"] : [2, dash];
    return html`<li><svg width="26" height="8" aria-hidden="true"><line x1="2" x2="24" y1="4" y2="4" stroke="${color}" stroke-width="${width}" stroke-dasharray="${pattern}" stroke-linecap="${dash === "dots" ? "round" : "butt"}"/></svg>${name}</li>`;
  });
  return html`<ul class="legend">${items}</ul>`;
}
