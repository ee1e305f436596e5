import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anon, member } from "../../harness/session/actor.ts";
import { rowsOf } from "../../harness/session/outcome.ts";
import { openDirect } from "../../harness/session/session.ts";
import { openGround } from "../ground.ts";

const { sessions, deployer, superuser, run, address } = await openGround();
await run(`
  create table public.parents (id int primary key);
  create table public.things (
    id int primary key, name text constraint things_name_short check (length(name) < 9),
    parent int constraint things_parent references public.parents deferrable initially deferred
  );
  revoke all on public.parents from anon;
`);
const ada = member({ id: "a0000000-0000-4000-8000-000000000001", orgId: "acme" });

describe("an outcome", () => {
  it.each([
    ["select 1 as one union all select 2", 2],
    ["insert into public.things values (1), (2), (3)", 3],
    ["create temporary table t ()", 0],
    ["", 0],
    ["-- only a comment", 0],
    ["copy (select generate_series(1, 5)) to stdout", 5],
    ["copy public.things from stdin", 0],
  ])("of %s counts %i rows", async (sql, count) => {
    expect(await sessions.as(ada).tries(sql)).toMatchObject({ ok: true, count });
  });

  it.each([
    ["select * from public.parents", "42501", {}],
    [
      "insert into public.things values (1, 'much too long')",
      "23514",
      { constraint: "things_name_short", table: "public.things" },
    ],
    ["select 1/0", "22012", {}],
    ["select nonsense(", "42601", {}],
    ["select 1; select 2", "42601", {}],
    ["select \u0000", "08P01", {}],
    ["insert into public.things values (1, '', 7)", "23503", { constraint: "things_parent" }],
  ])("of %j is refused with %s", async (sql, sqlstate, more) => {
    expect(await sessions.as(anon).tries(sql)).toMatchObject({ ok: false, sqlstate, ...more });
  });

  it("never carries the row that an error's detail would show", async () => {
    const outcome = await sessions.as(ada).tries`insert into public.things values (1, ${"a secret name"})`;
    expect(JSON.stringify({ ...outcome, repeat: "" })).not.toContain("secret");
  });

  it("of a commit is refused when a deferred constraint fails, and nothing stays", async () => {
    expect(await sessions.as(ada).does`insert into public.things values (9, '', 7)`).toMatchObject({
      sqlstate: "23503",
    });
    expect(await sessions.as(ada).reads`select from public.things where id = 9`).toEqual([]);
  });

  it("of does stays, of tries does not", async () => {
    await sessions.as(ada).tries`insert into public.things values (10)`;
    expect(await sessions.as(ada).reads`select from public.things where id = 10`).toHaveLength(0);
    await sessions.as(ada).does`insert into public.things values (10)`;
    expect(await sessions.as(ada).reads`select from public.things where id = 10`).toHaveLength(1);
  });

  it("carries any value unharmed, bound", async () => {
    const value = fc.oneof(
      fc.string({ unit: "binary" }).filter((text) => !text.includes("\u0000")),
      fc.integer(),
      fc.constant(null),
      fc.json(),
    );
    await fc.assert(
      fc.asyncProperty(value, async (given) => {
        const rows = await sessions.as(ada).reads`select ${given}::text as value`;
        expect(rows).toEqual([{ value: given === null ? null : String(given) }]);
      }),
      { numRuns: 40 },
    );
  });
});

describe("reads", () => {
  it("throws a refusal with its SQLSTATE", async () => {
    await expect(sessions.as(anon).reads`select from public.parents`).rejects.toMatchObject({
      name: "Refusal",
      outcome: { sqlstate: "42501" },
    });
  });

  it("cannot write", async () => {
    const writing = sessions.as(ada).reads`insert into public.things values (20)`;
    await expect(writing).rejects.toMatchObject({ outcome: { sqlstate: "25006" } });
  });
});

describe("a fault", () => {
  it.each(["commit", "rollback", "prepare transaction 'x'"])("meets a statement that is %s", async (sql) => {
    const attempt = sessions.as(ada).tries(sql);
    // Servers without prepared transactions refuse the last one themselves.
    await attempt.then(
      (outcome) => expect(outcome).toMatchObject({ ok: false, sqlstate: "55000" }),
      (thrown) => expect(thrown).toMatchObject({ code: "USAGE" }),
    );
  });

  it("says that the server ended the session, and the next request gets another one", async () => {
    const outcome = sessions.as(ada).tries`select pg_sleep(5), 'victim'`;
    const ending = expect(outcome).rejects.toMatchObject({ code: "ENGINE_LOST" });
    await expect
      .poll(
        () => superuser.reads`select pg_terminate_backend(pid) from pg_stat_activity
          where query like '%victim%' and usename = 'authenticator' and state = 'active'`,
      )
      .toHaveLength(1);
    await ending;
    expect(await sessions.as(ada).reads`select 1 as one`).toEqual([{ one: 1 }]);
  });

  it("says so inside a transaction too, where no outcome can be told from a guess", async () => {
    const seen: unknown[] = [];
    const lost = deployer.transaction(async (tx) => {
      const [row] = rowsOf(await tx`select pg_backend_pid() as pid`);
      await superuser.reads`select pg_terminate_backend(${row?.pid}::int, 5000)`;
      seen.push(await tx`select 1`.catch((thrown) => thrown.code));
    });
    await expect(lost).rejects.toMatchObject({ code: "ENGINE_LOST" });
    expect(seen).toEqual(["ENGINE_LOST"]);
  });

  it("says that a batch lost its server", async () => {
    const batch = sessions.attempt([
      ...Array.from({ length: 100 }, () => ({ actor: ada, sql: "select 1" })),
      { actor: ada, sql: "select pg_sleep(5), 'batch victim'" },
      ...Array.from({ length: 100 }, () => ({ actor: ada, sql: "select 1" })),
    ]);
    const ending = expect(batch).rejects.toMatchObject({ code: "ENGINE_LOST" });
    await expect
      .poll(
        () => superuser.reads`select pg_terminate_backend(pid) from pg_stat_activity
          where query like '%batch victim%' and usename = 'authenticator' and state = 'active'`,
      )
      .toHaveLength(1);
    await ending;
  });

  it.each([
    ["no server", { port: 1 }, "ENGINE_LOST"],
    ["no such database", { database: "nowhere" }, "SESSION_REFUSED"],
    ["no such role", { user: "nobody" }, "SESSION_REFUSED"],
  ])("says that there is %s", async (_, part, code) => {
    await using lost = openDirect({ ...address("authenticator"), ...part });
    await expect(lost.tries`select 1`).rejects.toMatchObject({ code });
  });

  it("meets whoever uses sessions that are closed", async () => {
    const closed = openDirect(address("authenticator"));
    await closed[Symbol.asyncDispose]();
    await expect(closed.tries`select 1`).rejects.toMatchObject({ code: "BUG" });
  });
});

describe("a direct connection", () => {
  it("is whoever it connected as, without claims", async () => {
    const rows = await deployer.reads`
      select session_user = current_user as itself, current_setting('request.jwt.claims', true) as claims`;
    expect(rows).toEqual([{ itself: true, claims: null }]);
  });
});
