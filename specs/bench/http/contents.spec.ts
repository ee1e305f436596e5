import { describe, expect, it } from "vitest";
import { ownedIn, saysSomething } from "../../../harness/bench/http/contents.ts";

const owners = { tenant: "org_id", person: "user_id" };
const json = (value: unknown) => JSON.stringify(value);
const row = { id: 1, org_id: "acme", user_id: "ada" };

describe("whose rows an answer shows", () => {
  it.each<[string, string, readonly unknown[]]>([
    ["rows", json([row, { org_id: "other" }]), [{ tenant: "acme", person: "ada" }, { tenant: "other" }]],
    ["rows within a value", json([{ found: { rows: [row] } }]), [{ tenant: "acme", person: "ada" }]],
    [
      "rows within rows",
      json([{ ...row, of: [{ org_id: "other" }] }]),
      [expect.anything(), { tenant: "other" }],
    ],
    ["rows in the text of a value", json([{ body: json([row]) }]), [{ tenant: "acme", person: "ada" }]],
    ["numbers as ids", json([{ org_id: 7 }]), [{ tenant: "7" }]],
    ["rows of a person alone", json([{ org_id: null, user_id: "ada" }]), [{ person: "ada" }]],
    ["rows of nobody", json([{ org_id: null }, { id: 1 }]), []],
    ["counts", json([{ count: "5" }]), []],
    ["texts that only begin like JSON", json([{ notes: "[sic" }, { notes: "{" }]), []],
    ["what somebody wrote within a value", json([{ found: { notes: json(row) } }]), []],
  ])("is told of %s", (_, body, found) => {
    expect(ownedIn(body, owners)).toEqual(found);
  });

  it("is told without people, where rows belong to no one person", () => {
    expect(ownedIn(json([row]), { tenant: "org_id" })).toEqual([{ tenant: "acme" }]);
  });

  it("cannot be told of what is no JSON", () => {
    expect(() => ownedIn("<html>", owners)).toThrow(SyntaxError);
  });
});

describe("an answer", () => {
  it.each([
    "[]",
    "null",
    json([{ count: 0, total: "0", average: "0.00", most: null, any: false }]),
    json([{ page_total: 0, body: "[]", headers: {}, status: "" }]),
  ])("says nothing with %s", (body) => {
    expect(saysSomething(body)).toBe(false);
  });

  it.each([
    json([{ count: 1 }]),
    json([{ count: "12" }]),
    json([{ any: true }]),
    json([{ name: "x" }]),
    json([{ body: json([{ id: 1 }]) }]),
    json([{ body: "[sic" }]),
    json([{ body: { rows: [[null, "x"]] } }]),
  ])("says something with %s", (body) => {
    expect(saysSomething(body)).toBe(true);
  });
});
