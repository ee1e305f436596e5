import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Database } from "../../../harness/engine/database.ts";
import { sniffSnapshot } from "../../../harness/rehearsal/snapshot/snapshot.ts";
import { makeScratch } from "../../engine/machines.ts";
import { compress, dump, makeSource, restore, stateOf } from "./dumps.ts";

let source: Database;
let scratch: Awaited<ReturnType<typeof makeScratch>>;
let before: Awaited<ReturnType<typeof stateOf>>;

beforeAll(async () => {
  source = await makeSource();
  scratch = await makeScratch();
  before = await stateOf(source);
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

async function packed(name: string, packing: "gz" | "zst", ...args: readonly string[]): Promise<string> {
  const file = await dump(source, join(scratch.folder, `${name}.plain`), ...args);
  return compress(join(scratch.folder, `${name}.${packing}`), packing, await readFile(file));
}

const at = (name: string) => join(scratch.folder, name);

const formats = [
  ["custom archive", "custom", undefined, () => dump(source, at("custom"), "--format=custom")],
  ["directory archive", "directory", undefined, () => dump(source, at("directory"), "--format=directory")],
  [
    "directory archive that is not compressed",
    "directory",
    undefined,
    () => dump(source, at("directory-0"), "--format=directory", "--compress=0"),
  ],
  ["tar archive", "tar", undefined, () => dump(source, at("tar"), "--format=tar")],
  ["plain SQL", "plain", undefined, () => dump(source, at("plain"))],
  ["plain SQL with INSERTs", "plain", undefined, () => dump(source, at("inserts"), "--inserts")],
  [
    "plain SQL that makes its database",
    "plain",
    undefined,
    () => dump(source, at("create"), "--create", "--clean"),
  ],
  ["plain SQL in gzip", "plain", "gzip", () => packed("plain-gz", "gz")],
  ["plain SQL in Zstandard", "plain", "zstd", () => packed("plain-zst", "zst")],
  ["custom archive in gzip", "custom", "gzip", () => packed("custom-gz", "gz", "--format=custom")],
  ["tar archive in Zstandard", "tar", "zstd", () => packed("tar-zst", "zst", "--format=tar")],
] as const;

describe("a snapshot", () => {
  it.each(formats)(
    "that is a %s becomes a database with the same catalog and rows",
    async (_, kind, compression, make) => {
      const path = await make();
      const snapshot = await sniffSnapshot(path);
      expect(snapshot).toMatchObject({ kind, major: inject("shared").major });
      expect(snapshot.compression).toBe(compression);
      const restored = await restore(path);
      await using database = restored.database;
      const after = await stateOf(database);
      expect(after.picture).toEqual(before.picture);
      expect(after.fingerprint).toBe(before.fingerprint);
      expect(after.data).toEqual(before.data);
      expect(after.positions).toEqual(before.positions);
      expect(restored.deployer).toBe(inject("shared").deployer);
      expect(restored.bytes).toBeGreaterThan(5_000_000);
    },
  );
});
