import { cp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../../harness/engine/database.ts";
import { makeScratch } from "../../engine/machines.ts";
import { compress, dump, makeSource, ownDatabases, restore } from "./dumps.ts";

// Few rows and objects: each run restores as much as is left of it.
const small = `
create table public.people (id int primary key, name text);
insert into public.people select i, md5(i::text) from generate_series(1, 400) as i;
create table public.notes (id int, note text);
insert into public.notes select id, name from public.people;
`;

let source: Database;
let scratch: Awaited<ReturnType<typeof makeScratch>>;
beforeAll(async () => {
  source = await makeSource(small);
  scratch = await makeScratch();
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

const at = (name: string) => join(scratch.folder, name);
const tables = ["--table=public.people", "--table=public.notes"];

/** What becomes of the first `length` bytes of `whole`; a database that should not be is dropped. */
async function restoreCut(whole: Buffer, length: number): Promise<string> {
  const path = at("cut");
  await writeFile(path, whole.subarray(0, length));
  return outcomeOf(path);
}

async function outcomeOf(path: string): Promise<string> {
  try {
    const { database } = await restore(path);
    await database[Symbol.asyncDispose]();
    return "restored";
  } catch (thrown) {
    return (thrown as { code?: string }).code ?? String(thrown);
  }
}

const runs = 8;

describe("a dump that breaks off anywhere is never restored:", () => {
  it.each<[string, () => Promise<Buffer>]>([
    ["plain SQL", async () => readFile(await dump(source, at("plain"), ...tables))],
    [
      "plain SQL with INSERTs",
      async () => readFile(await dump(source, at("inserts"), "--inserts", ...tables)),
    ],
    ["plain SQL in gzip", async () => gzipSync(await readFile(await dump(source, at("gz"), ...tables)))],
    [
      "plain SQL in Zstandard",
      async () =>
        readFile(await compress(at("z"), "zst", await readFile(await dump(source, at("zst"), ...tables)))),
    ],
    [
      "a custom archive",
      async () => readFile(await dump(source, at("custom"), "--format=custom", ...tables)),
    ],
    ["a tar archive", async () => readFile(await dump(source, at("tar"), "--format=tar", ...tables))],
  ])("%s", async (_, make) => {
    const whole = await make();
    expect(await restoreCut(whole, whole.length)).toBe("restored");
    const before = await ownDatabases();
    // What follows the last comment of plain SQL is blank, or the end of a key.
    const mark = whole.indexOf("database dump complete");
    const most = mark < 0 ? whole.length - 1 : mark;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: most }), async (length) => {
        expect(await restoreCut(whole, length)).toBe("SNAPSHOT_UNREADABLE");
      }),
      { numRuns: runs, examples: [[most]] },
    );
    expect(await ownDatabases()).toEqual(before);
  });

  it.each([
    ["compressed", []],
    ["not compressed", ["--compress=0"]],
  ])("a directory archive, %s", async (name, args) => {
    const whole = await dump(source, at(`whole-${name}`), "--format=directory", ...args, ...tables);
    expect(await outcomeOf(whole)).toBe("restored");
    const path = at("cut-folder");
    const files = await readdir(whole);
    const cut = fc.record({
      file: fc.constantFrom(...files),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(cut, async ({ file, part }) => {
        await rm(path, { recursive: true, force: true });
        await cp(whole, path, { recursive: true });
        const { length } = await readFile(join(path, file));
        await truncate(join(path, file), Math.min(length - 1, Math.floor(part * length)));
        expect(await outcomeOf(path)).toBe("SNAPSHOT_UNREADABLE");
      }),
      { numRuns: runs },
    );
  });

  it("a directory archive whose rows break off at the end of a line, which pg_restore takes for all", async () => {
    const path = await dump(source, at("lines"), "--format=directory", "--compress=0", ...tables);
    const name = (await readdir(path)).find((file) => file.endsWith(".dat") && file !== "toc.dat") ?? "";
    const rows = await readFile(join(path, name), "latin1");
    await writeFile(join(path, name), rows.split("\n").slice(0, 200).join("\n").concat("\n"));
    await expect(restore(path)).rejects.toMatchObject({
      code: "SNAPSHOT_UNREADABLE",
      message: expect.stringMatching(/rows of public\.(people|notes) break off/),
    });
  });

  it("a directory archive without a file, which it names", async () => {
    const path = await dump(source, at("missing"), "--format=directory", ...tables);
    const name = (await readdir(path)).find((file) => file.endsWith(".dat.gz")) ?? "";
    await rm(join(path, name));
    await expect(restore(path)).rejects.toMatchObject({
      code: "SNAPSHOT_UNREADABLE",
      message: expect.stringMatching(/rows of public\.(people|notes) are missing/),
    });
  });
});
