import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, describe, expect, it } from "vitest";
import { readOwner } from "../../harness/engine/owner.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "snapshots-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Running {
  /** What it has printed on standard error so far. */
  said(): string;
  /** The directories of its servers. */
  servers(): Promise<string[]>;
}

/** How `npm run snapshot -- ...args` ends; SIGINT comes as soon as `moment` has come. */
async function snapshot(args: readonly string[], moment?: (running: Running) => Promise<boolean>) {
  const child = execa(process.execPath, ["--import", "tsx", "fixtures/snapshots/main.ts", ...args], {
    cwd: root,
    reject: false,
    stdin: "ignore",
    env: { NO_COLOR: "1", TENANTPROOF_ENGINE: "local" },
  });
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  let over = false;
  const ended = child.finally(() => {
    over = true;
  });
  const servers = () => serversOf(child.pid ?? 0);
  if (moment !== undefined) {
    while (!over && !(await moment({ said: () => said, servers }))) await sleep(10);
    child.kill("SIGINT");
  }
  const { exitCode, stdout, stderr } = await ended;
  return { exit: exitCode, stdout, stderr, servers: await servers() };
}

async function serversOf(pid: number): Promise<string[]> {
  const found: string[] = [];
  for (const scratch of ["/dev/shm", tmpdir()])
    for (const name of (await readdir(scratch).catch(() => [])).filter((one) =>
      one.startsWith("tenantproof-"),
    )) {
      const record = await readFile(join(scratch, name, "owner.json"), "utf8").catch(() => "");
      if (readOwner(record)?.pid === pid) found.push(name);
    }
  return found;
}

describe("npm run snapshot", () => {
  it("writes a snapshot of the whole set, and tells each file with its size", async () => {
    const out = join(folder, "whole");
    const { exit, stdout, stderr, servers } = await snapshot([
      ...["--tenants", "20", "--contacts", "2_000", "--events", "5000", "--applied", "all"],
      ...["--format", "custom,supabase", "--out", out],
    ]);
    expect({ exit, stderr }).toMatchObject({ exit: 0 });
    expect(servers).toEqual([]);
    expect((await readdir(out)).sort()).toEqual(["snapshot.dump", "snapshot.supabase"]);
    expect(stdout).toMatch(/^ +2,000 {2}public\.contacts$/m);
    // What the webhook migration could match to no call.
    expect(stdout).toMatch(/^ +5 {2}public\.processed_webhook_events_orphans$/m);
    expect(stdout).toMatch(/^ +[\d,]+ kB {2}custom +[\d.]+ s {2}.*snapshot\.dump$/m);
    expect(await readFile(join(out, "snapshot.supabase", "roles.sql"), "utf8")).toMatch(
      /^CREATE ROLE "reporting";$/m,
    );
  });

  it.each<[string, string, (running: Running) => Promise<boolean>]>([
    ["while its server starts", "started", async ({ servers }) => (await servers()).length > 0],
    ["while rows are written", "rows", async ({ said }) => said().includes("✔ migrations")],
    ["while it is dumped", "dump", async ({ said }) => said().includes("✔ churn")],
  ])("interrupted %s, says so and leaves nothing", async (_, name, moment) => {
    const out = join(folder, name);
    const args = ["--events", "100000", "--format", "all", "--out", out];
    const { exit, stderr, servers } = await snapshot(args, moment);
    expect(stderr).toContain("INTERRUPTED  stopped by SIGINT");
    expect({ exit, servers }).toEqual({ exit: 130, servers: [] });
    expect(await readdir(folder)).not.toContain(name);
  });

  it("refuses a command line in words, before anything starts", async () => {
    const { exit, stderr } = await snapshot(["--contacts", "many"]);
    expect(stderr).toContain("option '--contacts <number>' argument 'many' is invalid");
    expect(stderr).toContain("npm run snapshot -- --help");
    expect(exit).toBe(2);
  });
});
