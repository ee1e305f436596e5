import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sniffSnapshot } from "../../../harness/rehearsal/snapshot/snapshot.ts";
import { makeScratch } from "../../engine/machines.ts";

let scratch: Awaited<ReturnType<typeof makeScratch>>;
beforeAll(async () => {
  scratch = await makeScratch();
});
afterAll(() => scratch[Symbol.asyncDispose]());

type Contents = string | Buffer | Readonly<Record<string, string | Buffer>>;

/** A file, or a folder with files, of that contents. */
async function place(contents: Contents): Promise<string> {
  const path = join(scratch.folder, "snapshot");
  await rm(path, { recursive: true, force: true });
  if (typeof contents === "string" || Buffer.isBuffer(contents)) {
    await writeFile(path, contents);
    return path;
  }
  await mkdir(path);
  for (const [name, text] of Object.entries(contents)) await writeFile(join(path, name), text);
  return path;
}

const string = (text: string) => [0, text.length, 0, 0, 0, ...Buffer.from(text)];

/** The header of an archive: 1 is custom, 3 a tar or a directory. */
function header(minor: number, format: number): Buffer {
  const int = [0, 0, 0, 0, 0];
  const compression = minor >= 15 ? [1] : int;
  return Buffer.from([
    ...[...Buffer.from("PGDMP"), 1, minor, 0, 4, 8, format, ...compression],
    ...[...int, ...int, ...int, ...int, ...int, ...int, ...int],
    ...[...string("app"), ...string("17.2 (Debian)"), ...string("17.2")],
  ]);
}

const plain =
  "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 16.3 (Debian)\nSELECT 1;\n";

describe("a snapshot is known from what is in it:", () => {
  it.each<[string, Contents, object]>([
    ["plain SQL", plain, { kind: "plain", major: 16, description: "plain SQL of PostgreSQL 16.3, 1 kB" }],
    ["plain SQL in gzip", gzipSync(plain), { kind: "plain", major: 16, compression: "gzip" }],
    ["a custom archive", header(14, 1), { kind: "custom", major: 17, archiveVersion: 14 }],
    ["a custom archive of a newer kind", header(16, 1), { kind: "custom", major: 17, archiveVersion: 16 }],
    ["a directory archive", { "toc.dat": header(15, 3), "1.dat": "" }, { kind: "directory", major: 17 }],
    [
      "a directory archive in gzip",
      { "toc.dat.gz": gzipSync(header(15, 3)) },
      { kind: "directory", major: 17 },
    ],
    [
      "the files of the Supabase CLI",
      { "schema.sql": "SET a = b;\n", "data.sql": "\n" },
      { kind: "supabase" },
    ],
  ])("%s", async (_, contents, expected) => {
    const snapshot = await sniffSnapshot(await place(contents));
    expect(snapshot).toMatchObject(expected);
  });

  it("the files of the Supabase CLI are restored in its order", async () => {
    const path = await place({ "data.sql": "", "roles.sql": "", "schema.sql": "", "other.txt": "" });
    const { files, major } = await sniffSnapshot(path);
    expect(files.map((file) => file.slice(path.length + 1))).toEqual(["roles.sql", "schema.sql", "data.sql"]);
    expect(major).toBeUndefined();
  });
});

describe("what is no snapshot is refused:", () => {
  it.each<[string, Contents, RegExp]>([
    ["an empty file", "", /empty/],
    ["nothing in gzip", gzipSync(""), /nothing in it/],
    ["a dump of a whole server", "--\n-- PostgreSQL database cluster dump\n--\n", /pg_dumpall/],
    ["another binary", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2]), /neither/],
    ["text in UTF-16", Buffer.from(`\ufeff${plain}`, "utf16le"), /UTF-16/],
    ["the table of contents alone", header(14, 3), /without its rows/],
    ["an archive of the future", header(17, 1), /1\.17/],
    ["an archive that breaks off in its header", header(14, 1).subarray(0, 40), /breaks off/],
    [
      "an archive with another header",
      Buffer.from("PGDMP\x01\x0e\x00\xff\xff\x01 and so on, and so on"),
      /damaged/,
    ],
    ["gzip that breaks off", gzipSync(plain).subarray(0, 30), /breaks off/],
    ["an empty folder", {}, /no snapshot/],
    ["rows without a table of contents", { "3012.dat.gz": "" }, /no table of contents/],
    ["half of what the Supabase CLI writes", { "schema.sql": "SELECT 1;" }, /not the other/],
  ])("%s", async (_, contents, message) => {
    const path = await place(contents);
    await expect(sniffSnapshot(path)).rejects.toMatchObject({
      code: "SNAPSHOT_UNREADABLE",
      message: expect.stringMatching(message),
      where: expect.stringContaining(path),
    });
  });

  it("what is not there", async () => {
    await expect(sniffSnapshot(join(scratch.folder, "nowhere"))).rejects.toMatchObject({
      code: "SNAPSHOT_UNREADABLE",
      message: expect.stringMatching(/no such file/),
    });
  });
});
