import { mkdir, rm, rmdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isWhole, measure, readManifest, writeManifest } from "../../harness/engine/saved-manifest.ts";
import { makeScratch } from "./machines.ts";

async function makeData() {
  const scratch = await makeScratch();
  const data = join(scratch.folder, "data");
  await mkdir(join(data, "base", "1"), { recursive: true });
  await mkdir(join(data, "pg_notify"));
  await writeFile(join(data, "PG_VERSION"), "17\n");
  await writeFile(join(data, "base", "1", "2619"), "x".repeat(1000));
  return { ...scratch, data };
}

describe("a manifest", () => {
  it("has every file with its size, and every folder", async () => {
    await using made = await makeData();
    const files = { PG_VERSION: 3, "base/": 0, "base/1/": 0, "base/1/2619": 1000, "pg_notify/": 0 };
    expect(await measure(made.data)).toEqual({ bytes: 1003, files });
  });

  it("is what it was when it is read again", async () => {
    await using made = await makeData();
    const manifest = { ...(await measure(made.data)), note: "what it is" };
    await writeManifest(made.folder, manifest);
    expect(await readManifest(made.folder)).toEqual(manifest);
    expect(await isWhole(made.data, manifest)).toBe(true);
  });

  it.each([
    ["lacks a file", (data: string) => rm(join(data, "PG_VERSION"))],
    ["lacks an empty folder", (data: string) => rmdir(join(data, "pg_notify"))],
    ["has a file that was cut short", (data: string) => truncate(join(data, "base", "1", "2619"), 10)],
    ["has a file more", (data: string) => writeFile(join(data, "more"), "")],
  ])("tells a copy that %s from a whole one", async (_, damage) => {
    await using made = await makeData();
    const manifest = { ...(await measure(made.data)), note: "" };
    await damage(made.data);
    expect(await isWhole(made.data, manifest)).toBe(false);
  });

  it("is not made of what lies elsewhere", async () => {
    await using made = await makeData();
    await symlink("/nowhere", join(made.data, "base", "link"));
    await expect(measure(made.data)).rejects.toThrow("base/link lies outside of the data directory");
  });

  it.each(["", "{", "{}", '{"note":"","bytes":-1,"files":{}}'])("is not seen in %j", async (text) => {
    await using made = await makeScratch();
    await writeFile(join(made.folder, "manifest.json"), text);
    expect(await readManifest(made.folder)).toBeUndefined();
  });
});
