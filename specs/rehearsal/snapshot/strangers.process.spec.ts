import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { withConnection } from "../../../harness/engine/connection.ts";
import type { Database } from "../../../harness/engine/database.ts";
import { makeScratch } from "../../engine/machines.ts";
import { dump, makeSource, ownDatabases, restore, secret } from "./dumps.ts";

let scratch: Awaited<ReturnType<typeof makeScratch>>;
let source: Database;
beforeAll(async () => {
  scratch = await makeScratch();
  source = await makeSource(
    "create table public.people (id int, name text); insert into public.people values (1, 'a');",
  );
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

const at = (name: string) => join(scratch.folder, name);

async function restoreText(text: string) {
  const path = at("stranger.sql");
  await writeFile(path, text);
  return restore(path);
}

/** Everything that may be printed of what was thrown. */
function printed(thrown: unknown): string {
  const { cause, ...fields } = thrown as Error & Record<string, unknown>;
  const own = [String(thrown), JSON.stringify(fields), (thrown as Error).stack];
  return cause === undefined ? own.join("\n") : [...own, printed(cause)].join("\n");
}

describe("a stranger's script", () => {
  it.each([
    ["a command of the shell", (file: string) => `SELECT 1;\n\\! touch ${file}\n`],
    ["another file", () => "\\i /etc/passwd\n"],
    ["a command behind a statement", (file: string) => `SELECT 1 \\g | touch ${file}\n`],
    [
      "COPY of a program",
      (file: string) => `CREATE TABLE t (a text);\nCOPY t FROM PROGRAM 'touch ${file}';\n`,
    ],
    [
      "COPY of a program that looks like rows",
      (file: string) =>
        `CREATE TABLE t (a text);\nCOPY t FROM PROGRAM 'touch ${file}' -- FROM stdin\n;\n\\.\n`,
    ],
    ["COPY to a program", (file: string) => `copy (select 1) to program 'touch ${file}';\n`],
    ["COPY of a file", () => "CREATE TABLE t (a text);\n/* x */ COPY t FROM '/etc/passwd';\n"],
    ["\\copy", () => "\\copy t from /etc/passwd\n"],
  ])("with %s is refused, and nothing of it has run", async (_, write) => {
    const file = at("touched");
    const before = await ownDatabases();
    await expect(restoreText(write(file))).rejects.toMatchObject({
      code: "SNAPSHOT_UNREADABLE",
      where: expect.stringContaining("stranger.sql"),
    });
    await expect(access(file)).rejects.toThrow();
    expect(await ownDatabases()).toEqual(before);
  });

  it("that connects elsewhere is restored into our database", async () => {
    const restored = await restoreText(
      "CREATE DATABASE app;\nALTER DATABASE app OWNER TO postgres;\n\\connect app\nCREATE TABLE public.here (a int);\nGRANT CONNECT ON DATABASE app TO anon;\n",
    );
    await using database = restored.database;
    const { rows } = await withConnection(database.address(inject("shared").superuser.user), (superuser) =>
      superuser.query("select to_regclass('public.here')::text as here"),
    );
    expect(rows).toEqual([{ here: "here" }]);
    expect(restored.explained.join("\n")).toMatch(/\\connect: left out/);
  });

  it("in an archive, with COPY of a program in its contents, is refused", async () => {
    const path = await dump(source, at("archive"), "--format=custom");
    const bytes = await readFile(path);
    const copy = Buffer.from("COPY public.people (id, name) FROM stdin;\n");
    const start = bytes.indexOf(copy);
    const evil = "COPY public.people FROM PROGRAM 'false';".padEnd(copy.length);
    bytes.write(evil, start, "latin1");
    await writeFile(path, bytes);
    await expect(restore(path)).rejects.toMatchObject({
      code: "SNAPSHOT_UNREADABLE",
      message: expect.stringMatching(/COPY of a file or a program/),
    });
  });
});

describe("an archive", () => {
  it("of a newer kind than pg_restore reads says which server to take", async () => {
    const path = await dump(source, at("newer"), "--format=custom");
    const bytes = await readFile(path);
    bytes[6] = 17;
    await writeFile(path, bytes);
    await expect(restore(path)).rejects.toMatchObject({
      code: "SNAPSHOT_UNREADABLE",
      message: expect.stringMatching(/1\.17/),
    });
  });
});

describe("a server that is older than the dump", () => {
  it("is refused before anything runs, with the major that is needed", async () => {
    const before = await ownDatabases();
    await expect(restoreText("-- Dumped from database version 99.1\nSELECT 1;\n")).rejects.toMatchObject({
      code: "SNAPSHOT_UNREADABLE",
      message: expect.stringMatching(/newer PostgreSQL/),
    });
    expect(await ownDatabases()).toEqual(before);
  });
});

describe("no row is quoted", () => {
  const failures: readonly (readonly [string, string])[] = [
    [
      "a value of the wrong type",
      `CREATE TABLE public.t (a int);\nCOPY public.t (a) FROM stdin;\n${secret}\n\\.\n`,
    ],
    [
      "an INSERT of the wrong type",
      `CREATE TABLE public.t (a int);\nINSERT INTO public.t VALUES ('${secret}');\n`,
    ],
    [
      "an INSERT that does not parse",
      `CREATE TABLE public.t (a text);\nINSERT INTO public.t VALUES ("${secret}" '');\n`,
    ],
    ["an unquoted name", `CREATE TABLE public.t (a text);\nINSERT INTO public.t VALUES ("${secret}");\n`],
    [
      "a duplicate",
      `CREATE TABLE public.t (a text unique);\nCOPY public.t (a) FROM stdin;\n${secret}\n${secret}\n\\.\n`,
    ],
    [
      "too many columns",
      `CREATE TABLE public.t (a text);\nCOPY public.t (a) FROM stdin;\n${secret}\t${secret}\n\\.\n`,
    ],
    [
      "an exception of a trigger",
      `CREATE TABLE public.t (a text);\nCREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$begin raise 'no %', new.a; end$$;\nCREATE TRIGGER t BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();\nCOPY public.t (a) FROM stdin;\n${secret}\n\\.\n`,
    ],
  ];

  it.each(failures)("by the fault of %s, which names the table and the line", async (_, text) => {
    const thrown = await restoreText(text).catch((error: unknown) => error);
    expect(thrown).toMatchObject({
      code: "RESTORE_INCOMPLETE",
      message: expect.stringMatching(/public\.t\b/),
      where: expect.stringMatching(/stranger\.sql:\d+$/),
    });
    expect(printed(thrown)).not.toContain(secret);
  });
});
