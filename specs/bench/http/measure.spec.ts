import { describe, expect, it } from "vitest";
import { measureHttp } from "../../../harness/bench/http/measure.ts";
import type { Query } from "../../../harness/workload/workload.ts";
import { openHttpGround, queries } from "./ground.ts";

const { site, request, places } = await openHttpGround();

const connected = () => site.superuser.reads`
  select pid from pg_stat_activity
  where datname = current_database() and usename = 'authenticator'`;

describe("a load over HTTP", () => {
  it("is timed by clients and by the gateway, and shows everybody their own rows only", async () => {
    const said: string[] = [];
    const result = await measureHttp(request({ say: (detail) => said.push(detail) }));
    expect(result.judgement).toMatchObject({ outcome: "pass" });
    expect(result.isolation).toMatchObject({ foreignRows: 0, strangersServed: 0, leftBehind: 0 });
    const { rows, responses, strangers } = result.isolation;
    expect(Math.min(rows, responses, strangers)).toBeGreaterThan(20);
    for (const load of [result.closed, result.open]) {
      expect(load).toMatchObject({ failed: 0, connections: 4 });
      expect(load.client.count).toBeGreaterThan(20);
      expect(load.server.count).toBe(load.client.count);
      expect(load.server.p50).toBeGreaterThan(0);
      expect(load.server.p50).toBeLessThan(load.client.p50);
    }
    expect(result.open).toMatchObject({ rate: 150, dropped: 0 });
    expect(result.open.lag?.count).toBeGreaterThan(result.open.requests);
    expect(said).toEqual([
      "warming up",
      "closed loop: 4 connections, 1 s",
      "open loop: 150 requests a second, 1 s",
    ]);
    await expect.poll(connected).toEqual([]);
  });

  it("is the same with queries of one asker, or none that writes", async () => {
    const only = (ids: readonly string[]) => ({ queries: queries.filter(({ id }) => ids.includes(id)) });
    const { judgement } = await measureHttp(request({ ...only(["recent"]), seconds: 0.5, rate: 200 }));
    expect(judgement).toEqual({ outcome: "pass", why: expect.any(String) });
    const backend = await measureHttp(request({ ...only(["contacts-of"]), seconds: 0.5 }));
    expect(backend.judgement.outcome).toBe("inconclusive");
    expect(backend.isolation).toMatchObject({ rows: 0, strangersServed: 0 });
  });

  it("is inconclusive where answers show no rows, or all come of one tenant", async () => {
    const [recent] = queries;
    const none = { ...(recent as Query), text: "select * from public.contacts where name = ''" };
    const short = { seconds: 0.5, rate: 200 };
    const empty = await measureHttp(request({ ...short, queries: [none] }));
    expect(empty.judgement).toEqual({
      outcome: "inconclusive",
      why: "no answer had a row that says whose it is",
    });
    const alone = await measureHttp(request({ ...short, places: places.slice(0, 1) }));
    expect(alone.judgement).toEqual({ outcome: "inconclusive", why: "there are no two tenants" });
  });

  it("is inconclusive where requests fail", async () => {
    const [recent] = queries;
    const broken = { ...(recent as Query), id: "broken", text: "select nonsense from public.contacts" };
    const result = await measureHttp(request({ queries: [...queries, broken], seconds: 0.5, rate: 200 }));
    expect(result.judgement).toMatchObject({
      outcome: "inconclusive",
      why: expect.stringMatching(/requests failed$/),
    });
    expect(result.closed.failed).toBeGreaterThan(0);
    expect(result.closed.client.count).toBeLessThanOrEqual(result.closed.requests - result.closed.failed);
  });

  it("leaves nothing behind when it is interrupted, in either loop", async () => {
    for (const during of ["closed loop", "open loop"]) {
      const interruption = new AbortController();
      const say = (detail: string) => {
        if (detail.startsWith(during)) setTimeout(() => interruption.abort(new Error("stopped")), 100);
      };
      const running = measureHttp(
        request({ seconds: during === "open loop" ? 1 : 60, signal: interruption.signal, say }),
      );
      await expect(running).rejects.toThrow("stopped");
      await expect.poll(connected).toEqual([]);
    }
  });

  it("leaves nothing behind when a workload's own code throws", async () => {
    let draws = 0;
    const values = () => {
      if (draws++ > 50) throw new Error("no more values");
      return [];
    };
    const [recent] = queries;
    const running = measureHttp(request({ queries: [{ ...(recent as Query), values }] }));
    await expect(running).rejects.toThrow("no more values");
    await expect.poll(connected).toEqual([]);
  });

  it("throws a fault where nobody answers behind the gateway", async () => {
    const address = { ...site.database.address("authenticator"), database: "nowhere" };
    await expect(measureHttp(request({ address, seconds: 0.3 }))).rejects.toMatchObject({
      code: "SESSION_REFUSED",
    });
  });
});
