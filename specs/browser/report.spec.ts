import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderHistory } from "../../harness/report/bench/history.ts";
import { renderBenchHtml } from "../../harness/report/bench/html.ts";
import { saying } from "../report/bench/hostile.ts";
import { sampleFailure, sampleHistory, sampleResult } from "../report/bench/sample.ts";
import { openChromium } from "./chromium.ts";
import { type Look, openSheet, overflowing, paperOf } from "./sheet.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantproof-browser-"));
const screenshots = process.env.TENANTPROOF_SCREENSHOTS ?? join(folder, "screenshots");
mkdirSync(screenshots, { recursive: true });

const pages = {
  held: renderBenchHtml(sampleResult()),
  broken: renderBenchHtml(sampleResult("filtered")),
  unproven: renderBenchHtml(sampleResult("floored")),
  failed: renderBenchHtml(sampleFailure()),
  hostile: renderBenchHtml(saying(`<script>document.title = "stolen"</script>`)),
  history: renderHistory(sampleHistory()),
};
type Name = keyof typeof pages;
const names = Object.keys(pages) as Name[];

const looks: readonly Look[] = [
  { name: "light", width: 1280 },
  { name: "dark", width: 1280, scheme: "dark" },
  { name: "narrow", width: 390 },
  // An A4 sheet on its side, less its margins, at 96 dots an inch; printed by somebody who reads in the dark.
  { name: "print", width: 1032, scheme: "dark", print: true },
];

function urlOf(name: Name): string {
  const file = join(folder, `${name}.html`);
  writeFileSync(file, pages[name]);
  return pathToFileURL(file).href;
}

let browser: Browser;
beforeAll(async () => {
  browser = await openChromium();
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The others have the same parts in the same style, and axe takes its time. */
const examined: readonly (readonly [Name, Look["name"]])[] = [
  ["broken", "light"],
  ["broken", "dark"],
  ["broken", "narrow"],
  ["unproven", "light"],
  ["unproven", "dark"],
  ["failed", "light"],
  ["history", "light"],
  ["history", "dark"],
];

describe.each(names)("the page of a run, or of runs: %s", (name) => {
  it.each(looks)("asks for nothing, complains of nothing and fits: $name", async (look) => {
    const url = urlOf(name);
    await using sheet = await openSheet(browser, url, look);
    const { page, requests, complaints } = sheet;
    await page.screenshot({ path: join(screenshots, `${name}-${look.name}.png`), fullPage: true });
    expect(complaints).toEqual([]);
    expect(requests.filter((request) => request !== "data:,")).toEqual([url]);
    expect(await overflowing(page)).toEqual([]);
    expect(await page.title()).toMatch(/ - tenantproof bench$/);
    const paper = await paperOf(page);
    if (look.print) expect(paper).toBe(255);
    else expect(paper > 128).toBe(look.scheme !== "dark");
  });
});

describe("a page", () => {
  it.each(examined)("can be read by everybody: %s, %s", async (name, lookName) => {
    const look = looks.find((one) => one.name === lookName) as Look;
    await using sheet = await openSheet(browser, urlOf(name), look);
    await sheet.page.evaluate(axe.source);
    const { violations, passes } = await sheet.page.evaluate<axe.AxeResults>("axe.run()");
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html, nodes[0]?.failureSummary])).toEqual([]);
    expect(passes.map(({ id }) => id)).toContain("color-contrast");
  });

  it("that is too wide, or that is hard to read, is noticed", async () => {
    await using sheet = await openSheet(browser, urlOf("failed"), { name: "narrow", width: 390 });
    await sheet.page.evaluate(
      `document.querySelector("h1").style.cssText = "width: 500px; color: #ccc; background: #ddd"`,
    );
    expect(await overflowing(sheet.page)).toContain("the page");
    await sheet.page.evaluate(axe.source);
    const { violations } = await sheet.page.evaluate<axe.AxeResults>("axe.run()");
    expect(violations.map(({ id }) => id)).toContain("color-contrast");
  });
});

describe("what stands on the page", () => {
  it.each<[Name, string, string[]]>([
    ["held", "holds", ["holds", "holds", "holds", "holds", "holds", "holds"]],
    ["broken", "broken", ["broken", "holds", "holds", "holds", "holds", "holds"]],
    ["unproven", "unproven", ["unproven", "holds", "holds", "holds", "holds", "holds"]],
    ["failed", "failed", []],
  ])("is the verdict of the run: %s", async (name, standing, states) => {
    await using sheet = await openSheet(browser, urlOf(name), { name: "light", width: 1280 });
    const { page } = sheet;
    expect(await page.getAttribute("header", "data-standing")).toBe(standing);
    const rows = page.locator("[data-promise]");
    const words = await rows.evaluateAll((all) => all.map((row) => row.getAttribute("data-state")));
    expect(words).toEqual(states);
    const marks = await rows.locator(".mark").allInnerTexts();
    expect(marks.map((mark) => mark.replace(/^\S\s+/, ""))).toEqual(states);
  });

  it("is whole on paper: nothing is folded away", async () => {
    await using sheet = await openSheet(browser, urlOf("broken"), {
      name: "print",
      width: 1032,
      print: true,
    });
    const plans = sheet.page.locator("details pre");
    await sheet.page.emulateMedia({ media: "screen" });
    expect(await plans.first().isVisible()).toBe(false);
    await sheet.page.emulateMedia({ media: "print" });
    expect(await plans.count()).toBeGreaterThan(5);
    for (const plan of await plans.all()) expect(await plan.isVisible()).toBe(true);
  });
});
