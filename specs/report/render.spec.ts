import fc from "fast-check";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { describe, expect, it } from "vitest";
import { Fault } from "../../harness/fault/fault.ts";
import { type FaultCode, faults } from "../../harness/fault/faults.ts";
import type { Verdict } from "../../harness/guarantees/verdict.ts";
import { renderAnnotations } from "../../harness/report/annotations.ts";
import { renderHuman } from "../../harness/report/human.ts";
import { renderJunit } from "../../harness/report/junit.ts";
import type { GateResult, PromiseResult } from "../../harness/report/result.ts";
import { sentenceOf } from "../../harness/report/sentence.ts";
import { standingOf } from "../../harness/report/standing.ts";

const held: Verdict = { state: "holds", checked: 1200 };
const doubted: Verdict = { state: "unproven", checked: 0, why: "no experiment found a subject" };
const brokenBy = (what: string, sql = "select 1"): Verdict => ({
  ...{ state: "broken", checked: 1, breaches: [{ what, sql }] },
});

function promiseOf(id: string, verdict: Verdict, title = "rows stay home"): PromiseResult {
  return { id, title, effect: "Rows leak.", remedy: "Mend it.", verdict, durationMs: 12.5 };
}

function resultOf(promises: readonly PromiseResult[], fault?: Fault): GateResult {
  const ending = fault
    ? ({
        standing: "failed",
        exit: fault.exit,
        fault: { code: fault.code, what: fault.what, hint: fault.hint },
      } as const)
    : standingOf(promises);
  return {
    ...{ tool: "tenantproof", version: "1.0.0", startedAt: "2025-01-10T00:00:00.000Z", durationMs: 1500 },
    ...{ seed: 7, stages: [], notes: [], promises },
    ...ending,
  };
}

/** Text of any kind, as a server could say it. */
const anyText = fc.string({ unit: "binary", maxLength: 40 });

describe("the verdict", () => {
  it.each<[string, Verdict[], string, number]>([
    ["holds when all do", [held, held], "HELD  all 2 promises, 2,400 experiments", 0],
    ["is broken when one is", [held, brokenBy("x"), doubted], "BROKEN  1 of 3 promises: B; unproven: C", 1],
    ["is unproven when one is, and none is broken", [held, doubted], "UNPROVEN  1 of 2 promises: B", 5],
    ["is unproven when nothing was asked", [], "UNPROVEN  no promise was asked for", 5],
  ])("%s", (_, verdicts, sentence, exit) => {
    const result = resultOf(verdicts.map((verdict, index) => promiseOf("ABC".charAt(index), verdict)));
    expect([sentenceOf(result), result.exit]).toEqual([sentence, exit]);
  });

  it("says why there is none after a fault", () => {
    expect(sentenceOf(resultOf([], new Fault("NO_ENGINE", "none")))).toContain("NO_ENGINE");
  });
});

describe("every fault", () => {
  it.each(Object.keys(faults) as FaultCode[])(
    "%s is shown with its code, its reason and its hint",
    (code) => {
      const result = resultOf([], new Fault(code, "what happened"));
      const human = renderHuman(result, { color: false });
      expect(human).toContain(`${code}  what happened\n  next    ${faults[code].hint}`);
      expect(human).toContain(`exit code ${faults[code].exit}`);
      expect(renderAnnotations(result)).toEqual([
        expect.stringContaining(`::error title=${code}::what happened`),
      ]);
      expect(renderJunit(result)).toContain(code);
    },
  );
});

describe("JUnit XML", () => {
  it("is well-formed and keeps what can be written in XML, whatever a server says", () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (title, what, sql) => {
        const xml = renderJunit(resultOf([promiseOf("T6", brokenBy(what, sql), title)]));
        expect(XMLValidator.validate(xml)).toBe(true);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: no XML 1.0 may hold them
        expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
        expect(xml.isWellFormed()).toBe(true);
      }),
    );
  });

  it("reads back as it was told", () => {
    const what = `<b> & "quotes" 'too' ]]> \u00fc \u{1f3e5} -- end`;
    const xml = renderJunit(resultOf([promiseOf("T6", brokenBy(what))]));
    const { testcase } = new XMLParser({ ignoreAttributes: false }).parse(xml).testsuites.testsuite;
    expect(testcase.failure["@_message"]).toBe(what);
    expect(testcase.failure["#text"]).toBe(`${what}\nselect 1`);
  });
});

describe("annotations", () => {
  it("are one line each, whatever a server says", () => {
    fc.assert(
      fc.property(anyText, anyText, (title, what) => {
        const lines = renderAnnotations(resultOf([promiseOf("T6", brokenBy(what), title)]));
        expect(lines).toHaveLength(1);
        expect(lines[0]).not.toMatch(/[\r\n]/);
        expect(lines[0]).toMatch(/^::error title=T6 is broken::/);
      }),
    );
  });
});

describe("the report for people", () => {
  it("cannot be made to steer the terminal, whatever a server says", () => {
    fc.assert(
      fc.property(anyText, anyText, (what, sql) => {
        const text = renderHuman(resultOf([promiseOf("T6", brokenBy(what, sql))]), { color: false });
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they steer terminals
        expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });

  it("shows reason, effect, remedy and SQL of what is broken, and why of what is unproven", () => {
    const text = renderHuman(
      resultOf([promiseOf("T6", brokenBy("a row\nleaks", "select 1;\n")), promiseOf("C1", doubted)]),
      { color: false },
    );
    for (const line of [
      "  broken    T6        1  rows stay home",
      "  effect  Rows leak.",
      "  remedy  Mend it.",
      "  1. a row\n     leaks\n       select 1;\n",
      "  why     no experiment found a subject",
    ])
      expect(text).toContain(line);
  });

  it("is coloured only when asked", () => {
    const result = resultOf([promiseOf("T6", held)]);
    expect(renderHuman(result, { color: true })).toContain("\u001b[");
    expect(renderHuman(result, { color: false })).not.toContain("\u001b[");
  });
});
