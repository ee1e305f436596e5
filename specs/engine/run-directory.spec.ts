import { readdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { findRoom, showBytes } from "../../harness/engine/bytes.ts";
import { makeRunDirectory } from "../../harness/engine/run-directory.ts";
import { machineIn, makeScratch } from "./machines.ts";

const gib = 1024 ** 3;

describe("a server's files", () => {
  it("lie in the first folder that has room for them", async () => {
    await using scratch = await makeScratch();
    const machine = { ...machineIn(scratch.folder), scratch: ["/nowhere", scratch.folder] };
    const directory = await makeRunDirectory(machine, 1024 ** 2);
    expect(dirname(directory)).toBe(scratch.folder);
    await rm(directory, { recursive: true });
  });

  it("find no place where they would not fit, and the fault says what was wanted and what there is", async () => {
    await using scratch = await makeScratch();
    const { bytes } = await findRoom(scratch.folder);
    await expect(makeRunDirectory(machineIn(scratch.folder), bytes + 10 * gib)).rejects.toMatchObject({
      code: "NO_SPACE",
      message: expect.stringMatching(
        /^No place for [\d.]+ GB of a server's files: .* [\d.]+ (GB|MB) (are )?free\.$/,
      ),
      where: scratch.folder,
    });
    expect(await readdir(scratch.folder)).toEqual([]);
  });
});

describe("a number of bytes", () => {
  it.each([
    [0, "0 MB"],
    [1024 ** 2 * 1.9, "1 MB"],
    [gib, "1.0 GB"],
    [10.99 * gib, "10.9 GB"],
  ])("%d is shown as %s", (bytes, shown) => {
    expect(showBytes(bytes)).toBe(shown);
  });
});
