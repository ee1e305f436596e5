import { inspect } from "node:util";
import { beforeEach, describe, expect, inject, it } from "vitest";
import { withConnection } from "../../harness/engine/connection.ts";
import type { Fault } from "../../harness/fault/fault.ts";
import { type ApplyOptions, applyPlan, type Way } from "../../harness/migrations/apply.ts";
import { applyPlanWithPsql } from "../../harness/migrations/psql.ts";
import { parseScript } from "../../harness/migrations/script.ts";
import { openGround } from "../ground.ts";

const { deployer, deployerName, address, run } = await openGround();
const { clientBinaries } = inject("shared");

type AnyWay = Way | "real psql";
const ours: readonly Way[] = ["pasted", "psql", "wrapped"];
const ways: readonly AnyWay[] = clientBinaries === undefined ? ours : [...ours, "real psql"];

async function apply(way: AnyWay, texts: readonly string[], options: ApplyOptions = {}) {
  const scripts = await Promise.all(texts.map((text, index) => parseScript(text, `${index + 1}.sql`, "")));
  const home = address(deployerName);
  if (way === "real psql") return applyPlanWithPsql(clientBinaries ?? "", home, scripts, options);
  return withConnection(home, (connection) => applyPlan(connection, scripts, { ...options, way }));
}

async function failure(way: AnyWay, text: string, options?: ApplyOptions): Promise<Fault> {
  return apply(way, [text], options).then(
    () => expect.fail("it was applied"),
    (fault) => fault,
  );
}

const rows = async () => (await deployer.reads`select id from play.t order by id`).map(({ id }) => id);

beforeEach(async () => {
  await run(
    "drop schema if exists play cascade; create schema play; create table play.t (id int primary key)",
  );
});

describe.each(ways)("applied %s", (way) => {
  it("files run in order, and their time and notices are told", async () => {
    const applied = await apply(way, [
      "insert into play.t values (1);\ndo $$ begin raise notice E'one\\ntwo'; raise warning 'three'; end $$;",
      "-- transaction: own\nbegin;\ninsert into play.t select id + 1 from play.t;\ncommit;\n",
      "insert into play.t select max(id) + 1 from play.t",
      "-- nothing",
    ]);
    expect(await rows()).toEqual([1, 2, 3]);
    expect(applied.map(({ script }) => script.file)).toEqual(["1.sql", "2.sql", "3.sql", "4.sql"]);
    expect(applied[0]?.notices).toMatchObject([
      { severity: "NOTICE", message: "one\ntwo" },
      { severity: "WARNING", message: "three" },
    ]);
    for (const { elapsedMs } of applied) expect(elapsedMs).toBeGreaterThan(0);
  });

  it("what one file sets is not there in the next", async () => {
    await apply(way, [
      "set role authenticated; set search_path = ''; set statement_timeout = '1h';",
      `do $$ begin
         assert current_user = '${deployerName}' and current_setting('role') = 'none';
         assert current_setting('search_path') <> '""';
         assert current_setting('statement_timeout') = '1min' and current_setting('lock_timeout') = '5s';
       end $$`,
    ]);
  });

  it("settings hold for every file", async () => {
    const text =
      "do $$ begin assert current_setting('tenantproof.allow_data_loss') = E'it''s \\\\ on'; end $$";
    await apply(way, [text, text], { settings: { "tenantproof.allow_data_loss": "it's \\ on" } });
  });

  it("a statement that runs too long is a MIGRATION_TIMEOUT, unless the file allows it", async () => {
    const fault = await failure(way, "select 1;\nselect pg_sleep(5);", { statementTimeoutMs: 50 });
    expect(fault).toMatchObject({ code: "MIGRATION_TIMEOUT", where: expect.stringMatching(/^1\.sql:2/) });
    const allowed = "set statement_timeout = '5s';\nselect pg_sleep(0.1);";
    await apply(way, [allowed], { statementTimeoutMs: 50 });
  });

  it("a lock that is held too long is a MIGRATION_TIMEOUT, and nothing waits on", async () => {
    const fault = await withConnection(address(deployerName), async (holder) => {
      await holder.query("begin; lock table play.t");
      return failure(way, "select 1;\n\nalter table play.t add column c int;", { lockTimeoutMs: 50 });
    });
    expect(fault).toMatchObject({ code: "MIGRATION_TIMEOUT", where: expect.stringMatching(/^1\.sql:3/) });
    expect(fault.message).toContain("55P03");
  });

  it("a file after one that fails is not sent", async () => {
    await expect(apply(way, ["select nope;", "insert into play.t values (1);"])).rejects.toThrow(/42703/);
    expect(await rows()).toEqual([]);
  });

  it("a server that ends the session is an ENGINE_LOST", async () => {
    const fault = await failure(way, "select pg_terminate_backend(pg_backend_pid());\nselect 1;");
    expect(fault.code).toBe("ENGINE_LOST");
  });

  it.each([
    ["a key", "insert into play.t select 4700 + 11 from generate_series(1, 2);"],
    [
      "dynamic SQL",
      "do $$ begin execute 'insert into play.t values (' || 4700 + 11 || '), (4700 + 11)'; end $$;",
    ],
    ["a broken statement", "do $$ begin execute 'select nope, ' || 4700 + 11; end $$;"],
    ["a check", "alter table play.t add check (id < 100); insert into play.t select 4700 + 11;"],
  ])("values of rows are in no message: %s", async (_, text) => {
    const fault = await failure(way, text);
    const shown = inspect(fault, { depth: 9 });
    expect(shown).toContain("SQLSTATE");
    expect(shown).not.toContain("4711");
  });
});

describe("a failing file", () => {
  const failing = "insert into play.t values (1);\nselect nope;\ninsert into play.t values (2);\n";

  it.each<[AnyWay, number[], RegExp]>([
    ["pasted", [], /rolled back/],
    ["wrapped", [], /rolled back/],
    ["psql", [1, 2], /did not run as one transaction/],
    ...(clientBinaries === undefined ? [] : [["real psql", [1, 2], /went on/] as [AnyWay, number[], RegExp]]),
  ])("%s leaves %j", async (way, left, hint) => {
    const fault = await failure(way, failing);
    expect(fault).toMatchObject({ code: "MIGRATION_FAILED", hint: expect.stringMatching(hint) });
    expect(fault.where).toMatch(/^1\.sql:2/);
    expect(await rows()).toEqual(left);
  });

  it.each(ways)("that is one transaction of its own leaves nothing: %s", async (way) => {
    const fault = await failure(way, `set lock_timeout = '1s';\nbegin;\n${failing}commit;\n`);
    expect(fault.message).toContain("42703");
    expect(await rows()).toEqual([]);
  });

  it.each(ours)("leaves the connection idle, with its role and settings: %s", async (way) => {
    const script = await parseScript(
      `begin; set role authenticated; set search_path = ''; ${failing} commit;`,
      "x",
      "",
    );
    await withConnection(address(deployerName), async (connection) => {
      await expect(applyPlan(connection, [script], { way })).rejects.toThrow();
      expect(connection.getTransactionStatus()).toBe("I");
      expect(connection.listenerCount("notice")).toBe(0);
      const { rows: settings } = await connection.query(
        "select current_user::text as me, current_setting('statement_timeout') as timeout, current_schema()::text as home",
      );
      expect(settings).toEqual([{ me: deployerName, timeout: "0", home: "public" }]);
    });
  });

  it("tells its notices as they come", async () => {
    const seen: string[] = [];
    await failure("wrapped", "do $$ begin raise notice 'before'; end $$; select nope;", {
      onNotice: ({ message }, { file }) => seen.push(`${file} ${message}`),
    });
    expect(seen).toEqual(["1.sql before"]);
  });
});

describe("a failure is placed", () => {
  it.each<[string, string, string, string]>([
    [
      "at the character that the server names",
      "select 1;\n\tselect '🙂', nope;",
      "1.sql:2:14",
      "\t             ^",
    ],
    [
      "at the statement, where it names none",
      "select 1;\n  -- é\n  insert into play.t values (1), (1);",
      "1.sql:3:3",
      "  ^",
    ],
    [
      "at the line of a DO block",
      "select 1;\n-- é\ndo $x$\nbegin\n  perform 1;\n\n  raise exception 'no';\nend $x$;",
      "1.sql:7:3",
      "  ^",
    ],
    [
      "at the line of a DO block that calls a function",
      "create or replace function play.f() returns void language plpgsql as 'begin\n\n\nraise exception $a$no$a$; end';\ndo '\nbegin perform play.f(); end';",
      "1.sql:6:1",
      "^",
    ],
    [
      "inside a function body that does not parse",
      "create function play.f() returns int language plpgsql as $$\nbegin\n  retrun 1;\nend $$;",
      "1.sql:3:3",
      "  ^",
    ],
  ])("%s", async (_, text, where, caret) => {
    for (const way of ours) {
      const fault = await failure(way, text);
      expect(fault).toMatchObject({ code: "MIGRATION_FAILED", where });
      const lines = fault.message.split("\n");
      const quoted = lines.findIndex((line) => /^\d+ \| /.test(line));
      expect(lines[quoted + 1]).toBe(`    ${caret}`);
    }
  });

  it("with the functions it happened in, the SQLSTATE and the server's hint", async () => {
    const text =
      "create function play.f() returns void language plpgsql as $$ begin raise 'no' using hint = 'say yes'; end $$;\nselect play.f();";
    const fault = await failure("wrapped", text);
    expect(fault.where).toBe("1.sql:2:1");
    expect(fault.message).toBe(
      [
        "no (SQLSTATE P0001)",
        "2 | select play.f();",
        "    ^",
        "in PL/pgSQL function play.f() line 1 at RAISE",
        "The server's hint: say yes",
      ].join("\n"),
    );
  });

  it("at the commit, when a deferred constraint fails there", async () => {
    const text =
      "create table play.u (id int references play.t deferrable initially deferred); insert into play.u values (1);";
    const fault = await failure("wrapped", text);
    expect(fault).toMatchObject({ where: "1.sql", message: expect.stringContaining("at the commit") });
  });
});

describe("wrapped", () => {
  it("a file of several transactions stops at the first error, and says what stays", async () => {
    const text =
      "-- transaction: own\nbegin;\ninsert into play.t values (1);\ncommit;\nselect nope;\ninsert into play.t values (2);\n";
    const fault = await failure("wrapped", text);
    expect(fault).toMatchObject({ where: "1.sql:5:8", hint: expect.stringContaining("stays") });
    expect(await rows()).toEqual([1]);
  });

  it("what no transaction takes runs outside one", async () => {
    await apply("wrapped", [
      "create index concurrently i on play.t (id); do $$ begin insert into play.t values (1); commit; end $$;",
    ]);
    expect(await rows()).toEqual([1]);
  });

  it("a procedure that commits needs the header, and says so", async () => {
    const make =
      "create or replace procedure play.p() language plpgsql as $$ begin insert into play.t values (1); commit; end $$;";
    const fault = await failure("wrapped", `${make} call play.p();`);
    expect(fault.hint).toContain("-- transaction: own");
    await apply("wrapped", [make, "-- transaction: own\ncall play.p();"]);
    expect(await rows()).toEqual([1]);
  });

  it("a new enum value used at once is told to go into the next file", async () => {
    await run("create type play.e as enum ('a')");
    const fault = await failure("wrapped", "alter type play.e add value 'b'; select 'b'::play.e;");
    expect(fault.hint).toContain("next file");
  });
});
