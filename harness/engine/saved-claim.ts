// Claim: a folder in the cache in which a run is saving data just now, with the run's record and how many bytes they take.
// Lease: a file beside saved data with the record of a run that copies them just now.

import { randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { Machine } from "./machine.ts";
import { isAlive, ownerSchema, readOwner, thisOwner, writeOwner } from "./owner.ts";
import { removeDirectory } from "./remains.ts";
import { readManifest } from "./saved-manifest.ts";

const claimPrefix = "saving-";
const leasePrefix = "lease-";
const claimFile = "claim.json";
const halfMadeMs = 10 * 60_000;

const claimSchema = v.pipe(v.string(), v.parseJson(), v.object({ owner: ownerSchema, bytes: v.number() }));

/** A new folder in the cache that nobody sweeps while we live. Disposed of, what is left of it is gone. */
export interface Claim extends AsyncDisposable {
  readonly folder: string;
  /** The folder is complete and has this name in the cache from now on, unless other saved data have it already. */
  settle(name: string): Promise<void>;
}

/** A claim to so many bytes of `cache`; whether there is room for them, `makeRoom` says. */
export async function makeClaim(machine: Machine, cache: string, bytes: number): Promise<Claim> {
  const folder = join(cache, `${claimPrefix}${randomBytes(6).toString("hex")}`);
  const record = join(folder, claimFile);
  const dispose = () => removeDirectory(folder, machine.account);
  try {
    await mkdir(folder, { mode: 0o755 });
    // Renamed into place: a claim is whole or absent.
    await writeFile(`${record}.new`, JSON.stringify({ owner: thisOwner(), bytes }));
    await rename(`${record}.new`, record);
  } catch (thrown) {
    await dispose();
    throw thrown;
  }
  return {
    folder,
    async settle(name) {
      await rm(record);
      const entry = join(cache, name);
      await rename(folder, entry).catch(async () => {
        // Another run was faster; what it saved is as good.
        if (await readManifest(entry)) return;
        await removeDirectory(entry, machine.account);
        await rename(folder, entry);
      });
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/**
 * Nobody removes the saved data in `entry` until it is disposed of; it counts as their use, too. Where it cannot be
 * written they may go at any time: whoever copies them sees afterwards whether the copy is whole.
 */
export async function lease(entry: string): Promise<AsyncDisposable> {
  const file = join(entry, `${leasePrefix}${randomBytes(6).toString("hex")}`);
  await writeFile(file, writeOwner(thisOwner()), { flag: "wx" }).catch(() => {});
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

/** The claims in `cache`. */
export async function listClaims(cache: string): Promise<string[]> {
  return (await readdir(cache)).filter((name) => name.startsWith(claimPrefix));
}

/** Whether the run that made the claim in `folder` is dead. */
export async function isAbandoned(folder: string): Promise<boolean> {
  const claim = await readClaim(folder);
  if (claim) return !isAlive(claim.owner);
  const made = await lstat(folder).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs > halfMadeMs;
}

async function readClaim(folder: string) {
  const text = await readFile(join(folder, claimFile), "utf8").catch(() => undefined);
  const parsed = v.safeParse(claimSchema, text);
  return parsed.success ? parsed.output : undefined;
}

/** What living runs claim of `cache`, without the claim in the folder `except`. */
export async function claimedBytes(cache: string, except: string): Promise<number> {
  const folders = (await listClaims(cache)).map((name) => join(cache, name));
  const claims = await Promise.all(folders.filter((folder) => folder !== except).map(readClaim));
  return claims.reduce((sum, claim) => sum + (claim && isAlive(claim.owner) ? claim.bytes : 0), 0);
}

/** Whether a living run copies the saved data in `entry`. */
export async function isLeased(entry: string): Promise<boolean> {
  const files = (await readdir(entry)).filter((name) => name.startsWith(leasePrefix));
  const records = await Promise.all(files.map((name) => readFile(join(entry, name), "utf8").catch(() => "")));
  return records.map(readOwner).some((owner) => owner !== undefined && isAlive(owner));
}
