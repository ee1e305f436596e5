// Supervisor: a shell between us and a server. It holds the end of a pipe from us, so our end in any way,
// kill -9 included, is its order to stop the server and remove the run directory.

import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { basename, join } from "node:path";
// Killing a hung process group needs the system call.
import { kill } from "node:process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault, messageOf } from "../fault/fault.ts";
import { explainFailure, logFile } from "./failure.ts";
import type { Account } from "./machine.ts";

// $1 is the run directory; the rest is the command. The pipe is descriptor 3, which the command does not inherit.
// Signals go to the process group, which is ours alone, so they can never reach a reused pid; the shells ignore QUIT.
// A line on the pipe, instead of its end, means: leave all as it is. KILL is for a command that ignores QUIT.
// A server that ends in order removes postmaster.pid; one that was killed leaves it, and its System V segment.
const script = `
  exec 3<&0 </dev/null
  trap '' QUIT INT TERM HUP PIPE
  directory=$1; shift
  "$@" 3<&- >&2 & command=$!
  {
    read -r _ <&3 && exit 0
    kill -QUIT 0
    { sleep 10; rm -rf -- "$directory"; kill -KILL 0; } &
    exit 1
  } >/dev/null & watcher=$!
  wait "$command"; status=$?
  segment=$(sed -n '7s/.* //p' "$directory/data/postmaster.pid" 2>/dev/null)
  [ -z "$segment" ] || ipcrm -m "$segment"
  echo "$status" 2>/dev/null
  exec >/dev/null
  wait "$watcher" || { cd /; rm -rf -- "$directory"; kill -KILL 0; }
`;

export interface Supervised {
  /** The command's exit status once it has ended; undefined when the supervisor itself was killed. */
  readonly ended: Promise<number | undefined>;
  /** The command runs on, or has ended; we no longer answer for it or for the directory. */
  leave(): void;
  /** The command has ended and the directory is gone; where the command hung, it was killed and the directory stays. */
  stop(timeoutMs: number): Promise<void>;
}

interface Program {
  /** The run directory, in which it works and logs. */
  readonly directory: string;
  readonly file: string;
  readonly args: readonly string[];
  /** A folder of shared libraries that the system lacks. */
  readonly libraries?: string | undefined;
  readonly account: Account | undefined;
}

/** The program runs in a session of its own, as the account. @throws Fault ENGINE_START when it cannot be spawned. */
export async function supervise({ directory, file, args, libraries, account }: Program): Promise<Supervised> {
  const log = openSync(join(directory, logFile), "a", 0o644);
  const child = spawn("/bin/sh", ["-c", script, "tenantproof", directory, file, ...args], {
    cwd: directory,
    // A fixed environment: nothing of the user's PG* variables or locale reaches the server.
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      LC_ALL: "C",
      TZ: "UTC",
      ...(libraries ? { LD_LIBRARY_PATH: libraries } : {}),
    },
    detached: true,
    stdio: ["pipe", "pipe", log],
    ...account,
  }) as ChildProcessByStdio<Writable, Readable, null>;
  try {
    await once(child, "spawn");
  } catch (thrown) {
    throw new Fault("ENGINE_START", `${file} cannot be run: ${messageOf(thrown)}`, {
      where: directory,
      cause: thrown,
    });
  } finally {
    closeSync(log);
  }
  // A forgotten cluster must not keep us alive: our end stops it.
  child.unref();
  child.stdin.on("error", () => {});
  for (const pipe of [child.stdin, child.stdout]) (pipe as unknown as { unref(): void }).unref();
  return {
    ended: firstStatus(child),
    leave: () => child.stdin.end("leave\n"),
    stop: (timeoutMs) => stop(child, timeoutMs),
  };
}

/** The program has ended well. @throws Fault ENGINE_START, NO_SPACE when it failed or was late; no process is left then. */
export async function runToEnd(program: Program, timeoutMs: number): Promise<void> {
  const supervised = await supervise(program);
  const limit = new AbortController();
  const late = sleep(timeoutMs, "late" as const, { signal: limit.signal }).catch(() => "late" as const);
  const status = await Promise.race([supervised.ended, late]);
  limit.abort();
  if (status === "late") await supervised.stop(0);
  else supervised.leave();
  if (status === 0) return;
  const what = status === "late" ? `did not end within ${timeoutMs / 1000} s` : `failed (status ${status})`;
  throw await explainFailure(`${basename(program.file)} ${what}`, program.directory, program.file);
}

async function firstStatus(
  child: ChildProcess & { stdout: NodeJS.ReadableStream },
): Promise<number | undefined> {
  for await (const line of createInterface({ input: child.stdout })) return Number(line);
  return undefined;
}

async function stop(child: ChildProcess, timeoutMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const exit = once(child, "exit");
  child.stdin?.end();
  const limit = setTimeout(() => kill(-(child.pid as number), "SIGKILL"), timeoutMs);
  await exit.finally(() => clearTimeout(limit));
}
