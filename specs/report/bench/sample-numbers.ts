import type { Interval, Latency, Paired, Plan, Work } from "../../../harness/bench/result.ts";
import type { Draw } from "../../../harness/workload/draw.ts";

const percentiles = [
  0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 93, 95, 97, 98, 99, 99.3, 99.5, 99.7, 99.9,
];

/** Latencies with that median, and a long tail. */
export function latencyOf(draw: Draw, p50: number, tail = 0.22, count = 2000): Latency {
  const curve = percentiles
    .filter((percentile) => percentile <= 100 * (1 - 1 / count))
    .map((percentile) => {
      const beyond = -Math.log10(1 - percentile / 100) - Math.log10(2);
      const ms = p50 * (beyond < 0 ? 1 + 0.35 * beyond : 10 ** (beyond * tail));
      return [percentile, ms * (1 + draw.between(-10, 10) / 1000)] as const;
    });
  const rising = curve.map(([percentile], index) => {
    const until = curve.slice(0, index + 1).map(([, ms]) => ms);
    return [percentile, Math.max(...until)] as const;
  });
  const at = (wanted: number) => rising.findLast(([percentile]) => percentile <= wanted)?.[1] ?? p50;
  const p99 = at(99);
  return {
    ...{ count, p50: at(50), p90: at(90), curve: rising },
    p99: { estimate: p99, low: p99 * 0.93, high: p99 * 1.11 },
    max: p99 * 2.1,
  };
}

/** A comparison in 24 rounds whose medians differ by about `ratio`. */
export function pairedOf(draw: Draw, firstMedian: number, ratio: number, noise = 0.02): Paired {
  const one = () => (draw.between(-1000, 1000) + draw.between(-1000, 1000)) / 2000;
  const rounds = Array.from({ length: 24 }, () => firstMedian * (ratio + noise * one()));
  const estimate = rounds.reduce((sum, round) => sum + round, 0) / rounds.length;
  const half = firstMedian * noise * 0.25;
  const effect = { estimate, low: estimate - half, high: estimate + half };
  const asRatio = ({ estimate, low, high }: Interval): Interval => ({
    ...{ estimate: estimate / firstMedian, low: low / firstMedian, high: high / firstMedian },
  });
  return { effect, ratio: asRatio(effect), firstMedian, secondMedian: firstMedian + estimate, rounds };
}

/** Work that reads what it returns and, where said, more. */
export function workOf(buffers: number, rowsReturned: number, rowsRemoved = 0): Work {
  return {
    ...{ buffers, rowsReturned, rowsRemoved, rowsRead: rowsReturned + rowsRemoved },
    ...{ walBytes: 0, spilled: 0, calls: { "public.auth_org_id": 1 } },
  };
}

/** A plan that reads an index for the newest rows. */
export function planOf(table: string, index: string, condition: string): Plan {
  return {
    fingerprint: `limit(index scan ${index})`,
    lines: [
      "Limit",
      "  InitPlan 1 (returns $0)",
      "    Result",
      `  Index Scan using ${index} on public.${table}`,
      `    Index Cond: (${condition})`,
    ],
  };
}

/** A plan that reads the tenant's rows, filters and sorts them. */
export function sortPlanOf(table: string, index: string, condition: string): Plan {
  return {
    fingerprint: `limit(sort(bitmap heap scan ${table}))`,
    lines: [
      "Limit",
      "  InitPlan 1 (returns $0)",
      "    Result",
      "  Sort",
      "    Sort Key: updated_at DESC",
      "    Sort Method: top-N heapsort",
      `    Bitmap Heap Scan on public.${table}`,
      `      Recheck Cond: (${condition})`,
      `      Bitmap Index Scan on ${index}`,
      `        Index Cond: (${condition})`,
    ],
  };
}
