// Cache: what was fetched or built once and serves later runs; each entry a folder that never changes.

import { randomBytes } from "node:crypto";
import { chmod, chown, lstat, mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { geteuid } from "node:process";
import { Fault, messageOf } from "../fault/fault.ts";
import type { Machine } from "./machine.ts";

const makingPrefix = "making-";
const abandonedMs = 60 * 60_000;

/**
 * The cache's folder for `key`, filled by `make` when it is not there yet. Runs at the same time do not disturb each
 * other: an entry appears whole or not at all. @throws Fault ENGINE_START when no cache can be written, and as `make`.
 */
export async function cached(
  machine: Machine,
  key: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const cache = await openCache(machine);
  const entry = join(cache, key);
  if (await exists(entry)) return entry;
  await removeAbandoned(cache);
  const making = join(cache, `${makingPrefix}${randomBytes(6).toString("hex")}`);
  try {
    await mkdir(making, { mode: 0o755 });
    if (machine.account) await chown(making, machine.account.uid, machine.account.gid);
    await make(making);
    await rename(making, entry).catch(async (thrown) => {
      // Another run was faster; its entry is as good.
      if (!(await exists(entry))) throw thrown;
    });
    return entry;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

/** The first of the machine's caches that is ours alone. @throws Fault ENGINE_START when none is. */
export async function openCache({ caches }: Machine): Promise<string> {
  const refused: string[] = [];
  for (const folder of caches) {
    try {
      await mkdir(dirname(folder), { recursive: true });
      await mkdir(folder, { mode: 0o755 }).catch((thrown) => {
        if (thrown.code !== "EEXIST") throw thrown;
      });
      const { uid, mode } = await lstat(folder);
      const mine = geteuid === undefined || uid === geteuid();
      // What others may write, others may have written; it is going to be run.
      if (!mine || (geteuid && (mode & 0o022) !== 0)) throw new Error(`${folder} is not ours alone`);
      if (mine && geteuid?.() === 0) await chmod(folder, 0o755);
      return folder;
    } catch (thrown) {
      refused.push(messageOf(thrown));
    }
  }
  throw new Fault("ENGINE_START", `No folder for fetched binaries: ${refused.join("; ")}.`, {
    hint: "Set TENANTPROOF_CACHE to a folder that this user may write to.",
  });
}

async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const folder = join(cache, name);
    const made = await lstat(folder).catch(() => undefined);
    if (name.startsWith(makingPrefix) && made && Date.now() - made.mtimeMs > abandonedMs) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
