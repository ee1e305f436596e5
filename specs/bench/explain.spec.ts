import { describe, expect, it } from "vitest";
import { asSuperuser, counting, drawExecution } from "../../harness/bench/bed.ts";
import { chosenPlan, explain, type PlanKind } from "../../harness/bench/explain.ts";
import { judgeWork } from "../../harness/bench/work.ts";
import { openDraw } from "../../harness/workload/draw.ts";
import type { Query } from "../../harness/workload/workload.ts";
import { makeMiniature, recent, ticketId, whileBroken } from "./miniature.ts";

const openMiniature = await makeMiniature();
const bed = await openMiniature(10_000, { settings: { work_mem: "64kB" } });

/** What the server does for somebody of the largest tenant, by a plan of that kind. */
function look(query: Query, kind: PlanKind = "custom", seed = 1) {
  return counting(bed, async (sessions) => {
    const place = bed.scale.largest;
    const draw = openDraw(seed);
    const { actor, text, values } = drawExecution(bed.tenancy, query, place, draw);
    const asked = {
      actor,
      text,
      draws: [values, ...Array.from({ length: 7 }, () => query.values(place, draw))],
    };
    return { ...(await explain(sessions, asked, kind)), chosen: await chosenPlan(sessions, asked) };
  });
}

const member = { asker: "member", title: "", values: () => [] } as const;
const byId: Query = {
  ...member,
  id: "by-id",
  text: "select * from public.tickets where id = $1",
  values: (place, draw) => [ticketId(place, draw.between(0, place.rows - 1))],
};
const open: Query = {
  ...member,
  id: "open",
  text: "select * from public.tickets where state = $1 order by changed_at desc limit 20",
  values: () => ["open"],
};
const bySubject: Query = {
  ...member,
  id: "by-subject",
  text: "select * from public.tickets order by subject limit 20",
};
const all: Query = {
  ...member,
  id: "all",
  asker: "service",
  text: "select count(*) from (select * from public.tickets order by subject offset 0) as sorted",
};
const add: Query = {
  ...member,
  id: "add",
  writes: true,
  text: "update public.tickets set subject = 'other' where id = $1",
  values: (place) => [ticketId(place, 0)],
};

describe("the work of a query", () => {
  it("is counted: what it returns, reads and calls", async () => {
    const { work, plan, repeat } = await look(recent);
    expect(work).toMatchObject({ rowsReturned: 20, rowsRead: 20, rowsRemoved: 0, walBytes: 0, spilled: 0 });
    expect(work.buffers).toBeGreaterThan(0);
    expect(work.buffers).toBeLessThan(30);
    expect(work.calls).toEqual({ "public.own_team": 1 });
    expect(plan.lines.join("\n")).toContain("Index Scan using tickets_recent on public.tickets");
    expect(judgeWork(work, recent).outcome).toBe("pass");
    expect(repeat).toContain("explain (analyze");
    expect(repeat).toContain("prepare explained as");
  });

  it("is the same the next time", async () => {
    const [one, other] = [await look(recent), await look(recent)];
    expect(other.work).toEqual(one.work);
    expect(other.plan).toEqual(one.plan);
  });

  it("counts what a write leaves in the log and in triggers, and leaves nothing itself", async () => {
    const count = () =>
      asSuperuser(bed, async (connection) => (await connection.query("select from public.journal")).rowCount);
    const before = await count();
    const { work, triggers } = await look(add);
    expect(work.walBytes).toBeGreaterThan(100);
    expect(work.calls["public.write_down"]).toBe(1);
    expect(triggers.map((one) => one["Trigger Name"])).toEqual(["written_down"]);
    expect(judgeWork(work, add)).toMatchObject({
      outcome: "pass",
      why: expect.stringContaining("bytes of WAL"),
    });
    expect(await count()).toBe(before);
  });

  it.each<[string, Query, PlanKind]>([
    ["for any value, where one is as good as another", byId, "generic"],
    [
      "for the value at hand, where that is much better",
      {
        ...member,
        id: "since",
        asker: "service",
        text: "select count(*) from public.tickets where changed_at > $1 and org_id = any ($2)",
        values: ({ tenant }) => ["2025-01-09", `{${tenant}}`],
      },
      "custom",
    ],
  ])("is planned %s", async (_, query, kind) => {
    expect((await look(query)).chosen).toBe(kind);
  });
});

describe("the fingerprint of a plan", () => {
  it("is the same for other values, in a plan for these as in one for any", async () => {
    for (const kind of ["custom", "generic"] as const) {
      const [one, other] = [await look(byId, kind, 1), await look(byId, kind, 2)];
      expect(other.repeat).not.toBe(one.repeat);
      expect(other.plan).toEqual(one.plan);
    }
  });

  it("is another one where another index or condition serves", async () => {
    const before = (await look(recent)).plan;
    const change = {
      breaks: "alter index public.tickets_recent rename to tickets_newest",
      mends: "alter index public.tickets_newest rename to tickets_recent",
    };
    const renamed = await whileBroken(bed, change, async () => (await look(recent)).plan);
    expect(renamed.fingerprint).not.toBe(before.fingerprint);
    expect((await look(open)).plan.fingerprint).not.toBe(before.fingerprint);
  });
});

const withoutIndex = {
  breaks: "drop index public.tickets_recent",
  mends: "create index tickets_recent on public.tickets (org_id, changed_at desc)",
};
const policy = (condition: string) => `alter policy own_tickets on public.tickets using (${condition});`;
const unwrapped = {
  breaks: `${policy("org_id = public.own_team()")} ${withoutIndex.breaks}`,
  mends: `${policy("org_id = (select public.own_team())")} ${withoutIndex.mends}`,
};
const nothing = { breaks: "select", mends: "select" };

describe("work is too much", () => {
  it.each<[string, Query, { breaks: string; mends: string }, RegExp]>([
    ["where the index is gone", recent, withoutIndex, /^it reads 10,000 rows for 20 that it needs/],
    ["where a filter on an enum cannot use one", open, nothing, /^it reads \d{3} rows for 20 that it needs/],
    [
      "where everything is sorted for a few",
      bySubject,
      nothing,
      /^it reads 1,\d{3} rows for 20 that it needs/,
    ],
    [
      "where the claims are asked for with each row",
      recent,
      unwrapped,
      /it calls public\.own_team\(\) 10,00\d times$/,
    ],
    ["where it does not fit into memory", all, nothing, /it writes \d+ pages to temporary files/],
  ])("%s", async (_, query, change, why) => {
    const { work } = await whileBroken(bed, change, () => look(query));
    expect(judgeWork(work, query)).toEqual({ outcome: "fail", why: expect.stringMatching(why) });
  });

  it("only beyond what the query may pass over", async () => {
    const { work } = await look(open);
    expect(judgeWork(work, { ...open, mayPassOver: work.rowsRemoved }).outcome).toBe("pass");
    expect(judgeWork(work, { ...open, mayPassOver: work.rowsRemoved - 1 }).outcome).toBe("fail");
  });
});
