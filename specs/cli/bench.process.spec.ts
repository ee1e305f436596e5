import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readBenchResult } from "../../harness/cli/bench-file.ts";
import { tenantproof } from "./command.ts";

const own = fileURLToPath(new URL("../..", import.meta.url));

describe.concurrent("a bench", () => {
  it.each<[string, string[], string[]]>([
    ["with an unknown promise", ["--only", "P1,P9"], ["--only", "P1, P2, P3, P4, P5, P6"]],
    ["with too few rows", ["--rows", "9999"], ["--rows", "from 10000 to 10000000"]],
    ["with too few tenants", ["--tenants", "2"], ["--tenants", "from 3 to 10000"]],
    ["with no time for requests", ["--seconds", "0"], ["--seconds", "from 1 to 3600"]],
  ])("%s ends in USAGE, before anything is started", async (_, args, phrases) => {
    const { exit, said, left } = await tenantproof(["bench", ...args]);
    expect(said).toMatch(/^USAGE {2}\S.*\n {2}where {3}\S.*\n {2}next {4}\S/m);
    for (const phrase of phrases) expect(said).toContain(phrase);
    expect({ exit, left }).toEqual({ exit: 2, left: [] });
  });

  it("with two results for one file ends in USAGE, too", async () => {
    const files = ["--json", "both.out", "--html", "./both.out"];
    const { exit, said, left } = await tenantproof(["bench", ...files], { cwd: own });
    expect(said).toContain("--json and --html cannot both go to both.out");
    expect({ exit, left }).toEqual({ exit: 2, left: [] });
  });

  it("compares with what is there only, and writes that it could not", async () => {
    const { exit, stdout, said, left } = await tenantproof(
      ["bench", "--against", "no-such-ref", "--json", "-"],
      { cwd: own },
    );
    expect(said).toContain("no-such-ref is neither a folder nor a commit, branch or tag");
    const result = readBenchResult(stdout, "standard output");
    expect(result).toMatchObject({ standing: "failed", exit: 2, fault: { code: "USAGE" }, promises: [] });
    expect({ exit, left }).toEqual({ exit: 2, left: [] });
  });

  it("without a workload in its configuration has nothing to measure", async () => {
    const { exit, said, left } = await tenantproof(["bench"]);
    expect(said).toMatch(
      /CONFIG_INVALID {2}it names no workload.*\n {2}where {3}\S.*\n {2}next {4}Add `workload`/,
    );
    expect({ exit, left }).toEqual({ exit: 2, left: [] });
  });
});

it("a bench of sizes and deletes writes what it found, and leaves nothing", {
  timeout: 120_000,
}, async () => {
  const args = [
    "bench",
    "--rows",
    "10000",
    "--tenants",
    "20",
    "--only",
    "P4,P6",
    "--seed",
    "3",
    "--json",
    "-",
  ];
  const { exit, stdout, stderr, left } = await tenantproof(args, { cwd: own });
  const result = readBenchResult(stdout, "standard output");
  expect(result).toMatchObject({ tool: "tenantproof", format: 1, seed: 3, rows: 10_000, tenants: 20, exit });
  expect(result.promises.map(({ id }) => id)).toEqual(["P4", "P6"]);
  expect(result.promises[0]?.verdict).toMatchObject({ state: "holds", checked: result.sizes?.length });
  // How long deletes take beside other specs says nothing; that they were measured, and removed something, does.
  expect(result.removals?.every(({ rows, latency }) => rows > 0 && latency.count > 0)).toBe(true);
  expect([0, 1, 5]).toContain(exit);
  // Rows that an earlier run saved need none of the stages that make them.
  const stages = result.stages.map(({ name }) => name);
  expect(stages.filter((name) => ["engine", "rows", "sizes", "deletes"].includes(name))).toEqual([
    ...["engine", "rows", "sizes", "deletes"],
  ]);
  expect([result.queries, result.growth, result.overheads, result.chores, result.http]).toEqual(
    Array(5).fill(undefined),
  );
  expect(stderr).toContain("P4");
  expect(left).toEqual([]);
});
