import * as v from "valibot";
import { type Exit, exits, type FaultCode, faults } from "../fault/faults.ts";
import type { BenchResult } from "../report/bench-result.ts";
import { growth, latency, overhead, query, regression, size } from "./bench-format-measures.ts";
import { judgement, number, text, texts } from "./bench-format-values.ts";

const breach = v.object({ what: text, sql: text });

const verdict = v.variant("state", [
  v.object({ state: v.literal("holds"), checked: number }),
  v.object({ state: v.literal("broken"), checked: number, breaches: v.tupleWithRest([breach], breach) }),
  v.object({ state: v.literal("unproven"), checked: number, why: text }),
]);

const promise = v.object({
  ...{ id: text, title: text, verdict, byTimingAlone: v.exactOptional(v.boolean()), durationMs: number },
});

const chore = v.object({
  ...{ id: text, title: text, sql: text, tookMs: number, longestWaitMs: number, mostWaitMs: number },
  ...{ reads: number, writes: number, judgement },
});

const removal = v.object({ id: text, title: text, targetMs: number, rows: number, latency, judgement });

const load = v.object({
  ...{ requests: number, failed: number, perSecond: number, seconds: number, connections: number },
  ...{ client: latency, server: latency, rate: v.exactOptional(number) },
  ...{ dropped: v.exactOptional(number), lag: v.exactOptional(latency) },
});

const http = v.object({
  ...{ closed: load, open: load, judgement },
  isolation: v.object({
    ...{ responses: number, rows: number, foreignRows: number },
    ...{ strangers: number, strangersServed: number, leftBehind: number },
  }),
});

const fault = v.object({
  code: v.picklist(Object.keys(faults) as FaultCode[]),
  ...{ what: text, where: v.exactOptional(text), hint: text },
});

/** The shape of bench.json; the compiler refuses it where it differs from the type. */
export const benchFormat: v.GenericSchema<unknown, BenchResult> = v.object({
  ...{ tool: text, version: text, format: v.literal(1), startedAt: text, durationMs: number, seed: number },
  ...{ engine: v.exactOptional(text), revision: v.exactOptional(text), rows: number, tenants: number },
  machine: v.object({ cores: number, load: v.tuple([number, number]) }),
  stages: v.array(v.object({ name: text, detail: text, durationMs: number })),
  ...{ notes: texts, standing: v.picklist(["holds", "broken", "unproven", "failed"]) },
  exit: v.picklist(Object.values(exits) as Exit[]),
  ...{ fault: v.exactOptional(fault), promises: v.array(promise), floor: v.exactOptional(latency) },
  queries: v.exactOptional(v.array(query)),
  overheads: v.exactOptional(v.array(overhead)),
  growth: v.exactOptional(v.array(growth)),
  sizes: v.exactOptional(v.array(size)),
  chores: v.exactOptional(v.array(chore)),
  removals: v.exactOptional(v.array(removal)),
  http: v.exactOptional(http),
  regression: v.exactOptional(regression),
});
