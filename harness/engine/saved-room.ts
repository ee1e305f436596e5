// Saved data: data directories in the cache that servers start on copies of; see saved-data.ts.
// Room: what they may take of the disk together. Those that were not used for longest make room for new ones.

import { randomBytes } from "node:crypto";
import { lstat, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { findRoom, showBytes } from "./bytes.ts";
import { openCache } from "./cache.ts";
import type { Machine, SavedRoom } from "./machine.ts";
import { removeDirectory } from "./remains.ts";
import { type Claim, claimedBytes, isAbandoned, isLeased, listClaims } from "./saved-claim.ts";
import { readManifest } from "./saved-manifest.ts";

/** What the names of saved data begin with. */
export const savedPrefix = "saved-";
const removedPrefix = "removed-";

const gib = 1024 ** 3;
const usualRoom: SavedRoom = { mostBytes: 20 * gib, leaveFreeBytes: 10 * gib };

/**
 * There is room in `cache` for what `claim` is to hold: saved data that were not used for longest and that nobody
 * copies are gone, as few as will do. Answers why there cannot be room, if so; then nothing was removed.
 */
export async function makeRoom(
  machine: Machine,
  cache: string,
  claim: Pick<Claim, "folder">,
  bytes: number,
): Promise<string | undefined> {
  const { mostBytes, leaveFreeBytes } = machine.savedRoom ?? usualRoom;
  const [saved, claimed] = [await listSaved(cache), await claimedBytes(cache, claim.folder)];
  const free = (await findRoom(cache)).bytes - claimed;
  const taken = saved.reduce((sum, one) => sum + one.bytes, claimed);
  let over = Math.max(taken + bytes - mostBytes, leaveFreeBytes + bytes - free);
  if (over <= 0) return undefined;
  const idle = saved.filter(({ used }) => !used).sort((one, other) => one.usedAt - other.usedAt);
  if (idle.reduce((sum, one) => sum + one.bytes, 0) < over) {
    return `${showBytes(bytes)} more find no room in ${cache}: saved data may take ${showBytes(mostBytes)} there in all, and ${showBytes(leaveFreeBytes)} of the disk stay free`;
  }
  for (const { name, bytes: freed } of idle) {
    if (over <= 0) break;
    await removeSaved(machine, cache, name);
    over -= freed;
  }
  return undefined;
}

/** The folder `name` is gone from `cache`. At once: nobody meets it half removed. */
export async function removeSaved(machine: Machine, cache: string, name: string): Promise<void> {
  const removed = join(cache, `${removedPrefix}${randomBytes(6).toString("hex")}`);
  try {
    await rename(join(cache, name), removed);
  } catch (thrown) {
    // Another run removes it at this moment.
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return;
    throw thrown;
  }
  await removeDirectory(removed, machine.account);
}

/** What runs that are dead were saving or removing is gone from the cache. */
export async function sweepSaved(machine: Machine): Promise<void> {
  // Where no cache can be had, whoever needs one says so.
  const cache = await openCache(machine).catch(() => undefined);
  if (cache === undefined) return;
  for (const name of await listClaims(cache)) {
    if (await isAbandoned(join(cache, name))) await removeSaved(machine, cache, name).catch(() => {});
  }
  for (const name of (await readdir(cache)).filter((found) => found.startsWith(removedPrefix))) {
    // Another run may be at it as well; what is left then is left to the next sweep.
    await removeDirectory(join(cache, name), machine.account).catch(() => {});
  }
}

interface Entry {
  readonly name: string;
  readonly bytes: number;
  /** A lease was the last change of the folder. */
  readonly usedAt: number;
  readonly used: boolean;
}

async function listSaved(cache: string): Promise<Entry[]> {
  const names = (await readdir(cache)).filter((name) => name.startsWith(savedPrefix));
  const found = await Promise.all(names.map((name) => look(cache, name)));
  return found.filter((one) => one !== undefined);
}

async function look(cache: string, name: string): Promise<Entry | undefined> {
  const entry = join(cache, name);
  try {
    const { mtimeMs: usedAt } = await lstat(entry);
    const bytes = (await readManifest(entry))?.bytes ?? 0;
    return { name, bytes, usedAt, used: await isLeased(entry) };
  } catch {
    // Removed meanwhile.
    return undefined;
  }
}
