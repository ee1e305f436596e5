import { describe, expect, it } from "vitest";
import { type Explained, type PlanNode, readPlan, readWork } from "../../harness/bench/plan.ts";

type Facts = Readonly<Record<string, unknown>>;
const node = (type: string, facts: Facts = {}, ...Plans: PlanNode[]): PlanNode => ({
  "Node Type": type,
  "Actual Rows": 1,
  "Actual Loops": 1,
  ...facts,
  ...(Plans.length > 0 && { Plans }),
});
const scan = (facts: Facts = {}) =>
  node("Index Scan", {
    Schema: "public",
    "Relation Name": "t",
    "Index Name": "i",
    "Parent Relationship": "Outer",
    ...facts,
  });
const explained = (Plan: PlanNode, more: Partial<Explained> = {}): Explained => ({ Plan, ...more });
const work = (Plan: PlanNode) => readWork(explained(Plan), {});
const fingerprint = (given: Explained) => readPlan(given).fingerprint;

describe("the work of a plan", () => {
  it.each<[string, PlanNode, Facts]>([
    [
      "rows of a scan and those it threw away",
      scan({ "Actual Rows": 5, "Rows Removed by Filter": 7 }),
      { rowsRead: 12, rowsRemoved: 7, rowsReturned: 5 },
    ],
    [
      "rows of all loops",
      node(
        "Nested Loop",
        { "Actual Rows": 6 },
        scan({ "Actual Rows": 2 }),
        scan({ "Actual Rows": 0.5, "Actual Loops": 4, "Rows Removed by Filter": 1 }),
      ),
      { rowsRead: 2 + 2 + 4, rowsRemoved: 4, rowsReturned: 6 },
    ],
    [
      "a bitmap where its rows are fetched",
      node(
        "Bitmap Heap Scan",
        { "Relation Name": "t", "Actual Rows": 9, "Rows Removed by Index Recheck": 3 },
        node("Bitmap Index Scan", { "Actual Rows": 9 }),
      ),
      { rowsRead: 12, rowsRemoved: 3, rowsReturned: 9 },
    ],
    [
      "rows that are made into one",
      node("Aggregate", {}, scan({ "Actual Rows": 50 })),
      { rowsRead: 50, rowsReturned: 50 },
    ],
    [
      "groups as they come out",
      node("Aggregate", { "Actual Rows": 3, "Group Key": ["a"] }, scan({ "Actual Rows": 50 })),
      { rowsRead: 50, rowsReturned: 3 },
    ],
    [
      "rows that are stored where none comes out",
      node("ModifyTable", { "Actual Rows": 0, "Relation Name": "t" }, scan({ "Actual Rows": 4 })),
      { rowsRead: 4, rowsReturned: 4 },
    ],
    [
      "no rows of what is no table",
      node("Function Scan", { "Actual Rows": 8 }),
      { rowsRead: 0, rowsReturned: 8 },
    ],
    [
      "pages found and fetched, of the whole",
      node("Limit", { "Shared Hit Blocks": 7, "Shared Read Blocks": 2 }, scan({ "Shared Hit Blocks": 7 })),
      { buffers: 9 },
    ],
    [
      "log and temporary pages",
      node("Sort", { "WAL Bytes": 120, "Temp Written Blocks": 6 }, scan()),
      { walBytes: 120, spilled: 6 },
    ],
  ])("counts %s", (_, plan, expected) => {
    expect(work(plan)).toMatchObject(expected);
  });

  it("has the calls that were counted beside it", () => {
    expect(readWork(explained(scan()), { "public.f": 3 }).calls).toEqual({ "public.f": 3 });
  });
});

describe("a plan", () => {
  const filtered = (Filter: string) => explained(scan({ Filter }));

  it("is told in lines, with names and without values", () => {
    const plan = node(
      "Limit",
      {},
      scan({
        "Scan Direction": "Backward",
        "Index Cond": "(t.org = $0)",
        Filter: "(t.name = 'O''Hara'::text)",
      }),
      node("Result", { "Subplan Name": "InitPlan 1" }),
    );
    const triggers = [
      { "Trigger Name": "RI_1", "Constraint Name": "fk", Calls: 1 },
      { "Trigger Name": "after", Calls: 2 },
    ];
    expect(readPlan(explained(plan, { Triggers: triggers })).lines).toEqual([
      "Limit",
      "  Index Scan backward using i on public.t",
      "    Index Cond: (t.org = $0)",
      "    Filter: (t.name = '…'::text)",
      "  InitPlan 1: Result",
      "trigger after",
      "trigger fk",
    ]);
  });

  it.each<[string, Explained, Explained]>([
    ["other values", filtered("(a = 'x'::text)"), filtered("(a = 'y''s'::text)")],
    [
      "other rows, loops and costs",
      explained(scan({ "Actual Rows": 5, "Total Cost": 7 })),
      explained(scan({ "Actual Rows": 9, "Actual Loops": 3 })),
    ],
    [
      "triggers that ran in another order",
      explained(scan(), {
        Triggers: [
          { "Trigger Name": "a", Calls: 1 },
          { "Trigger Name": "b", Calls: 1 },
        ],
      }),
      explained(scan(), {
        Triggers: [
          { "Trigger Name": "b", Calls: 5 },
          { "Trigger Name": "a", Calls: 1 },
        ],
      }),
    ],
  ])("is the same with %s", (_, one, other) => {
    expect(fingerprint(other)).toBe(fingerprint(one));
  });

  it.each<[string, Explained]>([
    ["index", explained(scan({ "Index Name": "j" }))],
    ["table", explained(scan({ "Relation Name": "u" }))],
    ["schema", explained(scan({ Schema: "private" }))],
    ["direction", explained(scan({ "Scan Direction": "Backward" }))],
    ["condition", filtered("(a > 'x'::text)")],
    ["node", explained(node("Seq Scan", { Schema: "public", "Relation Name": "t" }))],
    ["depth", explained(node("Limit", {}, scan()))],
    ["trigger", explained(scan(), { Triggers: [{ "Trigger Name": "a", Calls: 1 }] })],
  ])("is another one with another %s", (_, other) => {
    expect(fingerprint(other)).not.toBe(fingerprint(explained(scan())));
  });
});
