import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quoteIdentifier, quoteLiteral } from "../../harness/sql/identifier.ts";
import { loadSql } from "../../harness/sql/load.ts";
import { positionAt } from "../../harness/sql/position.ts";
import { splitStatements } from "../../harness/sql/statements.ts";

const split = async (text: string) =>
  (await splitStatements(text, "x.sql")).map((statement) => statement.text.trim());

describe("splitting", () => {
  it.each<[string, string, string[]]>([
    ["nothing", "", []],
    ["blanks", " \r\n\t", []],
    ["only comments", "-- a; b\n/* c; /* d; */ e; */", []],
    ["only semicolons", ";;\n;", []],
    ["no final semicolon", "select 1", ["select 1"]],
    ["comments between", "select 1; -- one;\n/* two; */ select 2;", ["select 1", "select 2"]],
    ["Windows line ends", "select 1;\r\n-- é\r\nselect 2;\r\n", ["select 1", "select 2"]],
    [
      "dollar quotes",
      "do $a$ begin perform ';$$;'; end $a$; select 2",
      ["do $a$ begin perform ';$$;'; end $a$", "select 2"],
    ],
    ["escape strings", "select E'\\';', ';'; select 2", ["select E'\\';', ';'", "select 2"]],
    ["quoted names", 'select 1 as "a;""b"; select 2', ['select 1 as "a;""b"', "select 2"]],
    [
      "SQL function bodies",
      "create function f() returns int begin atomic select 1; select 2; end; select 3",
      ["create function f() returns int begin atomic select 1; select 2; end", "select 3"],
    ],
    [
      "characters of two, three and four bytes",
      "select 'é';select '€';select '🙂';",
      ["select 'é'", "select '€'", "select '🙂'"],
    ],
  ])("understands %s", async (_, text, expected) => {
    expect(await split(text)).toEqual(expected);
  });

  it("gives each statement its line, column and offsets", async () => {
    const text = "-- 🙂\n  select 'é'; /* € */ select 2;\n\n\tselect 3";
    const statements = await splitStatements(text, "x.sql");
    expect(statements.map(({ start }) => [start.line, start.column])).toEqual([
      [2, 3],
      [2, 23],
      [4, 2],
    ]);
    for (const { start, end, text: own } of statements) expect(text.slice(start.offset, end)).toBe(own);
  });
});

describe("random SQL", () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  const wild = fc
    .string({ unit: "binary", maxLength: 12 })
    .map((text) => text.replaceAll(/[\0\ud800-\udfff]/gu, ";'$"));
  const literal = fc.oneof(
    wild.map((text) => `'${text.replaceAll("'", "''")}'`),
    wild.map((text) => `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`),
    fc.tuple(word, wild).map(([tag, text]) => `$${tag}$${text.replaceAll("$", "")};$${tag}$`),
    wild.map((text) => `'a' as "${text.replaceAll('"', '""')}x"`),
  );
  const comment = fc.oneof(
    fc.constantFrom("", " ", "\n", "\r\n", "\t"),
    wild.map((text) => `--${text.replaceAll(/[\r\n]/g, " ")};\n`),
    wild.map((text) => `/*${text.replaceAll(/[*/]/g, " ")};/* ; */*/`),
  );
  const statement = fc.tuple(comment, literal).map(([inner, value]) => `select ${inner} ${value}`);
  const file = fc.array(fc.record({ before: comment, statement, after: comment }), { maxLength: 6 });

  it("loses nothing when split, and puts every statement where it stands", async () => {
    await fc.assert(
      fc.asyncProperty(file, async (parts) => {
        const text = parts.map(({ before, statement, after }) => `${before}${statement}${after};`).join("");
        const statements = await splitStatements(text, "x.sql");
        expect(statements.map((each) => each.text)).toEqual(
          parts.map(({ statement, after }) => `${statement}${after}`),
        );
        let expected = 0;
        for (const [index, { start, end }] of statements.entries()) {
          expected += parts[index]?.before.length ?? 0;
          expect(start).toEqual(positionAt(text, expected));
          expected = end + 1;
        }
        expect(expected).toBe(text.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a syntax error", () => {
  it.each([
    ["in the first line", "selec 1", "x.sql:1:1", "1 | selec 1\n    ^"],
    [
      "behind characters of several bytes",
      "-- 🙂\nselect 'é🙂', fro m x",
      "x.sql:2:20",
      "2 | select 'é🙂', fro m x\n                        ^",
    ],
    ["behind a tab", "\tselec 1", "x.sql:1:2", "1 | \tselec 1\n    \t^"],
    ["at the end of the text", "select (1", "x.sql:1:10", "1 | select (1\n             ^"],
    ["with Windows line ends", "select 1;\r\nselec 2;\r\n", "x.sql:2:1", "2 | selec 2;\n    ^"],
    ["beside what a terminal would obey", "selec '\u001b[2J\u202e'", "x.sql:1:1", "1 | selec '�[2J�'\n    ^"],
  ])("%s is shown with its line and a caret", async (_, text, where, excerpt) => {
    await expect(splitStatements(text, "x.sql")).rejects.toMatchObject({
      code: "SQL_SYNTAX",
      where,
      message: expect.stringContaining(`\n${excerpt}`),
    });
  });

  it("in a very long line is shown with its surroundings only", async () => {
    const fault = await splitStatements(
      `select ${"1, ".repeat(5_000)} fro m x; ${"y".repeat(9_000)}`,
      "x.sql",
    ).catch((e) => e);
    const [, line = "", caret = ""] = fault.message.split("\n");
    expect(line.length).toBeLessThan(120);
    expect(line.slice(caret.indexOf("^"))).toMatch(/^x; y/);
  });

  it("that is near the rest of the file does not quote it all", async () => {
    const fault = await splitStatements(`select 'abc\n${"long ".repeat(1_000)}`, "x.sql").catch((e) => e);
    expect(fault.message.length).toBeLessThan(200);
  });
});

describe("a statement", () => {
  it.each([
    ["begin", "opens"],
    ["start transaction isolation level serializable", "opens"],
    ["commit", "closes"],
    ["end", "closes"],
    ["abort", "closes"],
    ["rollback", "closes"],
    ["prepare transaction 'x'", "closes"],
    ["commit and chain", "opens"],
    ["savepoint s", undefined],
    ["rollback to s", undefined],
    ["do $$ begin commit; end $$", undefined],
  ])("%s: transaction control is %s", async (text, control) => {
    expect((await splitStatements(text, "x.sql"))[0]?.control).toBe(control);
  });

  it.each([
    "create index concurrently i on t (c)",
    "drop index concurrently i",
    "reindex index concurrently i",
    "reindex (verbose, concurrently) table t",
    "reindex schema s",
    "vacuum t",
    "vacuum (full, analyze)",
    "alter system set work_mem = '1MB'",
    "create database d",
    "drop database d",
    "create tablespace s location '/tmp/x'",
    "drop tablespace s",
    "alter database d set tablespace s",
    "cluster",
    "discard all",
    "commit prepared 'x'",
    "rollback prepared 'x'",
    "alter table t detach partition p concurrently",
    "create subscription s connection 'x' publication p",
    "do $$ begin insert into t values (1); commit; end $$",
  ])("%s refuses a transaction block", async (text) => {
    expect((await splitStatements(text, "x.sql"))[0]?.refusesTransaction).toBeTruthy();
  });

  it.each([
    "create index i on t (c)",
    "drop index i",
    "reindex table t",
    "analyze t",
    "refresh materialized view concurrently v",
    "alter type t add value 'x'",
    "cluster t using i",
    "discard plans",
    "alter database d set work_mem = '1MB'",
    "alter table t detach partition p",
    "create subscription s connection 'x' publication p with (connect = false)",
    "do $$ begin raise notice 'commit'; end $$",
    "do language plperl $$ commit $$",
  ])("%s runs in a transaction block", async (text) => {
    expect((await splitStatements(text, "x.sql"))[0]?.refusesTransaction).toBeUndefined();
  });
});

describe("quoting", () => {
  it("survives the parser, whatever the text", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 1 }), async (text) => {
        fc.pre(!text.includes("\0"));
        const [first, ...others] = await splitStatements(
          `select ${quoteLiteral(text)} as ${quoteIdentifier(text)}`,
          "x",
        );
        expect([first?.kind, others]).toEqual(["SelectStmt", []]);
      }),
    );
  });

  it("keeps a backslash a backslash", () => {
    expect(quoteLiteral("a\\'b")).toBe("E'a\\\\''b'");
    expect(quoteLiteral("it's")).toBe("'it''s'");
  });
});

it("a .sql file beside a module is loaded", () => {
  expect(loadSql(import.meta.url, "../../fixtures/migrations/plain-numbers/1.sql")).toBe("select 1;\n");
});
