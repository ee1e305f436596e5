// Machine: what the choice of an engine depends on here; given as a value, so that specs can describe another one.
// Account: the user that servers run as. PostgreSQL refuses to run as root.

import { readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
// The one place of this room that reads the process: nothing else says who and where we are.
import { arch, env, geteuid, platform } from "node:process";
import { majors } from "./cluster.ts";

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** What saved data may take of the disk that the cache is on. */
export interface SavedRoom {
  /** Of all saved data together. */
  readonly mostBytes: number;
  /** So much of the disk stays free. */
  readonly leaveFreeBytes: number;
}

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Set only where we are root: whom servers run as instead. */
  readonly account?: Account;
  /** Where fetched binaries and saved data are kept between runs, best first; readable by the account. */
  readonly caches: readonly string[];
  /** Default 20 GB, and 10 GB stay free. */
  readonly savedRoom?: SavedRoom;
  /** Where a server's files may lie, best first. */
  readonly scratch: readonly string[];
  /** Folders of server binaries to look into, best first; the folders of PATH follow them. */
  readonly binaryFolders: readonly string[];
}

/** The machine we run on. */
export function thisMachine(): Machine {
  const root = geteuid?.() === 0;
  return {
    platform,
    arch,
    env,
    ...(root ? { account: readAccount() } : {}),
    caches: env.TENANTPROOF_CACHE
      ? [join(resolve(env.TENANTPROOF_CACHE), "tenantproof")]
      : root
        ? ["/var/cache/tenantproof", join(tmpdir(), "tenantproof_cache")]
        : [...userCache(), join(tmpdir(), `tenantproof_cache_${geteuid?.() ?? "user"}`)],
    scratch: [
      ...new Set([
        ...(platform === "linux" ? ["/dev/shm"] : []),
        tmpdir(),
        ...(platform === "win32" ? [] : ["/tmp", "/var/tmp"]),
      ]),
    ],
    binaryFolders: binaryFolders(),
  };
}

function userCache(): string[] {
  try {
    return [join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "tenantproof")];
  } catch {
    // This user has neither HOME nor an entry in the table of users.
    return [];
  }
}

function binaryFolders(): string[] {
  // Debian, Red Hat, Homebrew on ARM and on Intel, Postgres.app.
  return [...majors]
    .reverse()
    .flatMap((major) => [
      `/usr/lib/postgresql/${major}/bin`,
      `/usr/pgsql-${major}/bin`,
      `/opt/homebrew/opt/postgresql@${major}/bin`,
      `/usr/local/opt/postgresql@${major}/bin`,
      `/Applications/Postgres.app/Contents/Versions/${major}/bin`,
    ]);
}

/** The account that PostgreSQL's package made, else nobody: each without rights of its own. */
function readAccount(): Account {
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const name of ["postgres", "nobody"]) {
    const user = users.find(([found]) => found === name);
    if (user) return { uid: Number(user[2]), gid: Number(user[3]) };
  }
  return { uid: 65_534, gid: 65_534 };
}
