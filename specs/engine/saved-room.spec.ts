import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { Machine } from "../../harness/engine/machine.ts";
import { thisOwner, writeOwner } from "../../harness/engine/owner.ts";
import { lease, makeClaim } from "../../harness/engine/saved-claim.ts";
import { copySaved, findSaved, type SavedData } from "../../harness/engine/saved-data.ts";
import { readManifest, writeManifest } from "../../harness/engine/saved-manifest.ts";
import { makeRoom, removeSaved, sweepSaved } from "../../harness/engine/saved-room.ts";
import { machineIn, makeScratch } from "./machines.ts";

const dead = { ...thisOwner(), started: "1" };

let machine: Machine;
let cache: string;

beforeEach(async () => {
  const scratch = await makeScratch();
  machine = { ...machineIn(scratch.folder), savedRoom: { mostBytes: 100, leaveFreeBytes: 0 } };
  cache = join(scratch.folder, "cache");
  await mkdir(cache);
  return () => scratch[Symbol.asyncDispose]();
});

/** Saved data of so many bytes that were last used some minutes ago. */
async function place(name: string, bytes: number, minutesAgo: number): Promise<string> {
  const entry = join(cache, name);
  await mkdir(join(entry, "data"), { recursive: true });
  await writeManifest(entry, { note: "", bytes, files: {} });
  const then = new Date(Date.now() - minutesAgo * 60_000);
  await utimes(entry, then, then);
  return entry;
}

async function placeClaim(name: string, owner: unknown, bytes: number): Promise<void> {
  await mkdir(join(cache, name));
  await writeFile(join(cache, name, "claim.json"), JSON.stringify({ owner, bytes }));
}

const list = async () => (await readdir(cache)).sort();
const mine = { folder: "/nowhere" };

describe("room for new data", () => {
  it("is there while all together take no more than they may", async () => {
    await place("saved-a", 60, 1);
    expect(await makeRoom(machine, cache, mine, 40)).toBeUndefined();
    expect(await list()).toEqual(["saved-a"]);
  });

  it("is made of what was not used for longest, and of no more than that", async () => {
    await place("saved-a", 30, 1);
    await place("saved-b", 30, 3);
    await place("saved-c", 30, 2);
    expect(await makeRoom(machine, cache, mine, 60)).toBeUndefined();
    expect(await list()).toEqual(["saved-a"]);
  });

  it("is made of nothing that another run copies", async () => {
    await using _held = await lease(await place("saved-a", 50, 3));
    await place("saved-b", 50, 2);
    expect(await makeRoom(machine, cache, mine, 50)).toBeUndefined();
    expect(await list()).toEqual(["saved-a"]);
  });

  it("is made of what a killed run copied", async () => {
    const entry = await place("saved-a", 50, 3);
    await writeFile(join(entry, "lease-1"), writeOwner(dead));
    expect(await makeRoom(machine, cache, mine, 100)).toBeUndefined();
    expect(await list()).toEqual([]);
  });

  it("counts a use from then on", async () => {
    await place("saved-b", 50, 1);
    const held = await lease(await place("saved-a", 50, 2));
    await held[Symbol.asyncDispose]();
    expect(await makeRoom(machine, cache, mine, 50)).toBeUndefined();
    expect(await list()).toEqual(["saved-a"]);
  });

  it("is not there when too much is in use, and then nothing is removed", async () => {
    await using _held = await lease(await place("saved-a", 60, 3));
    await place("saved-b", 40, 2);
    expect(await makeRoom(machine, cache, mine, 50)).toContain("find no room");
    expect(await list()).toEqual(["saved-a", "saved-b"]);
  });

  it("is less by what other living runs are saving", async () => {
    await placeClaim("saving-a", thisOwner(), 60);
    await placeClaim("saving-b", dead, 60);
    expect(await makeRoom(machine, cache, mine, 50)).toContain("find no room");
    expect(await makeRoom(machine, cache, mine, 40)).toBeUndefined();
    expect(await makeRoom(machine, cache, { folder: join(cache, "saving-a") }, 50)).toBeUndefined();
  });

  it("leaves the disk its share", async () => {
    const strict = { ...machine, savedRoom: { mostBytes: 100, leaveFreeBytes: 2 ** 60 } };
    await place("saved-a", 30, 1);
    expect(await makeRoom(strict, cache, mine, 1)).toContain("of the disk stay free");
    expect(await list()).toEqual(["saved-a"]);
  });
});

describe("the sweep", () => {
  it("removes what dead runs were saving or removing, and nothing else", async () => {
    await place("saved-a", 30, 1);
    await place("removed-a", 30, 1);
    await placeClaim("saving-dead", dead, 10);
    await placeClaim("saving-alive", thisOwner(), 10);
    await mkdir(join(cache, "saving-young"));
    await mkdir(join(cache, "saving-old"));
    const then = new Date(Date.now() - 11 * 60_000);
    await utimes(join(cache, "saving-old"), then, then);
    await mkdir(join(cache, "data-of-binaries"));
    await sweepSaved(machine);
    expect(await list()).toEqual(["data-of-binaries", "saved-a", "saving-alive", "saving-young"]);
  });
});

describe("a claim", () => {
  it("becomes saved data whole, or is gone", async () => {
    {
      await using claim = await makeClaim(machine, cache, 10);
      await writeManifest(claim.folder, { note: "first", bytes: 10, files: {} });
      await claim.settle("saved-a");
      await using _unsettled = await makeClaim(machine, cache, 10);
      expect(await list()).toHaveLength(2);
    }
    expect(await list()).toEqual(["saved-a"]);
    expect(await readdir(join(cache, "saved-a"))).toEqual(["manifest.json"]);
  });

  it.each([
    ["leaves what another run has saved meanwhile", true, "theirs"],
    ["takes the place of what has lost its manifest", false, "mine"],
  ])("%s", async (_, whole, note) => {
    const entry = join(cache, "saved-a");
    await mkdir(join(entry, "data"), { recursive: true });
    if (whole) await writeManifest(entry, { note: "theirs", bytes: 10, files: {} });
    {
      await using claim = await makeClaim(machine, cache, 10);
      await writeManifest(claim.folder, { note: "mine", bytes: 10, files: {} });
      await claim.settle("saved-a");
    }
    expect(await list()).toEqual(["saved-a"]);
    expect(await readManifest(entry)).toMatchObject({ note });
  });
});

describe("a copy", () => {
  it("of what was removed since it was found is refused", async () => {
    await place("saved-a", 10, 1);
    const found = await findSaved("saved-a", machine);
    await removeSaved(machine, cache, "saved-a");
    const [folder = ""] = machine.scratch;
    await expect(copySaved(found as SavedData, folder, machine)).rejects.toThrow("cp failed");
  });
});
