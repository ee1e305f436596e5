import { describe, expect, it } from "vitest";
import { assemble } from "../../../harness/bench/http/cast.ts";
import { type Call, openScript, routesOf } from "../../../harness/bench/http/script.ts";
import { scaleOf } from "../../../harness/workload/scale.ts";
import { configuredProject } from "../../promises/subject.ts";
import { queries } from "./ground.ts";

const { places } = scaleOf(20_000, 5, new Date("2026-01-05"));
const cast = await assemble(configuredProject().tenancy, places);
const calls = (seed: number, count = 400): Call[] => {
  const script = openScript(cast, queries, "org_id", seed);
  return Array.from({ length: count }, () => script.next());
};
const valuesOf = ({ path }: Call) => new URL(path, "http://host").searchParams.get("values");

describe("a script", () => {
  it("is the same for the same seed, whoever hangs up meanwhile", () => {
    const other = openScript(cast, queries, "org_id", 1);
    const beside = Array.from({ length: 400 }, (_, turn) => {
      if (turn % 30 === 0) other.abandoned();
      return other.next();
    });
    expect(beside.map(({ path }) => path)).toEqual(calls(1).map(({ path }) => path));
    expect(calls(2).map(({ path }) => path)).not.toEqual(calls(1).map(({ path }) => path));
  });

  it("has every stranger, and every kind of call, within a hundred", () => {
    const some = calls(1, 100);
    const names = new Set(some.flatMap(({ stranger }) => stranger?.name ?? []));
    expect([...names].sort()).toEqual(cast.strangers.map(({ name }) => name).sort());
    const kinds = new Set(some.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(["cancelled", "echo", "failing", "ordinary", "stranger"]);
    expect(some.filter(({ kind }) => kind === "ordinary").length).toBeGreaterThan(65);
  });

  it("mixes tenants, people and queries", () => {
    const ordinary = calls(1).filter(({ kind }) => kind === "ordinary");
    expect(new Set(ordinary.map(({ query }) => query)).size).toBe(queries.length);
    const people = ordinary.flatMap(({ member }) => member?.id ?? []);
    expect(new Set(people).size).toBe(cast.members.length);
  });

  it("lets somebody of another tenant ask what was just asked, and for its tenant by name", () => {
    const all = calls(1);
    const echoes = all.filter(({ kind }) => kind === "echo");
    expect(echoes.length).toBeGreaterThan(30);
    for (const echo of echoes) {
      const asked = all
        .slice(0, all.indexOf(echo))
        .findLast(({ kind, member, method }) => kind === "ordinary" && member && method === "GET");
      expect([echo.query, valuesOf(echo)]).toEqual([asked?.query, asked && valuesOf(asked)]);
      expect(echo.member?.tenant).not.toBe(asked?.member?.tenant);
      expect(echo.path).toContain(`&org_id=${asked?.member?.tenant}`);
    }
  });

  it("has nobody of the tenant that is there to be removed", () => {
    const removed = places.filter(({ role }) => role === "removed").map(({ tenant }) => tenant);
    expect(removed).toHaveLength(1);
    expect(cast.members.filter(({ tenant }) => removed.includes(tenant))).toEqual([]);
  });

  it("has a route for every call, which takes as many values as are given", () => {
    const routes = new Map(routesOf(queries, cast, 1).map((route) => [route.id, route]));
    for (const call of calls(1)) {
      const route = routes.get(call.query);
      expect(JSON.parse(valuesOf(call) ?? "")).toHaveLength(route?.takes ?? -1);
      expect(call.method).toBe(route?.writes ? "POST" : "GET");
    }
  });
});
