import { describe, expect, it } from "vitest";
import { hazards, soundOnes } from "../../fixtures/rehearsal/hazards.ts";
import { secret } from "../../fixtures/rehearsal/state.ts";
import { findingsOf, rehearseProject } from "./theatre.ts";

describe("a rehearsal", () => {
  it.each(hazards)("finds $name", async ({ name, expects, names }) => {
    const { checks, findings } = await rehearseProject(name, { rate: expects === "queue" ? 20 : 0 });
    const check = checks.get(expects);
    expect(check?.verdict.state, findingsOf(check)).toBe("broken");
    expect(findingsOf(check)).toMatch(names);
    expect(JSON.stringify([findings, [...checks]])).not.toContain(secret);
  });

  it.each(soundOnes)("lets $name pass", async ({ name }) => {
    const { checks, failure } = await rehearseProject(name, { rate: 20 });
    expect(failure).toBeUndefined();
    for (const [id, check] of checks) expect([id, findingsOf(check)]).toEqual([id, ""]);
    expect([...checks.keys()].sort()).toEqual(
      ["apply", "data", "isolation", "keys", "locks", "queue", "rollback", "traffic"].sort(),
    );
  });
});
