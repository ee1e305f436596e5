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
import { serverEnvironment } from "./settings.ts";

// $1 is the run directory, $2 how many seconds the command may take to end; the rest is the command.
// The pipe is descriptor 3, which the command does not inherit.
// Signals go to the process group, which is ours alone, so they can never reach a reused pid; the shells ignore QUIT.
// A line on the pipe, instead of its end, means: leave all as it is. KILL is for a command that ignores QUIT.
// A command that is killed late may still write while its directory is removed, so that takes more than one attempt.
// A server that ends in order removes postmaster.pid; one that was killed leaves it, and its System V segment.
const script = `
  exec 3<&0 </dev/null
  trap '' QUIT INT TERM HUP PIPE
  directory=$1 grace=$2; shift 2
  remove() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      rm -rf -- "$directory" 2>/dev/null && return
      sleep 0.2
    done
  }
  "$@" 3<&- >&2 & command=$!
  {
    read -r _ <&3 && exit 0
    kill -QUIT 0
    { sleep "$grace"; remove; kill -KILL 0; } &
    exit 1
  } >/dev/null & watcher=$!
  wait "$command"; status=$?
  segment=$(sed -n '7s/.* //p' "$directory/data/postmaster.pid" 2>/dev/null)
  [ -z "$segment" ] || ipcrm -m "$segment"
  echo "$status" 2>/dev/null
  exec >/dev/null
  wait "$watcher" || { cd /; remove; kill -KILL 0; }
`;

export interface Supervised {
  /** The command's exit status once it has ended; undefined when the supervisor itself was killed. */
  readonly ended: Promise<number | undefined>;
  /** The command was asked to end in order. Answers its exit status; undefined when it had none in time. The directory stays. */
  finish(timeoutMs: number, signal?: AbortSignal): Promise<number | undefined>;
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
  /** How long it may take to end when we do, before it is killed; default 10. */
  readonly graceSeconds?: number;
}

const usualGraceSeconds = 10;

/** The program runs in a session of its own, as the account. @throws Fault ENGINE_START when it cannot be spawned. */
export async function supervise(program: Program): Promise<Supervised> {
  const { directory, file, args, libraries, account, graceSeconds = usualGraceSeconds } = program;
  const log = openSync(join(directory, logFile), "a", 0o644);
  const child = spawn(
    "/bin/sh",
    ["-c", script, "tenantproof", directory, String(graceSeconds), file, ...args],
    {
      cwd: directory,
      // A fixed environment: nothing of the user's PG* variables or locale reaches the server.
      env: {
        PATH: "/usr/local/bin:/usr/bin:/bin",
        LC_ALL: "C",
        TZ: "UTC",
        ...serverEnvironment,
        ...(libraries ? { LD_LIBRARY_PATH: libraries } : {}),
      },
      detached: true,
      stdio: ["pipe", "pipe", log],
      ...account,
    },
  ) as ChildProcessByStdio<Writable, Readable, null>;
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
  const ended = firstStatus(child);
  return {
    ended,
    finish: async (timeoutMs, signal) => {
      interrupt(child);
      const status = await within(timeoutMs, ended, signal);
      return status === "late" ? undefined : status;
    },
    leave: () => child.stdin.end("leave\n"),
    stop: (timeoutMs) => stop(child, timeoutMs),
  };
}

/**
 * The program has ended well.
 * @throws Fault ENGINE_START, NO_SPACE when it failed, was late or was given up by `signal`; no process is left then.
 */
export async function runToEnd(program: Program, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  const supervised = await supervise(program);
  const status = await within(timeoutMs, supervised.ended, signal);
  if (status === "late") await supervised.stop(0);
  else supervised.leave();
  if (status === 0) return;
  const what = status === "late" ? `did not end within ${timeoutMs / 1000} s` : `failed (status ${status})`;
  throw await explainFailure(`${basename(program.file)} ${what}`, program.directory, program.file);
}

/** What `ended` becomes; "late" when it takes longer, or `signal` comes before it. */
async function within<T>(timeoutMs: number, ended: Promise<T>, signal?: AbortSignal): Promise<T | "late"> {
  const limit = new AbortController();
  const either = AbortSignal.any(signal ? [limit.signal, signal] : [limit.signal]);
  const late = sleep(timeoutMs, "late" as const, { signal: either }).catch(() => "late" as const);
  const first = await Promise.race([ended, late]);
  limit.abort();
  return first;
}

/** PostgreSQL's fast shutdown. The shells around it ignore it, and the server's other processes have sessions of their own. */
function interrupt(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) kill(-(child.pid as number), "SIGINT");
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
