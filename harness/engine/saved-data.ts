// Saved data: the data directory of a server that was filled and stopped in order, in the cache under a fingerprint.
// Manifest: what they consist of; see saved-manifest.ts. Who may take which room, and when: see saved-room.ts.

import { createHash } from "node:crypto";
import { chown, mkdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Fault, messageOf } from "../fault/fault.ts";
import type { Binaries } from "./binaries.ts";
import { openCache } from "./cache.ts";
import type { Saved } from "./cluster.ts";
import { copyContents } from "./copy.ts";
import { buildOf } from "./data-directory.ts";
import { logFile } from "./failure.ts";
import type { Machine } from "./machine.ts";
import { lease, makeClaim } from "./saved-claim.ts";
import { isWhole, type Manifest, measure, readManifest, writeManifest } from "./saved-manifest.ts";
import { makeRoom, removeSaved, savedPrefix } from "./saved-room.ts";

export interface SavedData extends Manifest {
  /** The folder in the cache. */
  readonly entry: string;
}

/** The name of data in the cache: those of another build, of other modules or of another account are others. */
export async function savedName(
  fingerprint: string,
  binaries: Binaries,
  superuser: string,
  { account }: Machine,
): Promise<string> {
  if (!/^[0-9a-f]{8,128}$/.test(fingerprint))
    throw new Fault("BUG", `${fingerprint} is no fingerprint in hex.`);
  const whose = createHash("sha256").update(JSON.stringify([superuser, account, binaries.preload]));
  return `${savedPrefix}${fingerprint}-${await buildOf(binaries)}-${whose.digest("hex").slice(0, 8)}`;
}

/** The data in the cache under `name`; undefined when there are none. */
export async function findSaved(name: string, machine: Machine): Promise<SavedData | undefined> {
  const entry = join(await openCache(machine), name);
  const manifest = await readManifest(entry);
  return manifest && { ...manifest, entry };
}

/**
 * `directory` has a whole copy of `saved` in `data`.
 * @throws Fault NO_SPACE; any other error means that they are gone or damaged.
 */
export async function copySaved(saved: SavedData, directory: string, machine: Machine): Promise<void> {
  const { entry, bytes } = saved;
  await using _held = await lease(entry);
  const data = join(directory, "data");
  await makeFolder(data, machine);
  await copyContents(join(entry, "data"), data, { directory, account: machine.account, bytes });
  if (!(await isWhole(data, saved))) throw new Error("they are not whole");
}

/** `saved` are gone from the cache, since no server starts on them. */
export async function dropSaved({ entry }: SavedData, machine: Machine): Promise<void> {
  await removeSaved(machine, dirname(entry), basename(entry));
}

/**
 * The data of the stopped server in `directory` are in the cache under `name`, by us or by a run that was faster. When
 * they are not, the answer says why, and nothing is left. `signal` gives it up.
 */
export async function saveData(
  name: string,
  directory: string,
  note: string,
  machine: Machine,
  signal: AbortSignal,
): Promise<Saved> {
  try {
    const cache = await openCache(machine);
    const present = await readManifest(join(cache, name));
    if (present) return { saved: true, bytes: present.bytes };
    const source = join(directory, "data");
    const found = await measure(source);
    await using claim = await makeClaim(machine, cache, found.bytes);
    const why = await makeRoom(machine, cache, claim, found.bytes);
    if (why !== undefined) return { saved: false, why };
    const { folder } = claim;
    await makeFolder(join(folder, "data"), machine);
    const copying = { directory: folder, account: machine.account, bytes: found.bytes, signal };
    await copyContents(source, join(folder, "data"), copying);
    const manifest = { ...found, note };
    if (!(await isWhole(join(folder, "data"), manifest))) throw new Error("the copy is not whole");
    await rm(join(folder, logFile), { force: true });
    await writeManifest(folder, manifest);
    await claim.settle(name);
    return { saved: true, bytes: found.bytes };
  } catch (thrown) {
    return { saved: false, why: messageOf(thrown).replaceAll("\n", " ") };
  }
}

/** Only the account, or we, may enter it: PostgreSQL wants it so. */
async function makeFolder(folder: string, { account }: Machine): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  if (account) await chown(folder, account.uid, account.gid);
}
