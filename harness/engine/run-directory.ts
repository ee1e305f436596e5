// Run directory: holds all files of one server; named tenantproof-*, with the owner record of the run.
// Leftover: a run directory whose owner is dead and which nobody asked to keep.

import { chown, lstat, mkdtemp, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { freemem } from "node:os";
import { join } from "node:path";
import { geteuid } from "node:process";
import { Fault, messageOf } from "../fault/fault.ts";
import { findRoom, showBytes } from "./bytes.ts";
import type { Account, Machine } from "./machine.ts";
import { isAlive, readOwner, thisOwner, writeOwner } from "./owner.ts";
import { endServer, removeDirectory } from "./remains.ts";

const namePrefix = "tenantproof-";
/** As mkdtemp makes them; any other name is not ours to remove. */
const runDirectoryName = /^tenantproof-[A-Za-z0-9]{6}$/;
const ownerFile = "owner.json";
/** In a run directory: the user asked to keep this server, so its owner's end is no reason to remove it. */
export const keptFile = "kept";

const gib = 1024 ** 3;
/** An empty server takes about 60 MB; below this a run cannot get far. */
const leastBytes = 256 * 1024 ** 2;
/** On tmpfs the data compete with the server itself for memory. */
const leastMemoryBytes = 4 * gib;
const longestSocketDirectory = 104 - "/.s.PGSQL.65535".length;
const halfMadeMs = 10 * 60_000;

/**
 * A new empty directory that only the account (or we) may enter, with our owner record in it, where there is room for
 * `bytes` besides what every server takes.
 * @throws Fault NO_SPACE when no scratch folder has room; ENGINE_START when none may be written.
 */
export async function makeRunDirectory(machine: Machine, bytes = 0): Promise<string> {
  const refused: string[] = [];
  let full = false;
  for (const folder of machine.scratch) {
    try {
      const lack = await findLack(folder, bytes);
      if (lack !== undefined) {
        full = true;
        refused.push(lack);
      } else if (join(folder, `${namePrefix}XXXXXX`).length > longestSocketDirectory) {
        refused.push(`${folder} is too long a name for a socket`);
      } else {
        return await claim(await mkdtemp(join(folder, namePrefix)), machine.account);
      }
    } catch (thrown) {
      full ||= (thrown as NodeJS.ErrnoException).code === "ENOSPC";
      refused.push(messageOf(thrown));
    }
  }
  throw new Fault(
    full ? "NO_SPACE" : "ENGINE_START",
    `No place for ${bytes > 0 ? `${showBytes(bytes)} of ` : ""}a server's files: ${refused.join("; ")}.`,
    {
      where: machine.scratch.join(", "),
      ...(full ? {} : { hint: "Set TMPDIR to a folder that this user may write to." }),
    },
  );
}

async function claim(directory: string, account: Account | undefined): Promise<string> {
  // Renamed into place: a record is whole or absent.
  const record = join(directory, ownerFile);
  await writeForAccount(`${record}.new`, writeOwner(thisOwner()), account);
  await rename(`${record}.new`, record);
  if (account) await chown(directory, account.uid, account.gid);
  return directory;
}

/** `file` holds `text` and belongs to the account, or to us where there is none. */
export async function writeForAccount(
  file: string,
  text: string,
  account: Account | undefined,
): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
  if (account) await chown(file, account.uid, account.gid);
}

/** Why `folder` has no room for a server with `bytes` of data; undefined when it has. */
async function findLack(folder: string, bytes: number): Promise<string | undefined> {
  const room = await findRoom(folder);
  const preferred = folder === "/dev/shm";
  if (room.bytes < bytes + (preferred ? leastMemoryBytes : leastBytes))
    return `${folder} has ${showBytes(room.bytes)} free`;
  // Where nothing but memory is, little data may take what there is.
  const memory = freemem();
  if ((room.inMemory || preferred) && memory < bytes + (preferred ? leastMemoryBytes : 0))
    return `${folder} is kept in memory, of which ${showBytes(memory)} are free`;
  return undefined;
}

/** Servers and directories of dead owners are gone. Answers the directories removed; what is alive or kept stays. */
export async function sweepRunDirectories(machine: Machine): Promise<string[]> {
  const removed: string[] = [];
  for (const folder of machine.scratch) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((found) => runDirectoryName.test(found))) {
      const directory = join(folder, name);
      if (!(await isLeftover(directory, machine.account))) continue;
      await endServer(directory, machine);
      await removeDirectory(directory, machine.account);
      removed.push(directory);
    }
  }
  return removed;
}

async function isLeftover(directory: string, account: Account | undefined): Promise<boolean> {
  try {
    const { uid, mtimeMs } = await lstat(directory);
    // Another user's directory could be a trap, and is theirs to sweep.
    if (uid !== (geteuid?.() ?? uid) && uid !== account?.uid) return false;
    const names = await readdir(directory);
    if (names.includes(keptFile)) return false;
    if (!names.includes(ownerFile)) return Date.now() - mtimeMs > halfMadeMs;
    const owner = readOwner(await readFile(join(directory, ownerFile), "utf8"));
    return owner !== undefined && !isAlive(owner);
  } catch {
    // Gone meanwhile, or swept by another run at this moment.
    return false;
  }
}
