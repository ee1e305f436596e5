import { XMLBuilder } from "fast-xml-parser";
import type { GateResult, PromiseResult } from "./result.ts";

const builder = new XMLBuilder({ ignoreAttributes: false, format: true, suppressBooleanAttributes: false });

/** The result as JUnit XML: a promise is a test case, broken is a failure, unproven and a fault are errors. */
export function renderJunit(result: GateResult): string {
  const cases = result.promises.map(testCase);
  if (result.fault)
    cases.push({
      ...named(result.fault.code, result.fault.what, 0),
      error: { "@_message": clean(result.fault.what), "#text": clean(result.fault.hint) },
    });
  const count = (state: string) => result.promises.filter(({ verdict }) => verdict.state === state).length;
  return builder.build({
    "?xml": { "@_version": "1.0", "@_encoding": "UTF-8" },
    testsuites: {
      testsuite: {
        "@_name": "tenantproof gate",
        "@_tests": cases.length,
        "@_failures": count("broken"),
        "@_errors": count("unproven") + (result.fault ? 1 : 0),
        "@_skipped": 0,
        "@_time": (result.durationMs / 1000).toFixed(3),
        "@_timestamp": result.startedAt,
        testcase: cases,
      },
    },
  });
}

function named(id: string, title: string, durationMs: number) {
  return {
    "@_classname": "tenantproof",
    "@_name": clean(`${id} ${title}`),
    "@_time": (durationMs / 1000).toFixed(3),
  };
}

function testCase({ id, title, verdict, durationMs }: PromiseResult): Record<string, unknown> {
  const base = named(id, title, durationMs);
  if (verdict.state === "holds") return base;
  if (verdict.state === "unproven") return { ...base, error: { "@_message": clean(verdict.why) } };
  return {
    ...base,
    failure: {
      "@_message": clean(verdict.breaches[0].what),
      "#text": clean(verdict.breaches.map(({ what, sql }) => `${what}\n${sql}`).join("\n\n")),
    },
  };
}

/** Text that XML 1.0 can hold: it has no way to write most control characters, not even escaped. */
export function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
}
