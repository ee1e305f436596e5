import { describe, expect, it } from "vitest";
import type { Sightings } from "../../../harness/bench/http/inspector.ts";
import { type Evidence, judge } from "../../../harness/bench/http/judgement.ts";

const sightings: Sightings = {
  ...{ responses: 1200, rows: 30_000, foreignRows: 0, strangers: 40, strangersServed: 0 },
  ...{ failed: 3, cancelled: 2, unreadable: 0, findings: [] },
  strangersByName: new Map([["without a token", 40]]),
};
const sound: Evidence = {
  sightings,
  leftovers: { connections: 10, found: [] },
  loads: [
    { requests: 1000, failed: 3 },
    { requests: 500, failed: 0 },
  ],
  hungUp: 5,
  tenants: 2,
  strangers: ["without a token"],
};
const seen = (more: Partial<Sightings>): Partial<Evidence> => ({ sightings: { ...sightings, ...more } });

describe("what is judged of a load", () => {
  it("is a pass when all was checked and nothing was wrong", () => {
    expect(judge(sound)).toEqual({
      outcome: "pass",
      why: "30,000 rows in 1,200 answers, all of who asked; 40 strangers were given none",
    });
  });

  it.each<[string, Partial<Evidence>]>([
    ["2 rows of others", seen({ foreignRows: 2 })],
    ["1 of 40 strangers were served", seen({ strangersServed: 1 })],
    [
      "left on 10 connections: an open transaction",
      { leftovers: { connections: 10, found: ["an open transaction"] } },
    ],
  ])("is a failure: %s", (why, more) => {
    expect(judge({ ...sound, ...more })).toEqual({ outcome: "fail", why });
  });

  it.each<[string, Partial<Evidence>]>([
    ["there are no two tenants", { tenants: 1 }],
    ["no answer had a row that says whose it is", seen({ rows: 0 })],
    ["nobody was answered without a token", seen({ strangersByName: new Map() })],
    ["nobody was answered who is a stranger", { strangers: [] }],
    ["no query failed that was to fail", seen({ failed: 0 })],
    ["no query was cancelled", seen({ cancelled: 0 })],
    ["nobody hung up", { hungUp: 0 }],
    ["no connection was looked at afterwards", { leftovers: { connections: 0, found: [] } }],
    ["4 answers could not be read", seen({ unreadable: 4 })],
    ["16 of 1,000 requests failed", { loads: [{ requests: 1000, failed: 16 }] }],
  ])("is inconclusive: %s", (why, more) => {
    expect(judge({ ...sound, ...more })).toEqual({ outcome: "inconclusive", why });
  });

  it("is a failure even where something else is in doubt", () => {
    expect(judge({ ...sound, ...seen({ foreignRows: 1, cancelled: 0 }) }).outcome).toBe("fail");
  });
});
