import fc from "fast-check";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { renderHistory } from "../../../harness/report/bench/history.ts";
import { renderBenchHtml } from "../../../harness/report/bench/html.ts";
import type { BenchResult } from "../../../harness/report/bench-result.ts";
import { saying, withoutNumbers } from "./hostile.ts";
import { sampleFailure, sampleHistory, sampleNothing, sampleResult } from "./sample.ts";

const pageOf = (text: string) => parseHTML(text).document;
const page = (result: BenchResult = sampleResult("filtered")) => pageOf(renderBenchHtml(result));
const sectionsOf = (result: BenchResult) => [...page(result).querySelectorAll("section")].map(({ id }) => id);
const everything = [
  ...["promises", "queries", "overheads", "growth", "sizes"],
  ...["chores", "removals", "http", "regression", "run"],
];

describe("the HTML report of a bench", () => {
  it("says the verdict and why before anything else", () => {
    const banner = page().querySelector("header");
    expect(banner?.getAttribute("data-standing")).toBe("broken");
    expect(banner?.querySelector("h1")?.textContent).toContain("BROKEN  1 of 6 promises: P1");
    expect(banner?.querySelector(".reason")?.textContent).toContain("reads 25,000 rows");
    expect(banner?.querySelector(".subject")?.textContent).toContain(
      "at 9b07d31, on local: PostgreSQL 15.18",
    );
  });

  it("has a section for everything that was measured, and none for what was not", () => {
    expect(sectionsOf(sampleResult())).toEqual(everything);
    expect(sectionsOf(sampleFailure())).toEqual(["queries", "run"]);
    expect(sectionsOf(sampleNothing())).toEqual(["run"]);
  });

  it("leaves out any one of them without a trace", () => {
    const { promises, ...measured } = sampleResult();
    for (const name of [
      "queries",
      "overheads",
      "growth",
      "sizes",
      "chores",
      "removals",
      "http",
      "regression",
    ] as const) {
      const { [name]: _, floor, ...rest } = measured;
      expect(sectionsOf({ ...rest, promises })).toEqual(everything.filter((id) => id !== name));
    }
  });

  it("shows a run that failed as such, with what to do next", () => {
    const banner = page(sampleFailure()).querySelector("header");
    expect(banner?.getAttribute("data-standing")).toBe("failed");
    expect(banner?.textContent).toContain("FAILED  ENGINE_LOST");
    expect(banner?.textContent).toContain("run again, and see its log above");
  });

  it("marks what changed in a plan", () => {
    const plans = page().querySelector("table.plans");
    expect([...(plans?.querySelectorAll("del") ?? [])].map(({ textContent }) => textContent)).toEqual([
      "−   Index Scan using idx_contacts_org_updated on public.contacts",
      "−     Index Cond: (org_id = $0)",
    ]);
    expect(plans?.querySelectorAll("ins")).toHaveLength(7);
  });

  it("names every chart and captions every table", () => {
    const document = page();
    const charts = [...document.querySelectorAll("figure [role=img]")];
    expect(charts.length).toBeGreaterThan(15);
    for (const chart of charts) expect(chart.getAttribute("aria-label")).toMatch(/: ./);
    for (const table of document.querySelectorAll("table"))
      expect(table.querySelector("caption")?.textContent).not.toBe("");
  });
});

describe.each([
  ["the HTML report of a bench", renderBenchHtml],
  ["the history of benches", (result: BenchResult) => renderHistory([result, result])],
])("%s", (_, render) => {
  it("has the same elements whatever a server says", () => {
    const shape = (text: string) =>
      [...pageOf(render(saying(text))).querySelectorAll("*")].map(({ localName }) => localName).join(" ");
    for (const text of [
      "<script>alert(1)</script>",
      "</style><img src=x onerror=alert(1)>",
      `"'><b>&amp;`,
      "]]>",
    ])
      expect(shape(text)).toBe(shape("x".repeat(text.length)));
  });

  it("has neither script nor handler nor address, whatever a server says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 12 }), (text) => {
        const html = render(saying(`<script>${text}</script>" onload="x`));
        expect(html).not.toMatch(/<script/i);
        expect(html).not.toMatch(/<[^>]*\sonload="/);
        expect(html.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/(href|src)="(?!#|data:,")/);
      }),
      { numRuns: 5 },
    );
  });

  it("draws what has no numbers", () => {
    expect(render(withoutNumbers(sampleResult("filtered")))).not.toMatch(/NaN|Infinity/);
  });
});

describe("the history of benches", () => {
  const document = pageOf(renderHistory(sampleHistory()));

  it("says that it is no verdict", () => {
    expect(document.querySelector("header")?.textContent).toContain("information only");
    expect(document.querySelector("header")?.textContent).toContain("differ in rows");
  });

  it("has the runs in the order of time, and a chart for each thing measured", () => {
    const rows = [...document.querySelectorAll("table.runs tbody tr")].map(({ textContent }) => textContent);
    expect(rows).toHaveLength(8);
    expect(rows[0]).toContain("2025-01-10");
    expect(rows[3]).toContain("failed");
    expect(document.querySelectorAll("#queries svg.chart")).toHaveLength(6);
    expect(document.querySelectorAll("#overheads svg.chart")).toHaveLength(4);
    expect(document.querySelectorAll("#sizes svg.chart")).toHaveLength(3);
    expect(document.querySelectorAll("#growth svg.chart")).toHaveLength(4);
  });
});
