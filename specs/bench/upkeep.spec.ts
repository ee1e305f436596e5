import { describe, expect, it } from "vitest";
import { asSuperuser } from "../../harness/bench/bed.ts";
import { measureChores } from "../../harness/bench/chores.ts";
import { measureRemovals } from "../../harness/bench/removals.ts";
import { measureSizes } from "../../harness/bench/sizes.ts";
import type { Chore, Removal } from "../../harness/workload/workload.ts";
import { sharedHost } from "../ground.ts";
import { makeMiniature, ticketId, whileBroken } from "./miniature.ts";

const { readLog } = sharedHost();
const openMiniature = await makeMiniature();
const bed = await openMiniature(6_000);
const rows = () =>
  asSuperuser(bed, async (connection) => {
    const text = `select (select count(*) from public.teams)::int as teams,
      (select count(*) from public.tickets)::int as tickets, (select count(*) from public.notes)::int as notes`;
    return (await connection.query(text)).rows[0];
  });

describe("a chore", () => {
  const chore = { as: "deployer", table: { schema: "public", name: "tickets" }, longestWaitMs: 250 } as const;
  const measure = async (more: Pick<Chore, "sql"> & Partial<Chore>) => {
    const chores = [{ ...chore, id: "chore", title: "a chore", ...more }];
    const [found] = await measureChores(
      { ...bed, workload: { ...bed.workload, chores } },
      { readLog, say: () => {} },
    );
    return found;
  };

  it("that locks the table holds its readers and writers up, and the lock is named", async () => {
    const sql =
      "do $$ begin lock table public.tickets in access exclusive mode; perform pg_sleep(0.4); end $$";
    const found = await measure({ sql });
    expect(found?.judgement.outcome).toBe("fail");
    expect(found?.judgement.why).toMatch(
      /^it takes [\d,.]+ ms; somebody waits [\d,.]+ ms for (AccessShare|RowExclusive)Lock on relation \d+ of database \d+$/,
    );
    expect(found?.longestWaitMs).toBeGreaterThan(250);
    expect(found?.tookMs).toBeGreaterThan(390);
    const patient = await measure({ sql, longestWaitMs: 60_000 });
    expect(patient?.judgement.outcome).toBe("pass");
  });

  it("that keeps writers out only holds them up all the same", async () => {
    const sql = "do $$ begin lock table public.tickets in share mode; perform pg_sleep(0.4); end $$";
    expect((await measure({ sql }))?.judgement).toMatchObject({
      outcome: "fail",
      why: expect.stringContaining("RowExclusiveLock on relation"),
    });
  });

  it.each([
    ["rebuilds an index beside them", "reindex index concurrently public.tickets_recent"],
    ["reads statistics", "analyze public.tickets"],
    ["takes its time and locks nothing", "select pg_sleep(0.3)"],
  ])("that %s holds nobody up", async (_, sql) => {
    const found = await measure({ sql });
    expect(found?.judgement).toMatchObject({
      outcome: "pass",
      why: expect.stringMatching(/; (nobody waits longer than 20 ms|somebody waits)/),
    });
    expect(found?.reads).toBeGreaterThan(1);
    expect(found?.writes).toBeGreaterThan(1);
  });

  it("that the server refuses ends with what it says, and nobody is left beside it", async () => {
    await expect(measure({ sql: "reindex index public.nowhere" })).rejects.toThrow(
      '"public.nowhere" does not exist',
    );
    const { rows: left } = await asSuperuser(bed, (connection) =>
      connection.query(
        "select application_name from pg_stat_activity where datname = current_database() and application_name ~ 'reader|writer|chore'",
      ),
    );
    expect(left).toEqual([]);
  });
});

describe("a removal", () => {
  const removal: Removal = {
    id: "ticket",
    title: "a ticket, with its notes",
    as: "service",
    text: "delete from public.tickets where id = $1",
    values: (place, draw) => [ticketId(place, draw.between(0, place.rows - 1))],
    targetMs: 5_000,
    where: "largest",
    times: 10,
  };
  const measure = async (more: Partial<Removal> = {}) => {
    const removals = [{ ...removal, ...more }];
    const [found] = await measureRemovals(
      { ...bed, workload: { ...bed.workload, removals } },
      { say: () => {} },
    );
    return found;
  };

  it("is counted with all that goes with it, and nothing is gone afterwards", async () => {
    const before = await rows();
    const found = await measure();
    expect(found).toMatchObject({ rows: 2, judgement: { outcome: "pass" }, latency: { count: 10 } });
    const team = await measure({
      text: "delete from public.teams where id = $1",
      values: ({ tenant }) => [tenant],
      times: 2,
    });
    expect(team?.rows).toBe(1 + 2 * bed.scale.largest.rows);
    expect(await rows()).toEqual(before);
  });

  it("that no index serves is found, however fast it is", async () => {
    const change = {
      breaks: "drop index public.notes_of_ticket",
      mends: "create index notes_of_ticket on public.notes (ticket_id)",
    };
    expect((await whileBroken(bed, change, () => measure()))?.judgement).toEqual({
      outcome: "fail",
      why: "no index serves a foreign key: it reads all of public.notes",
    });
  });

  it.each<[string, Partial<Removal>, string, RegExp]>([
    [
      "removes nothing proves nothing",
      { values: () => [ticketId(bed.scale.largest, -1)] },
      "inconclusive",
      /^it removes nothing$/,
    ],
    [
      "is too slow each time fails",
      { targetMs: 0.001 },
      "fail",
      /^[\d.]+ ms to [\d.]+ ms in 10 runs, with 2 rows$/,
    ],
    [
      "a member may not do removes nothing",
      { as: "member", where: "median", values: () => [ticketId(bed.scale.largest, 0)] },
      "inconclusive",
      /^it removes nothing$/,
    ],
  ])("that %s", async (_, more, outcome, why) => {
    expect((await measure(more))?.judgement).toEqual({ outcome, why: expect.stringMatching(why) });
  });

  it("that the server refuses is named", async () => {
    await expect(measure({ text: "delete from public.nowhere where id = $1" })).rejects.toMatchObject({
      ...{ code: "WORKLOAD_REFUSED", where: "the removal ticket" },
    });
  });
});

describe("a size", () => {
  it.each([
    [
      "passes at what it may be",
      { name: "tickets", mostKb: 1_000 },
      "pass",
      /^\d{3} KB for 1,000 rows, \d+ of them indexes$/,
    ],
    ["fails above", { name: "tickets", mostKb: 10 }, "fail", /; 10 at most$/],
    [
      "is told beside what was said",
      { name: "tickets", mostKb: 1_000, saidKb: 7 },
      "pass",
      /, said to be 7 KB$/,
    ],
    ["is none without rows", { name: "journal", mostKb: 1 }, "inconclusive", /^it has no rows$/],
  ] as const)("%s", async (_, size, outcome, why) => {
    const sizes = [{ schema: "public", ...size }];
    const [found] = await measureSizes({ ...bed, workload: { ...bed.workload, sizes } });
    expect(found?.judgement).toEqual({ outcome, why: expect.stringMatching(why) });
    expect(found?.totalKb).toBeCloseTo((found?.heapKb ?? 0) + (found?.indexesKb ?? 0), 6);
  });
});
