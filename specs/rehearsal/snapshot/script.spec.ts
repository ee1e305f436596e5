import { text } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readScript } from "../../../harness/rehearsal/snapshot/script.ts";

const script = String.raw`--
-- PostgreSQL database dump
\restrict abc
/* block; /* nested */ ' */ SET client_encoding = 'UTF8';
CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC
 SELECT CASE WHEN true THEN 1 ELSE 2 END;
END;
CREATE FUNCTION g() RETURNS int AS $_$ begin; return '$$;'; -- '
\.
end $_$;
CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);
INSERT INTO t VALUES (1, E'a\';b', 'c'';d', "x;y", 'back\');
COPY public.t (a, b) FROM stdin;
1	a;b'c
\\.	\N
\.

COPY public.empty (a) FROM stdin;
\.
SELECT 'é', a$$b FROM t; -- behind
SELECT 2;
`;

const pieces = [
  ["comment", 1, "--"],
  ["comment", 2, "-- PostgreSQL database dump"],
  ["command", 3, "\\restrict abc"],
  ["statement", 4, "SET client_encoding = 'UTF8';"],
  [
    "statement",
    5,
    "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC\n SELECT CASE WHEN true THEN 1 ELSE 2 END;\nEND;",
  ],
  ["statement", 8, "CREATE FUNCTION g() RETURNS int AS $_$ begin; return '$$;'; -- '\n\\.\nend $_$;"],
  ["statement", 11, "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);"],
  ["statement", 12, String.raw`INSERT INTO t VALUES (1, E'a\';b', 'c'';d', "x;y", 'back\');`],
  ["copy", 13, "COPY public.t (a, b) FROM stdin;", "1\ta;b'c\n\\\\.\t\\N\n"],
  ["copy", 18, "COPY public.empty (a) FROM stdin;", ""],
  ["statement", 20, "SELECT 'é', a$$b FROM t;"],
  ["comment", 20, "-- behind"],
  ["statement", 21, "SELECT 2;"],
];

async function* inChunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(contents: string | Buffer, sizes: readonly number[] = [1_000_000]) {
  const found: unknown[] = [];
  for await (const piece of readScript(inChunks(Buffer.from(contents), sizes), "dump.sql")) {
    const one: unknown[] = [piece.kind, piece.line, piece.text];
    if (piece.kind === "copy") one.push(await text(piece.rows));
    found.push(one);
  }
  return found;
}

describe("a script", () => {
  it("is read as statements, comments, commands of psql and rows, with their lines", async () => {
    expect(await read(script)).toEqual(pieces);
  });

  it("is the same however it is cut into chunks", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, async (some) => {
        expect(await read(script, some)).toEqual(pieces);
      }),
      { numRuns: 200 },
    );
  });

  it("with line ends of Windows ends its rows all the same", async () => {
    expect(await read("COPY t (a) FROM stdin;\r\n1\r\n\\.\r\nSELECT 1;\r\n")).toEqual([
      ["copy", 1, "COPY t (a) FROM stdin;", "1\r\n"],
      ["statement", 4, "SELECT 1;"],
    ]);
  });

  it("in which backslashes escape is read so from the setting on", async () => {
    expect(await read("SET standard_conforming_strings = off;\nSELECT '\\';';\nSELECT 2;")).toEqual([
      ["statement", 1, "SET standard_conforming_strings = off;"],
      ["statement", 2, "SELECT '\\';';"],
      ["statement", 3, "SELECT 2;"],
    ]);
  });

  it("in Latin-1 is read as what it says", async () => {
    const latin = "SET client_encoding = 'LATIN1';\nSELECT 'é';";
    expect((await read(Buffer.from(latin, "latin1"))).at(-1)).toEqual(["statement", 2, "SELECT 'é';"]);
  });

  it.each([
    ["a statement", "SELECT 1;\nSELECT 2", /inside a statement \(line 2\)/],
    ["a quote", "SELECT 1;\n\nSELECT '2;\n", /inside a quote \(line 3\)/],
    ["a dollar quote", "SELECT $a$ 1; $b$", /inside a dollar quote \(line 1\)/],
    ["a comment", "/* SELECT 1;", /inside a block comment/],
    ["rows", "SELECT 1;\nCOPY t (a) FROM stdin;\n1\n2", /in the rows of the COPY on line 2/],
    ["the mark behind rows", "COPY t (a) FROM stdin;\n1\n\\", /in the rows of the COPY on line 1/],
    ["a COPY", "COPY t (a) FROM stdin;", /in the rows of the COPY on line 1/],
  ])("that breaks off inside %s is unreadable, and says where", async (_, contents, message) => {
    await expect(read(contents)).rejects.toMatchObject({
      code: "SNAPSHOT_UNREADABLE",
      where: "dump.sql",
      message: expect.stringMatching(message),
    });
  });

  it.each(["SELECT 1 \\gexec\n", "SELECT 1 \\! touch x\n;"])(
    "with a command of psql inside a statement is unreadable: %j",
    async (contents) => {
      await expect(read(contents)).rejects.toMatchObject({ code: "SNAPSHOT_UNREADABLE" });
    },
  );

  it("in an encoding that is not known here says so", async () => {
    await expect(read("SET client_encoding = 'SJIS';")).rejects.toThrow(/SJIS/);
  });
});
