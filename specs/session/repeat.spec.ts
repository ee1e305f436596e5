import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import { anon, member, withClaims } from "../../harness/session/actor.ts";
import type { Outcome } from "../../harness/session/outcome.ts";
import { compose } from "../../harness/session/statement.ts";
import { openGround } from "../ground.ts";

const { sessions, deployer, superuser, run, address, deployerName, superuserName } = await openGround();
const { clientBinaries } = inject("shared");
await run(`
  create table public.notes (id int primary key, org_id text, body text);
  alter table public.notes enable row level security;
  create policy own on public.notes to authenticated using (org_id = auth.jwt() -> 'app_metadata' ->> 'org_id');
  insert into public.notes values (1, 'o''ne', 'kept'), (2, 'two', 'kept');
`);
const ada = member({ id: "a0000000-0000-4000-8000-000000000001", orgId: "o'ne" });

/** What psql says to the outcome's script: rows as it prints them, and the SQLSTATE of an error. */
async function repeat(outcome: Outcome, user: string) {
  const { host, port, database, password = "" } = address(user);
  const said = await execa(
    `${clientBinaries}/psql`,
    [
      "-XqAt",
      "-v",
      "ON_ERROR_STOP=1",
      "-v",
      "VERBOSITY=verbose",
      "-h",
      host,
      "-p",
      String(port),
      "-U",
      user,
      database,
    ],
    { input: outcome.repeat, env: { PGPASSWORD: password }, reject: false },
  );
  return { printed: said.stdout.split("\n"), sqlstate: /ERROR: {2}(\w{5}):/.exec(said.stderr)?.[1] };
}

describe.runIf(clientBinaries)("psql, given the script of an outcome,", () => {
  const tried = [
    [
      "a success",
      () => sessions.as(ada).tries`update public.notes set body = ${"it's \\ new"} returning id, body`,
    ],
    [
      "values of many kinds",
      () =>
        sessions.as(ada)
          .tries`select ${null}::text, ${[1, 2]}::int[], ${{ a: "'" }}::jsonb, ${Buffer.from([0, 255])}::bytea`,
    ],
    ["a comment at the end", () => sessions.as(ada).tries("select 'last' -- one")],
    ["no rows", () => sessions.as(anon).tries("select id from public.notes;")],
    ["malformed claims", () => sessions.as(withClaims("{\\'")).tries`select auth.jwt()`],
    ["a refusal", () => sessions.as(ada).tries`insert into public.notes values (3, 'two')`],
    ["a failed commit", () => sessions.as(anon).does`create table public.no ()`],
    ["a deployer", () => deployer.tries`select current_user`],
  ] as const;

  it.each(tried)("shows %s again, as a superuser and as whoever had connected", async (_, attempt) => {
    const outcome = await attempt();
    const said = [
      await repeat(outcome, superuserName),
      await repeat(outcome, outcome.repeat.includes(deployerName) ? deployerName : "authenticator"),
    ];
    for (const { printed, sqlstate } of said) {
      if (!outcome.ok) expect(sqlstate).toBe(outcome.sqlstate);
      else {
        expect(sqlstate).toBeUndefined();
        expect(printed.filter((line) => line !== "").length).toBeGreaterThanOrEqual(outcome.rows.length);
      }
    }
    expect(said[0]?.printed).toEqual(said[1]?.printed);
  });

  it("prints the very values", async () => {
    const outcome = await sessions.as(ada).tries`select ${"it's \\ :new $1 $$"} || ${"?"}`;
    expect((await repeat(outcome, superuserName)).printed).toContain("it's \\ :new $1 $$?");
  });

  it("shows a transaction up to the statement in question", async () => {
    const outcomes: Outcome[] = [];
    await sessions.as(ada).transaction(
      async (tx) => {
        outcomes.push(await tx`update public.notes set body = 'changed'`);
        outcomes.push(await tx`select 1/0`);
        outcomes.push(await tx`select body from public.notes`);
      },
      { savepoints: true },
    );
    const [, division, last] = outcomes as [Outcome, Outcome, Outcome];
    expect((await repeat(division, superuserName)).sqlstate).toBe("22012");
    expect(last).toMatchObject({ ok: true, rows: [{ body: "changed" }] });
    expect(last.repeat).toContain("rollback to");
  });

  it("changes nothing", async () => {
    await repeat(await sessions.as(ada).tries`delete from public.notes returning id`, superuserName);
    expect(await superuser.reads`select body from public.notes`).toEqual([
      { body: "kept" },
      { body: "kept" },
    ]);
  });
});

describe("a statement", () => {
  it("means the same with its values bound and with its values written into it", async () => {
    const text = fc.string({ unit: "binary" }).filter((it) => !it.includes("\u0000"));
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const { literal } = compose(["select ", "::text as value"] as unknown as TemplateStringsArray, [
          value,
        ]);
        expect(await superuser.reads(literal)).toEqual(await superuser.reads`select ${value}::text as value`);
      }),
      { numRuns: 40 },
    );
  });
});
