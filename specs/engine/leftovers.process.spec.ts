import { spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, readdir, readFile, readlink, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { thisMachine } from "../../harness/engine/machine.ts";
import { thisOwner, writeOwner } from "../../harness/engine/owner.ts";
import { sweepRunDirectories } from "../../harness/engine/run-directory.ts";
import { makeScratch } from "./machines.ts";

const program = fileURLToPath(new URL("start-and-wait.ts", import.meta.url));
const linux = process.platform === "linux";
const dead = writeOwner({ ...thisOwner(), started: "1" });

function startChild(folder: string, ...args: string[]) {
  return spawn(process.execPath, ["--import", "tsx", program, folder, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** The processes that work in `folder`, with their parents. */
async function processesIn(folder: string): Promise<{ pid: number; program: string }[]> {
  const found: { pid: number; program: string }[] = [];
  for (const name of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const working = await readlink(`/proc/${name}/cwd`).catch(() => "");
    if (!working.startsWith(`${folder}/`)) continue;
    const command = await readFile(`/proc/${name}/comm`, "utf8").catch(() => "");
    found.push({ pid: Number(name), program: command.trim() });
  }
  return found;
}

/** For each server in `folder`, its files and those of its data directory. */
async function filesIn(folder: string): Promise<string[][]> {
  const list = (path: string) => readdir(path).catch(() => []);
  return Promise.all(
    (await readdir(folder)).map(async (name) => [
      ...(await list(join(folder, name))),
      ...(await list(join(folder, name, "data"))).map((file) => `data/${file}`),
    ]),
  );
}

/** The id of the shared memory segment of the server in `folder`, from its own record. */
async function segmentIn(folder: string): Promise<string | undefined> {
  const [directory = ""] = (await readdir(folder)).filter((name) => name.startsWith("tenantproof-"));
  const record = await readFile(join(folder, directory, "data", "postmaster.pid"), "utf8").catch(() => "");
  return (record.split("\n")[6] ?? "").trim().split(/\s+/)[1];
}

async function segments(): Promise<string[]> {
  const table = await readFile("/proc/sysvipc/shm", "utf8");
  return table.split("\n").map((line) => line.trim().split(/\s+/)[1] ?? "");
}

describe.runIf(linux)("a run that is killed with SIGKILL", () => {
  // Moments are told by what is on disk, so that a busy machine does not move them.
  it.each([
    ["makes its directory", () => true],
    ["signs its directory", (files: string[]) => files.includes("owner.json")],
    ["copies its data", (files: string[]) => files.includes("data")],
    ["starts its server", (files: string[]) => files.includes("data/postmaster.pid")],
    ["has just started", (files: string[]) => files.includes(".s.PGSQL.5432")],
  ])("while it %s leaves nothing after the next start", async (_, reached) => {
    await using scratch = await makeScratch();
    const child = startChild(scratch.folder);
    while (!(await filesIn(scratch.folder)).some(reached)) await new Promise(setImmediate);
    const segment = await segmentIn(scratch.folder);
    child.kill("SIGKILL");
    await once(child, "exit");
    const sweep = async () => {
      await sweepRunDirectories({ ...thisMachine(), scratch: [scratch.folder] });
      return readdir(scratch.folder);
    };
    // A directory without a record yet is left alone for some minutes: it could be about to get one.
    const recorded = async () => {
      const names = await sweep();
      const whole = await Promise.all(
        names.map((name) => readdir(join(scratch.folder, name)).catch((): string[] => [])),
      );
      return whole.filter((files) => files.includes("owner.json"));
    };
    await expect.poll(recorded).toEqual([]);
    await expect.poll(() => processesIn(scratch.folder), { timeout: 5_000 }).toEqual([]);
    if (segment) expect(await segments()).not.toContain(segment);
  });

  it("ends its server at once, even before the next start", async () => {
    await using scratch = await makeScratch();
    const child = startChild(scratch.folder);
    await once(child.stdout, "data");
    expect((await processesIn(scratch.folder)).map((one) => one.program)).toContain("postgres");
    child.kill("SIGKILL");
    await expect.poll(() => readdir(scratch.folder), { timeout: 5_000 }).toEqual([]);
    expect(await processesIn(scratch.folder)).toEqual([]);
  });

  it.each([
    ["its supervisor", ["sh"]],
    ["its supervisor and its server", ["sh", "postgres"]],
  ])("together with %s leaves nothing after the next start", async (_, programs) => {
    await using scratch = await makeScratch();
    const child = startChild(scratch.folder);
    await once(child.stdout, "data");
    const segment = await segmentIn(scratch.folder);
    expect(await segments()).toContain(segment);
    const victims = await processesIn(scratch.folder);
    for (const { pid } of victims.filter((one) => programs.includes(one.program)))
      process.kill(pid, "SIGKILL");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await readdir(scratch.folder)).toHaveLength(1);
    await sweepRunDirectories({ ...thisMachine(), scratch: [scratch.folder] });
    expect(await readdir(scratch.folder)).toEqual([]);
    // A half-killed supervisor gives a server that does not end ten seconds, and ends itself with them.
    await expect.poll(() => processesIn(scratch.folder), { timeout: 15_000 }).toEqual([]);
    expect(await segments()).not.toContain(segment);
  });

  it("keeps its server when it was told to", async () => {
    await using scratch = await makeScratch();
    const child = startChild(scratch.folder, "keep");
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    await sweepRunDirectories({ ...thisMachine(), scratch: [scratch.folder] });
    const [directory = ""] = await readdir(scratch.folder);
    const record = await readFile(join(scratch.folder, directory, "data", "postmaster.pid"), "utf8");
    expect((await processesIn(scratch.folder)).map((one) => one.program)).toContain("postgres");
    process.kill(Number.parseInt(record, 10), "SIGQUIT");
    await expect.poll(() => processesIn(scratch.folder), { timeout: 5_000 }).toEqual([]);
  });
});

describe("the sweep", () => {
  const name = "tenantproof-abcDEF";
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

  it.each([
    ["removes the directory of a dead owner", name, { "owner.json": dead }, 0, false],
    ["leaves that of a live owner", name, { "owner.json": writeOwner(thisOwner()) }, 60, true],
    ["leaves one that was to be kept", name, { "owner.json": dead, kept: "" }, 60, true],
    ["leaves one that has no record yet", name, {}, 1, true],
    ["removes one that never got a record", name, {}, 11, false],
    ["leaves one whose record it cannot read", name, { "owner.json": "{" }, 60, true],
    ["leaves one with another name", "tenantproof-of-yours", { "owner.json": dead }, 60, true],
  ])("%s", async (_, directory, files: Record<string, string>, ageMinutes, stays) => {
    await using scratch = await makeScratch();
    const path = join(scratch.folder, directory);
    await mkdir(path);
    for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
    await utimes(path, minutesAgo(ageMinutes), minutesAgo(ageMinutes));
    await sweepRunDirectories({ ...thisMachine(), scratch: [scratch.folder] });
    expect(await readdir(scratch.folder)).toEqual(stays ? [directory] : []);
  });

  it("never follows a link", async () => {
    await using scratch = await makeScratch();
    const treasure = join(scratch.folder, "treasure");
    await mkdir(treasure);
    await writeFile(join(treasure, "owner.json"), dead);
    await symlink(treasure, join(scratch.folder, name));
    await sweepRunDirectories({ ...thisMachine(), scratch: [scratch.folder] });
    expect(await readdir(treasure)).toEqual(["owner.json"]);
  });

  it("never ends the process that a planted postmaster.pid names", async () => {
    await using scratch = await makeScratch();
    const bystander = spawn("sleep", ["30"]);
    await mkdir(join(scratch.folder, name, "data"), { recursive: true });
    await writeFile(join(scratch.folder, name, "owner.json"), dead);
    await writeFile(join(scratch.folder, name, "data", "postmaster.pid"), `${bystander.pid}\n`);
    await sweepRunDirectories({ ...thisMachine(), scratch: [scratch.folder] });
    expect(await readdir(scratch.folder)).toEqual([]);
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    bystander.kill();
  });

  it.runIf(process.getuid?.() === 0)("as root leaves the directories of other users", async () => {
    await using scratch = await makeScratch();
    const path = join(scratch.folder, name);
    await mkdir(path);
    await writeFile(join(path, "owner.json"), dead);
    await chown(path, 12_345, 12_345);
    await sweepRunDirectories({ ...thisMachine(), scratch: [scratch.folder] });
    expect(await readdir(scratch.folder)).toEqual([name]);
  });
});
