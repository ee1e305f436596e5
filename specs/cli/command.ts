// Command: a real command line as a child process, watched for what it starts and for what it leaves.
import { readdir, readFile, readlink, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { inject } from "vitest";
import { readOwner } from "../../harness/engine/owner.ts";
import { makeScratch } from "../engine/machines.ts";

const bin = fileURLToPath(new URL("../../harness/cli/bin.mjs", import.meta.url));

/** A folder with the configuration of a project in fixtures/. */
export const projectFolder = (name: string) =>
  fileURLToPath(new URL(`../../fixtures/projects/${name}`, import.meta.url));
/** A folder of migrations in fixtures/. */
export const migrationsFolder = (name: string) =>
  fileURLToPath(new URL(`../../fixtures/migrations/${name}`, import.meta.url));

export interface Ended {
  readonly exit: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in no order that matters. */
  readonly said: string;
  /** Run directories and processes of the run that are still there, and files in its TMPDIR. */
  readonly left: readonly string[];
}

export interface Running {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** The run has printed this on standard error, or has ended. */
  printed(text: string): Promise<void>;
  /** The server's directory, once there is one. */
  directory(): Promise<string>;
}

interface CommandOptions {
  /** Default the smallest project. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command to run it with: its words, before node's. */
  readonly within?: readonly string[];
  /** What somebody does while it runs. */
  readonly meanwhile?: (running: Running) => Promise<void>;
}

/** How `tenantproof ...args` ends, on the engine of the specs unless it says otherwise. */
export async function tenantproof(
  args: readonly string[],
  { cwd = projectFolder("small"), env = {}, within = [], meanwhile }: CommandOptions = {},
): Promise<Ended> {
  await using scratch = await makeScratch();
  // What tsx has compiled before need not be compiled again for every run.
  const compiled = `tsx-${process.geteuid?.() ?? "user"}`;
  await symlink(join(tmpdir(), compiled), join(scratch.folder, compiled));
  const [program = process.execPath, ...words] = [...within, process.execPath, bin, ...args];
  const child = execa(program, words, {
    cwd,
    reject: false,
    stdin: "ignore",
    stripFinalNewline: false,
    env: {
      TENANTPROOF_ENGINE: inject("shared").engine,
      GITHUB_ACTIONS: "",
      // Whoever runs the specs may have forced colours.
      NO_COLOR: "1",
      TMPDIR: scratch.folder,
      ...env,
    },
  });
  const pid = child.pid ?? 0;
  const folders = [scratch.folder, ...(process.platform === "linux" ? ["/dev/shm"] : [])];
  const directories = new Set<string>();
  const look = async () => {
    for (const found of await ownedBy(pid, folders)) directories.add(found);
  };
  let over = false;
  const ended = child.finally(() => {
    over = true;
  });
  const watching = (async () => {
    for (; !over; await sleep(20)) await look();
  })();
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const until = async (reached: () => boolean) => {
    while (!reached() && !over) await sleep(10);
  };
  const running: Running = {
    pid,
    kill: (signal) => child.kill(signal),
    printed: (text) => until(() => stderr.includes(text)),
    async directory() {
      await until(() => directories.size > 0);
      return [...directories][0] ?? "";
    },
  };
  const [result] = await Promise.all([ended, meanwhile?.(running)]).finally(async () => {
    child.kill();
    await watching;
  });
  const here = await ownedBy(pid, folders);
  const files = (await readdir(scratch.folder)).filter((name) => name !== compiled);
  await rm(join(scratch.folder, compiled), { force: true });
  return {
    exit: result.exitCode,
    stdout: result.stdout,
    stderr: result.stderr,
    said: `${result.stdout}${result.stderr}`,
    left: [...new Set([...here, ...files, ...(await programsIn(directories))])],
  };
}

/** The run directories in `folders` whose owner has this pid. */
async function ownedBy(pid: number, folders: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders)
    for (const name of (await readdir(folder)).filter((entry) => entry.startsWith("tenantproof-"))) {
      const record = await readFile(join(folder, name, "owner.json"), "utf8").catch(() => "");
      if (readOwner(record)?.pid === pid) found.push(join(folder, name));
    }
  return found;
}

/** The processes that work in one of `directories`, which may be gone themselves. */
async function programsIn(directories: ReadonlySet<string>): Promise<string[]> {
  if (process.platform !== "linux") return [];
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const working = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    if (![...directories].some((directory) => working.startsWith(directory))) continue;
    found.push(`${basename(await readlink(`/proc/${pid}/exe`).catch(() => "ended"))} in ${working}`);
  }
  return found.filter((program) => !program.startsWith("ended"));
}

/** The postmaster of the server in `directory`, made sure of by what it is and where it works. */
export async function postmasterIn(directory: string): Promise<number> {
  const record = await readFile(join(directory, "data", "postmaster.pid"), "utf8");
  const pid = Number.parseInt(record, 10);
  const [working, program] = await Promise.all(
    ["cwd", "exe"].map((link) => readlink(`/proc/${pid}/${link}`)),
  );
  if (!working?.startsWith(directory) || basename(program ?? "") !== "postgres")
    throw new Error(`process ${pid} is not the server in ${directory}`);
  return pid;
}
