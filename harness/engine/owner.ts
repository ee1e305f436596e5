// Owner: the process that a directory, container, database or role belongs to.
// Record: the owner as a line of JSON, written beside or onto what it owns.
// Dead: known to have ended. Where that cannot be known (another machine, another container), it counts as alive.

import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
// A process is told from the next one with its number only by asking the system about it, by number.
import { kill, pid, platform } from "node:process";
import { execaSync } from "execa";
import * as v from "valibot";

/** The shape of an owner, for records that hold one. */
export const ownerSchema = v.object({
  pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  /** Tells this process from an earlier or later one with the same pid; empty where the system does not say. */
  started: v.string(),
  /** Tells where the pid means something: the boot and the pid namespace; empty where the system does not say. */
  realm: v.string(),
  host: v.string(),
});

export type Owner = Readonly<v.InferOutput<typeof ownerSchema>>;

/** This process as an owner; the same for its whole life. */
export function thisOwner(): Owner {
  return { pid, started: lookUp(pid)?.started ?? "", realm: realm(), host: hostname() };
}

/** `owner` as one line of JSON without line breaks, fit for a file, a label or a comment. */
export function writeOwner(owner: Owner): string {
  return JSON.stringify(owner);
}

/** The owner that `record` names; undefined when it is no owner record. */
export function readOwner(record: string): Owner | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), ownerSchema), record);
  return parsed.success ? parsed.output : undefined;
}

/** Whether `owner` still runs. False for an ended process, a zombie, and another process that got its pid. */
export function isAlive(owner: Owner): boolean {
  if (owner.host === hostname() && owner.realm !== realm()) return sameBoot(owner.realm, realm());
  if (owner.host !== hostname()) return true;
  const found = lookUp(owner.pid);
  if (found === undefined || found.zombie) return false;
  return owner.started === "" || found.started === "" || owner.started === found.started;
}

interface Found {
  readonly started: string;
  readonly zombie: boolean;
}

/** The process with this pid as the system sees it now; undefined when there is none. */
function lookUp(wanted: number): Found | undefined {
  if (platform === "linux") return lookUpInProc(wanted);
  if (platform === "win32") return exists(wanted) ? { started: "", zombie: false } : undefined;
  // A fixed locale and time zone: two processes with different ones must read the same start time.
  const { stdout, exitCode } = execaSync("ps", ["-o", "stat=,lstart=", "-p", String(wanted)], {
    env: { LC_ALL: "C", TZ: "UTC" },
    reject: false,
  });
  if (exitCode !== 0) return undefined;
  const [state = "", ...started] = String(stdout).trim().split(/\s+/);
  return { started: started.join(" "), zombie: state.startsWith("Z") };
}

function lookUpInProc(wanted: number): Found | undefined {
  const stat = readOr(`/proc/${wanted}/stat`, "");
  // proc(5): field 2, the command, may hold spaces and parentheses; field 3 follows its last parenthesis.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // With hidepid a process of another user has no entry, yet it exists.
  if (state === undefined || state === "") {
    return exists(wanted) ? { started: "", zombie: false } : undefined;
  }
  return { started: rest[18] ?? "", zombie: state === "Z" || state === "X" };
}

function exists(wanted: number): boolean {
  try {
    kill(wanted, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

function realm(): string {
  if (platform !== "linux") return "";
  const boot = readOr("/proc/sys/kernel/random/boot_id", "").trim();
  try {
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return boot;
  }
}

// Another boot: the process is gone. The same boot but another pid namespace: it may run where we cannot look.
function sameBoot(one: string, other: string): boolean {
  return one.split(" ")[0] === other.split(" ")[0];
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}
