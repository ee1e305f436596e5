// Remains: what a server leaves when its owner was killed: processes, a directory, a shared memory segment.

import { readdir, readFile, readlink, realpath, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { kill } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { Account, Machine } from "./machine.ts";

const stopTimeoutMs = 7_000;

/** No process of PostgreSQL works in `directory` any more, and its shared memory segment is gone. */
export async function endServer(directory: string, machine: Machine): Promise<void> {
  const segment = await readSegment(directory);
  // QUIT: the server ends at once, takes its sessions with it and removes its shared memory.
  const deadline = Date.now() + stopTimeoutMs;
  for (let tries = 0; Date.now() < deadline; tries++) {
    const found = await findProcesses(directory, machine.platform);
    if (found.length === 0) break;
    if (tries === 0) signal(found, "SIGQUIT");
    if (tries === 100) signal(found, "SIGKILL");
    await sleep(20);
  }
  if (segment) await removeSegment(segment, machine.account);
}

/** `directory` and all below it are gone. As root it is removed with the account's rights, so that a link leads nowhere. */
export async function removeDirectory(directory: string, account: Account | undefined): Promise<void> {
  if (account) await execa("rm", ["-rf", "--", directory], { ...account, reject: false, cwd: "/" });
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      kill(pid, name);
    } catch {
      // Ended meanwhile.
    }
  }
}

/** The processes of PostgreSQL that work in `directory`: by what they are and where, never by a number in a file. */
async function findProcesses(directory: string, platform: NodeJS.Platform): Promise<number[]> {
  return platform === "linux" ? findInProc(directory) : findByCommand(directory);
}

async function findInProc(directory: string): Promise<number[]> {
  const found: number[] = [];
  const real = await realpath(directory).catch(() => directory);
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const working = await readlink(`/proc/${name}/cwd`);
      if (!`${working}/`.startsWith(`${real}/`)) continue;
      const program = basename((await readlink(`/proc/${name}/exe`)).replace(/ \(deleted\)$/, ""));
      if (program === "postgres" || program === "initdb") found.push(Number(name));
    } catch {
      // Ended meanwhile, or another user's.
    }
  }
  return found;
}

async function findByCommand(directory: string): Promise<number[]> {
  const record = await readFile(join(directory, "data", "postmaster.pid"), "utf8").catch(() => "");
  const pid = Number.parseInt(record, 10);
  if (!(pid > 1)) return [];
  const { stdout } = await execa("ps", ["-o", "command=", "-p", String(pid)], { reject: false });
  return stdout?.includes("postgres") && stdout.includes(join(directory, "data")) ? [pid] : [];
}

interface Segment {
  readonly key: string;
  readonly id: string;
}

/** Line 7 of postmaster.pid: key and id of the System V segment that guards the data directory. */
async function readSegment(directory: string): Promise<Segment | undefined> {
  const record = await readFile(join(directory, "data", "postmaster.pid"), "utf8").catch(() => "");
  const [key, id] = (record.split("\n")[6] ?? "").trim().split(/\s+/);
  return key && id ? { key, id } : undefined;
}

async function removeSegment({ key, id }: Segment, account: Account | undefined): Promise<void> {
  const table = await readFile("/proc/sysvipc/shm", "utf8").catch(() => "");
  for (const line of table.split("\n").slice(1)) {
    // key shmid perms size cpid lpid nattch uid ...
    const [foundKey, foundId, , , , , attached] = line.trim().split(/\s+/);
    const same = Number(foundKey) >>> 0 === Number(key) >>> 0 && foundId === id;
    if (same && attached === "0") await execa("ipcrm", ["-m", id], { ...account, reject: false });
  }
}
