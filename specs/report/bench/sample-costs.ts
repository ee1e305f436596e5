import type { Findings, HttpResult, Judgement, LoadResult } from "../../../harness/bench/result.ts";
import type { Draw } from "../../../harness/workload/draw.ts";
import { latencyOf, pairedOf } from "./sample-numbers.ts";

const pass = (why: string): Judgement => ({ outcome: "pass", why });
const ids = ["contacts-recent", "contacts-by-status", "appointments-week", "notifications-unread-count"];

/** What protection and growth cost, what it all takes, and what is done beside it. */
export function sampleCosts(draw: Draw): Omit<Findings, "promises"> {
  return {
    overheads: (
      [
        ["rls", "row level security", 0.021, 0.05],
        ["pgaudit", "pgAudit", 0.082, 0.1],
        ["both", "both together", 0.104, 0.15],
        ["audit triggers", "audit triggers on writes", 0.31, undefined],
      ] as const
    ).map(([id, title, ratio, most]) => ({
      ...{ id, title, all: pairedOf(draw, 0.71, ratio) },
      queries: ids.map((query) => ({
        ...{ id: query, paired: pairedOf(draw, 0.5 + draw.between(0, 50) / 100, ratio, 0.03) },
      })),
      ...(most !== undefined && { mostRatio: most }),
      judgement: pass(
        most === undefined ? "no limit was promised" : `${(ratio * 100).toFixed(1)}%, below ${most * 100}%`,
      ),
    })),
    growth: ids.map((id, index) => ({
      ...{ id, title: `${id.replaceAll("-", " ")}, for a tenant of 1,000 rows` },
      points: [10_000, 100_000, 1_000_000, 10_000_000].map((rows, decade) => ({
        ...{ rows, buffers: 6 + index * 3 + Math.floor(decade / 1.5) },
        latency: latencyOf(draw, 0.5 + 0.02 * decade + 0.1 * index),
      })),
      ...{ slopeOfBuffers: 0.041, slopeOfLatency: { estimate: 0.03, low: 0.01, high: 0.05 } },
      judgement: pass("buffers grow by 0.04 a decade, below 0.2"),
    })),
    sizes: [
      ["contacts", 148.2, 141.7, 100, 320],
      ["appointments", 131.4, 98.9, 50, 260],
      ["notifications", 190.1, 88.2, 200, 330],
    ].map(([table, heapKb, indexesKb, saidKb, mostKb]) => ({
      ...{ table: String(table), rows: 1_000_000, heapKb: Number(heapKb), indexesKb: Number(indexesKb) },
      ...{ totalKb: Number(heapKb) + Number(indexesKb), saidKb: Number(saidKb), mostKb: Number(mostKb) },
      judgement: pass(`below ${mostKb} KB`),
    })),
    chores: [
      ["analyze-contacts", "statistics of contacts", "analyze public.contacts", 412, 0],
      ["reindex-contacts", "an index built anew", "reindex index concurrently idx_contacts", 8450, 31.2],
      ["archive-audit", "the archival job", "call public.archive_audit_logs()", 61_200, 12.5],
    ].map(([id, title, sql, tookMs, longestWaitMs]) => ({
      ...{ id: String(id), title: String(title), sql: String(sql), tookMs: Number(tookMs) },
      ...{ longestWaitMs: Number(longestWaitMs), mostWaitMs: 250, reads: 8120, writes: 2044 },
      judgement: pass(longestWaitMs === 0 ? "nobody waited" : `at most ${longestWaitMs} ms`),
    })),
    removals: [
      ["contact", "one contact", 10, 4, 1.1, 300],
      ["user", "one user", 10, 26, 2.4, 300],
      ["organization", "an organization with 25,000 rows", 4000, 25_020, 1840, 5],
    ].map(([id, title, targetMs, rows, p50, count]) => ({
      ...{ id: String(id), title: String(title), targetMs: Number(targetMs), rows: Number(rows) },
      latency: latencyOf(draw, Number(p50), 0.1, Number(count)),
      judgement: pass(`0 of ${count} above ${targetMs} ms`),
    })),
    http: httpOf(draw),
  };
}

function httpOf(draw: Draw): HttpResult {
  const load = (p50: number): Omit<LoadResult, "requests"> => ({
    ...{ failed: 0, perSecond: 1320.4, seconds: 30, connections: 8 },
    ...{ client: latencyOf(draw, p50, 0.3), server: latencyOf(draw, p50 * 0.7, 0.28) },
  });
  return {
    closed: { ...load(4.2), requests: 39_612 },
    open: { ...load(3.1), requests: 12_004, rate: 400, dropped: 0, lag: latencyOf(draw, 0.08, 0.5) },
    isolation: {
      ...{ responses: 51_616, rows: 1_204_331, foreignRows: 0 },
      ...{ strangers: 2580, strangersServed: 0, leftBehind: 0 },
    },
    judgement: pass("no row of another tenant in 51,616 responses"),
  };
}
