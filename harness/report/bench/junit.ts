import { XMLBuilder } from "fast-xml-parser";
import type { BenchPromise, RegressionQuery } from "../../bench/result.ts";
import type { BenchResult } from "../bench-result.ts";
import { clean } from "../junit.ts";
import { whyOf } from "./table.ts";

const builder = new XMLBuilder({ ignoreAttributes: false, format: true, suppressBooleanAttributes: false });

/**
 * The result as JUnit XML: each promise and each compared query is a test case; what is broken or slower is a failure,
 * what is unproven or unknown an error, and so is a fault.
 */
export function renderBenchJunit(result: BenchResult): string {
  const { fault, promises, regression } = result;
  const cases: readonly Case[] = [
    ...promises.map(promiseCase),
    ...(regression?.queries ?? []).map(regressionCase),
    ...(fault ? [{ name: `${fault.code} ${fault.what}`, error: [fault.what, fault.hint] as const }] : []),
  ];
  return builder.build({
    "?xml": { "@_version": "1.0", "@_encoding": "UTF-8" },
    testsuites: {
      testsuite: {
        "@_name": "tenantproof bench",
        "@_tests": cases.length,
        "@_failures": cases.filter(({ failure }) => failure).length,
        "@_errors": cases.filter(({ error }) => error).length,
        "@_skipped": 0,
        "@_time": (result.durationMs / 1000).toFixed(3),
        "@_timestamp": clean(result.startedAt),
        testcase: cases.map(testCase),
      },
    },
  });
}

interface Case {
  readonly name: string;
  readonly durationMs?: number;
  readonly failure?: Trouble;
  readonly error?: Trouble;
}

type Trouble = readonly [message: string, text: string];

function promiseCase(promise: BenchPromise): Case {
  const { id, title, verdict, durationMs } = promise;
  const about = { name: `${id} ${title}`, durationMs };
  if (verdict.state === "holds") return about;
  if (verdict.state === "unproven") return { ...about, error: [whyOf(promise), ""] };
  const text = verdict.breaches.map(({ what, sql }) => `${what}\n${sql}`).join("\n\n");
  return { ...about, failure: [whyOf(promise), text] };
}

function regressionCase({ id, place, title, verdict, why, causes }: RegressionQuery): Case {
  const about = { name: `regression ${id}, ${place}: ${title}` };
  if (verdict === "slower") return { ...about, failure: [why, causes.join("\n")] };
  return verdict === "unknown" ? { ...about, error: [why, ""] } : about;
}

function testCase({ name, durationMs = 0, failure, error }: Case): Record<string, unknown> {
  return {
    "@_classname": "tenantproof.bench",
    "@_name": clean(name),
    "@_time": (durationMs / 1000).toFixed(3),
    ...(failure && { failure: trouble(failure) }),
    ...(error && { error: trouble(error) }),
  };
}

function trouble([message, text]: Trouble) {
  return { "@_message": clean(message), ...(text !== "" && { "#text": clean(text) }) };
}
