import { expect, it } from "vitest";
import { measureGrowth } from "../../harness/bench/growth.ts";
import type { Query } from "../../harness/workload/workload.ts";
import { makeMiniature, recent } from "./miniature.ts";

const bySubject: Query = {
  id: "by-subject",
  title: "a ticket by its subject, which no index has",
  asker: "service",
  text: "select * from public.tickets where subject = $1",
  values: () => ["none"],
  targetMs: 1_000,
};
const write: Query = {
  ...recent,
  id: "write",
  text: "update public.tickets set subject = 'other'",
  writes: true,
};
const { targetMs: _, ...untold } = recent;
const queries = [recent, bySubject, write, { ...untold, id: "untold" }];

const openMiniature = await makeMiniature();
const beds = [
  await openMiniature(2_000, { queries }),
  await openMiniature(6_000, { queries }),
  await openMiniature(20_000, { queries }),
];

it("a query that an index serves costs the same in a larger table, and one that none serves does not", async () => {
  const found = await measureGrowth(beds, { rounds: 2, samples: 4, say: () => {} });
  // A write has changed the table that it is asked for in next; and where nothing is promised, nothing is broken.
  expect(found.map(({ id, judgement }) => [id, judgement.outcome])).toEqual([
    ["recent", "pass"],
    ["by-subject", "fail"],
  ]);
  const [indexed, scanned] = found;
  expect(Math.abs(indexed?.slopeOfBuffers ?? 1)).toBeLessThan(0.2);
  expect(scanned?.slopeOfBuffers).toBeGreaterThan(0.9);
  expect(scanned?.slopeOfBuffers).toBeLessThan(1.1);
  expect(scanned?.judgement.why).toMatch(
    /pages at 2000 rows, \d+ at 20000: slope 1\.0\d a decade|slope 0\.9\d a decade/,
  );
  for (const { points, slopeOfLatency } of found) {
    expect(points.map(({ rows }) => rows)).toEqual([2_000, 6_000, 20_000]);
    for (const { buffers, latency } of points) {
      expect(buffers).toBeGreaterThan(0);
      expect(latency.count).toBe(8);
    }
    expect(slopeOfLatency.low).toBeLessThanOrEqual(slopeOfLatency.high);
  }
});

it("nothing grows where there is no bed or no query with a target", async () => {
  expect(await measureGrowth([], { say: () => {} })).toEqual([]);
  const none = beds.map((bed) => ({ ...bed, workload: { ...bed.workload, queries: [write] } }));
  expect(await measureGrowth(none, { say: () => {} })).toEqual([]);
});
