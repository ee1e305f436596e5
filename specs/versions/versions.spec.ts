import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Major, majors } from "../../harness/engine/cluster.ts";
import type { GateResult } from "../../harness/report/result.ts";
import { configuredProject } from "../promises/subject.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = fileURLToPath(new URL("../../harness/cli/bin.mjs", import.meta.url));
/** Versions that must be here, with pgAudit: TENANTPROOF_VERSIONS, "15,18". Without it: all, as far as this machine has them. */
const named = process.env.TENANTPROOF_VERSIONS?.split(",").map(Number);
const unknown = named?.filter((one) => !majors.some((major) => major === one)) ?? [];
if (unknown.length > 0)
  throw new Error(`TENANTPROOF_VERSIONS takes ${majors.join(", ")}, not ${process.env.TENANTPROOF_VERSIONS}`);
const chosen = majors.filter((major) => named === undefined || named.includes(major));
const needPgaudit = new Set(
  configuredProject()
    .guarantees.filter((guarantee) => guarantee.needsPgaudit)
    .map(({ id }) => id),
);

let folder: string;
const table: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tenantproof-versions-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  console.log(
    [
      "| PostgreSQL | engine | held | broken | unproven | seconds |",
      "|---|---|---|---|---|---|",
      ...table,
    ].join("\n"),
  );
});

async function runGate(major: Major): Promise<GateResult> {
  const file = join(folder, `${major}.json`);
  await execa(process.execPath, [bin, "gate", "--postgres", String(major), "--json", file], {
    cwd: root,
    reject: false,
  });
  return JSON.parse(await readFile(file, "utf8")) as GateResult;
}

describe("the gate of this checkout", () => {
  it.for(chosen)("holds on PostgreSQL %i", async (major, context) => {
    const { promises, engine, fault, durationMs } = await runGate(major);
    if (named === undefined && fault?.code === "NO_ENGINE") {
      table.push(`| ${major} | none here has it | | | | |`);
      context.skip(`no engine here has PostgreSQL ${major}`);
    }
    expect(fault).toBeUndefined();
    expect(engine).toContain(`PostgreSQL ${major}.`);
    const [held = [], broken = [], unproven = []] = ["holds", "broken", "unproven"].map((state) =>
      promises.filter(({ verdict }) => verdict.state === state).map(({ id }) => id),
    );
    table.push(
      `| ${major} | ${engine} | ${held.length} | ${broken.length} | ${unproven.length} | ${Math.round(durationMs / 1000)} |`,
    );
    expect(broken).toEqual([]);
    expect(held.length).toBeGreaterThan(0);
    // What this machine has no pgAudit for is unproven there, and nothing else is.
    const excused = named === undefined && engine?.includes("without pgAudit") ? needPgaudit : new Set();
    expect(unproven.filter((id) => !excused.has(id))).toEqual([]);
  });
});
