import fc from "fast-check";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { describe, expect, it } from "vitest";
import { renderBenchHuman } from "../../../harness/report/bench/human.ts";
import { renderBenchJunit } from "../../../harness/report/bench/junit.ts";
import { renderBenchMarkdown } from "../../../harness/report/bench/markdown.ts";
import { saying } from "./hostile.ts";
import { sampleFailure, sampleNothing, sampleResult } from "./sample.ts";

const anyText = fc.string({ unit: "binary", maxLength: 20 });
const human = (result = sampleResult()) => renderBenchHuman(result, { color: false });
const few = { numRuns: 25 };

describe("the report of a bench for people", () => {
  it("says the verdict first and last, and why for what did not pass", () => {
    const lines = human(sampleResult("filtered")).split("\n");
    expect(lines[1]).toBe("BROKEN  1 of 6 promises: P1");
    expect(lines.at(-3)).toBe(lines[1]);
    for (const line of [
      "                  contacts-by-status reads 25,000 rows of the largest tenant to return 50",
      "  ✗ contacts-by-status, largest, 100,000 rows, prepared: work: reads 25,000 rows to return 50",
    ])
      expect(lines).toContain(line);
  });

  it("has the floor beside the queries, and every section that was measured", () => {
    const text = human();
    expect(text).toContain("SELECT 1: the floor below every latency");
    for (const title of [
      "Queries",
      "Overheads",
      "Growth",
      "Sizes",
      "Chores",
      "Removals",
      "HTTP",
      "Regression",
    ])
      expect(text).toMatch(new RegExp(`^${title}$`, "m"));
  });

  it("leaves out what was not measured, and shows a fault", () => {
    const text = human(sampleFailure());
    expect(text).toContain("FAILED  ENGINE_LOST: no verdict could be reached");
    expect(text).toContain("ENGINE_LOST  the server ended");
    expect(text).not.toMatch(/^(Overheads|HTTP|Regression)$/m);
    expect(human(sampleNothing())).toContain("UNPROVEN  no promise was asked for");
  });

  it("says of a promise that only the machine left open that it was the machine", () => {
    expect(human(sampleResult("floored"))).toContain("nothing but the machine kept it from being proved");
  });

  it("is coloured only when asked, and cannot be made to steer the terminal", () => {
    expect(renderBenchHuman(sampleResult(), { color: true })).toContain("\u001b[");
    fc.assert(
      fc.property(anyText, (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they steer terminals
        const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
        expect(human(saying(text))).not.toMatch(steering);
      }),
      few,
    );
  });
});

describe("the report of a bench for a pull request", () => {
  it("says the verdict, the reason and the promises before anything that is folded away", () => {
    const [open = ""] = renderBenchMarkdown(sampleResult("filtered")).split("<details>");
    expect(open).toMatch(/^### ✗ BROKEN 1 of 6 promises: P1\n/);
    expect(open).toContain("P1: contacts-by-status reads 25,000 rows");
    expect(open).toContain("| P6 | ✓ holds |");
    expect(open).toContain("**Regression, contacts-recent, largest** slower");
  });

  it("shows the plans that changed as a difference", () => {
    const text = renderBenchMarkdown(sampleResult("filtered"));
    expect(text).toContain("-   Index Scan using idx_contacts_org_updated on public.contacts");
    expect(text).toContain("+   Sort\n");
  });

  it("says what a fault was and what to do next", () => {
    const text = renderBenchMarkdown(sampleFailure());
    expect(text).toContain("the server ended");
    expect(text).toContain("**next** The server ended while the run was using it");
  });

  it("opens no tag and calls nobody, whatever a server says", () => {
    const outside = renderBenchMarkdown(saying("<script>@everyone| `x` \n\n# no</script>"))
      .replaceAll(/^(`{3,})diff\n[\s\S]*?\n\1$/gm, "")
      .replaceAll(/\\./g, "");
    expect(outside).not.toContain("<script");
    expect(outside).not.toContain("@everyone");
    expect(outside).not.toMatch(/^# no/m);
  });

  it("stays as short as a comment must be", () => {
    const result = sampleResult();
    const queries = Array.from({ length: 40 }, () => result.queries ?? []).flat();
    const text = renderBenchMarkdown({ ...result, queries });
    expect(text.length).toBeLessThan(65_536);
    expect(text).toMatch(/\d more in the HTML report/);
  });
});

describe("JUnit XML of a bench", () => {
  it("counts what is broken or slower as failures, what is unproven and a fault as errors", () => {
    const suiteOf = (xml: string) =>
      new XMLParser({ ignoreAttributes: false }).parse(xml).testsuites.testsuite;
    const counted = (xml: string) => {
      const { "@_tests": tests, "@_failures": failures, "@_errors": errors } = suiteOf(xml);
      return [tests, failures, errors].map(Number);
    };
    expect(counted(renderBenchJunit(sampleResult()))).toEqual([9, 0, 0]);
    expect(counted(renderBenchJunit(sampleResult("filtered")))).toEqual([9, 2, 0]);
    expect(counted(renderBenchJunit(sampleResult("floored")))).toEqual([9, 0, 1]);
    expect(counted(renderBenchJunit(sampleFailure()))).toEqual([1, 0, 1]);
  });

  it("is well-formed, whatever a server says", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const xml = renderBenchJunit(saying(text));
        expect(XMLValidator.validate(xml)).toBe(true);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: no XML 1.0 may hold them
        expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
      }),
      few,
    );
  });
});
