import { describe, expect, it } from "vitest";
import { compareWork, type Examined } from "../../../harness/bench/regression/work.ts";
import type { Work } from "../../../harness/bench/result.ts";

function examined(work: Partial<Work>, ...lines: string[]): Examined {
  const none = {
    buffers: 0,
    rowsReturned: 0,
    rowsRead: 0,
    rowsRemoved: 0,
    walBytes: 0,
    spilled: 0,
    calls: {},
  };
  return { work: { ...none, ...work }, plan: { fingerprint: lines.join("\n"), lines } };
}

const wrapped = ["Index Scan using i on public.t", "  Filter: (t.org = $0)", "  InitPlan 1: Result"];

describe("work", () => {
  it.each<[string, Examined, Examined]>([
    ["touches 624 pages instead of 51", examined({ buffers: 51 }), examined({ buffers: 624 })],
    ["reads 2,000 rows instead of 50", examined({ rowsRead: 50 }), examined({ rowsRead: 2000 })],
    ["reads and throws away 1,950 rows instead of 0", examined({}), examined({ rowsRemoved: 1950 })],
    ["writes 7 temporary pages instead of 0", examined({}), examined({ spilled: 7 })],
    [
      "writes 1,500 bytes of log instead of 1,025",
      examined({ walBytes: 1025 }),
      examined({ walBytes: 1500 }),
    ],
    ["calls public.f() once instead of never", examined({}), examined({ calls: { "public.f": 1 } })],
    [
      "calls public.f() 50 times instead of once",
      examined({ calls: { "public.f": 1, "public.g": 300 } }),
      examined({ calls: { "public.f": 50, "public.g": 300 } }),
    ],
    [
      "scans the whole of public.t",
      examined({ rowsRead: 50 }, "Index Scan using i on public.t"),
      examined({ rowsRead: 51 }, "Seq Scan on public.t"),
    ],
    [
      "asks f() for each row instead of once",
      examined({}, ...wrapped),
      examined({}, "Index Scan using i on public.t", "  Filter: (t.org = f())"),
    ],
  ])("that %s is more", (said, base, head) => {
    expect(compareWork(base, head)).toEqual({ more: [said], less: [] });
  });

  it.each<[string, Examined, Examined]>([
    ["a few pages more", examined({ buffers: 5 }), examined({ buffers: 13 })],
    ["a fifth more of many pages", examined({ buffers: 1000 }), examined({ buffers: 1200 })],
    ["a few bytes of log", examined({ walBytes: 100 }), examined({ walBytes: 220 })],
    ["a function of another name", examined({ calls: { f: 1 } }), examined({ calls: { g: 1 } })],
    [
      "a scan of a table of one page",
      examined({ rowsRead: 3 }, "Index Scan using i on t"),
      examined({ rowsRead: 3 }, "Seq Scan on t"),
    ],
    [
      "a claim that an index is asked for",
      examined({}, ...wrapped),
      examined({}, "Index Scan using i on public.t", "  Index Cond: (t.org = f())"),
    ],
  ])("that differs in %s is equal", (_, base, head) => {
    expect(compareWork(base, head)).toEqual({ more: [], less: [] });
  });

  it("is less where the other one is more", () => {
    const [one, other] = [examined({ buffers: 90, calls: { f: 5 } }), examined({ buffers: 9 })];
    expect(compareWork(one, other)).toEqual({
      more: [],
      less: ["touches 9 pages instead of 90", "calls f() never instead of 5 times"],
    });
  });
});
