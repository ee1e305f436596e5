import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { XMLParser } from "fast-xml-parser";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import type { GateResult } from "../../harness/report/result.ts";
import { makeScratch } from "../engine/machines.ts";
import { migrationsFolder, tenantproof } from "./command.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const breach = v.strictObject({ what: v.string(), sql: v.string() });
/** What others may rely on; a field more or less is noticed here. */
const shape = v.strictObject({
  tool: v.literal("tenantproof"),
  version: v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+/)),
  startedAt: v.pipe(v.string(), v.isoTimestamp()),
  durationMs: count,
  seed: count,
  engine: v.optional(v.string()),
  stages: v.array(v.strictObject({ name: v.string(), detail: v.string(), durationMs: v.number() })),
  notes: v.array(v.string()),
  promises: v.array(
    v.strictObject({
      ...{ id: v.string(), title: v.string(), effect: v.string(), remedy: v.string() },
      durationMs: v.number(),
      verdict: v.variant("state", [
        v.strictObject({ state: v.literal("holds"), checked: v.pipe(count, v.minValue(1)) }),
        v.strictObject({
          state: v.literal("broken"),
          checked: count,
          breaches: v.pipe(v.array(breach), v.minLength(1)),
        }),
        v.strictObject({ state: v.literal("unproven"), checked: count, why: v.string() }),
      ]),
    }),
  ),
  standing: v.picklist(["holds", "broken", "unproven", "failed"]),
  exit: v.picklist([0, 1, 2, 3, 4, 5, 70, 130]),
  fault: v.optional(
    v.strictObject({
      code: v.string(),
      what: v.string(),
      where: v.optional(v.string()),
      hint: v.string(),
    }),
  ),
});

const experiments = ({ promises }: GateResult) =>
  promises.map(({ id, verdict }) => [id, verdict.state, verdict.checked]);

describe.concurrent("a gate", () => {
  it.each([
    ["0 when every promise holds", "H", 0, /^HELD {2}all 2 promises, [\d,]+ experiments$/m],
    ["1 when one is broken, whatever else", "H,B,U", 1, /^BROKEN {2}1 of 4 promises: B1; unproven: U1$/m],
    ["5 when one is unproven", "H1,U", 5, /^UNPROVEN {2}1 of 2 promises: U1$/m],
  ])("ends in %s", async (_, only, exit, sentence) => {
    const ended = await tenantproof(["gate", "--only", only]);
    expect(ended).toMatchObject({ exit, left: [] });
    expect(ended.stdout).toMatch(sentence);
    expect(ended.stdout).toContain(`exit code ${exit}`);
  });

  it("writes its result as JSON and as JUnit, and annotates the job in GitHub's Actions", async () => {
    await using scratch = await makeScratch();
    const [json, junit] = [join(scratch.folder, "result.json"), join(scratch.folder, "result.xml")];
    const { stdout } = await tenantproof(["gate", "--only", "H,B,U", "--json", json, "--junit", junit], {
      env: { GITHUB_ACTIONS: "true" },
    });
    const result = v.parse(shape, JSON.parse(await readFile(json, "utf8")));
    expect(result).toMatchObject({ standing: "broken", exit: 1 });
    expect(result.stages.map(({ name }) => name)).toEqual([
      ...["engine", "platform", "migrations", "tenants", "promises"],
    ]);
    const parsed = new XMLParser({ ignoreAttributes: false }).parse(await readFile(junit, "utf8"));
    expect(parsed.testsuites.testsuite).toMatchObject({
      ...{ "@_tests": "4", "@_failures": "1", "@_errors": "1", "@_skipped": "0" },
    });
    expect(stdout).toMatch(/^::error title=B1 is broken::.*100%25%0A/m);
    expect(stdout).toMatch(/^::warning title=U1 is unproven::/m);
  });

  it("writes the result of a run that failed, too", async () => {
    const migrations = migrationsFolder("broken-cycle");
    const { stdout, exit } = await tenantproof(["gate", "--migrations", migrations, "--json", "-"]);
    const result = v.parse(shape, JSON.parse(stdout));
    expect(result).toMatchObject({
      ...{ standing: "failed", exit: 4, promises: [] },
      fault: { code: "REQUIREMENT_CYCLE" },
    });
    expect(exit).toBe(4);
  });

  it("with the same seed runs the same experiments, and with another one others", async () => {
    const run = async (...seed: string[]) =>
      JSON.parse((await tenantproof(["gate", "--only", "H,B", "--json", "-", ...seed])).stdout) as GateResult;
    const [drawn, other] = await Promise.all([run(), run("--seed", "7")]);
    const again = await run("--seed", String(drawn.seed));
    expect(experiments(again)).toEqual(experiments(drawn));
    expect(again.promises[1]?.verdict).toEqual(drawn.promises[1]?.verdict);
    expect(experiments(other)).not.toEqual(experiments(drawn));
  });
});
