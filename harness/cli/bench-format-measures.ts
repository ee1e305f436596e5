import * as v from "valibot";
import { interval, judgement, number, text, texts } from "./bench-format-values.ts";

const place = v.picklist(["median", "largest"]);
const planKind = v.picklist(["custom", "generic"]);
const plan = v.object({ fingerprint: text, lines: texts });

const work = v.object({
  ...{ buffers: number, rowsReturned: number, rowsRead: number, rowsRemoved: number },
  ...{ walBytes: number, spilled: number, calls: v.record(text, number) },
});

const paired = v.object({
  ...{ effect: interval, ratio: interval, firstMedian: number, secondMedian: number },
  rounds: v.array(number),
});

export const latency = v.object({
  ...{ count: number, p50: number, p90: number, p99: interval, max: number },
  curve: v.array(v.tuple([number, number])),
});

const cell = v.object({
  ...{ place, placeRows: number, way: v.picklist(["prepared", "unprepared"]), planKind, plan, work },
  ...{ workJudgement: judgement, latency, timeJudgement: v.exactOptional(judgement) },
});

export const query = v.object({
  ...{ id: text, title: text, asker: v.picklist(["member", "service"]) },
  ...{ targetMs: v.exactOptional(number), cells: v.array(cell) },
  otherPlan: v.exactOptional(v.object({ place, planKind, plan, work })),
});

export const overhead = v.object({
  id: v.picklist(["rls", "pgaudit", "both", "audit triggers"]),
  ...{ title: text, all: paired, queries: v.array(v.object({ id: text, paired })) },
  ...{ mostRatio: v.exactOptional(number), judgement },
});

export const growth = v.object({
  ...{ id: text, title: text, slopeOfBuffers: number, slopeOfLatency: interval, judgement },
  points: v.array(v.object({ rows: number, buffers: number, latency })),
});

export const size = v.object({
  ...{ table: text, rows: number, totalKb: number, heapKb: number, indexesKb: number },
  ...{ saidKb: v.exactOptional(number), mostKb: number, judgement },
});

export const regression = v.object({
  ...{ base: text, head: text, changes: texts },
  incomparable: v.array(v.object({ id: text, title: text, why: text })),
  controls: v.array(v.object({ name: text, paired, behaved: v.boolean(), why: text })),
  queries: v.array(
    v.object({
      ...{ id: text, title: text, place, verdict: v.picklist(["faster", "same", "slower", "unknown"]) },
      ...{ why: text, paired, causes: texts, base: v.object({ work, plan }), head: v.object({ work, plan }) },
    }),
  ),
});
