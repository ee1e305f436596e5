import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anon, member, service } from "../../harness/session/actor.ts";
import { openGround } from "../ground.ts";

const { sessions, run, superuser } = await openGround();
const orgs = ["b0000000-0000-4000-8000-000000000001", "b0000000-0000-4000-8000-000000000002"] as const;
await run(`
  create table public.notes (id int primary key, org_id uuid not null, body text);
  alter table public.notes enable row level security;
  create policy own on public.notes to authenticated
    using (org_id = (auth.jwt() -> 'app_metadata' ->> 'org_id')::uuid);
  create table public.parents (id int primary key);
  create table public.children (parent int references public.parents deferrable initially deferred);
  create function public.frozen() returns uuid language sql immutable as 'select auth.uid()';
  create function public.live() returns uuid language sql stable as 'select auth.uid()';
  revoke all on public.notes from anon;
  insert into public.notes select n, ('b0000000-0000-4000-8000-00000000000' || n % 2 + 1)::uuid, 'n' || n
  from generate_series(1, 10) as n;
`);
const [ada, bob] = orgs.map((orgId, n) =>
  member({ id: `a0000000-0000-4000-8000-00000000000${n}`, orgId }),
) as [ReturnType<typeof member>, ReturnType<typeof member>];

const statements = [
  "select * from public.notes order by id",
  "update public.notes set body = 'changed' returning id",
  "delete from public.notes",
  `insert into public.notes values (11, '${orgs[0]}', 'new')`,
  "insert into public.notes values (1, null)",
  "insert into public.children values (1)",
  "truncate public.notes",
  "copy public.notes to stdout",
  "copy public.notes from stdin",
  "select auth.uid()",
  "select 1/0",
  "nonsense",
  "",
];

describe("attempt", () => {
  it("comes to the same outcomes as trying one by one, in any order and mixture", async () => {
    const experiment = fc.record({
      actor: fc.constantFrom(ada, bob, anon, service),
      sql: fc.constantFrom(...statements),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(experiment, { minLength: 1, maxLength: 40 }), async (experiments) => {
        const batch = await sessions.attempt(experiments);
        const single = await Promise.all(experiments.map(({ actor, sql }) => sessions.as(actor).tries(sql)));
        expect(batch).toEqual(single);
      }),
      { numRuns: 15 },
    );
  });

  it("shows each actor their own rows only", async () => {
    const [hers, his, none] = await sessions.attempt(
      [ada, bob, anon].map((actor) => ({ actor, sql: "select distinct org_id from public.notes" })),
    );
    expect([hers, his]).toMatchObject(orgs.map((org_id) => ({ ok: true, rows: [{ org_id }] })));
    expect(none).toMatchObject({ ok: false, sqlstate: "42501" });
  });

  it("finds what a commit would refuse", async () => {
    const [outcome] = await sessions.attempt([{ actor: ada, sql: "insert into public.children values (1)" }]);
    expect(outcome).toMatchObject({ ok: false, sqlstate: "23503" });
  });

  it("changes nothing", async () => {
    const rows = () => superuser.reads`select * from public.notes order by id`;
    const before = await rows();
    await sessions.attempt([ada, bob, service].flatMap((actor) => statements.map((sql) => ({ actor, sql }))));
    expect(await rows()).toEqual(before);
  });

  it("copies the input that an experiment brings", async () => {
    const input = `21\t${orgs[0]}\tx\n22\t${orgs[0]}\ty\n`;
    const sql = "copy public.notes from stdin";
    const outcomes = await sessions.attempt([
      { actor: service, sql, input },
      { actor: service, sql, input: "not a row\n" },
      { actor: ada, sql, input },
      { actor: anon, sql, input },
      { actor: ada, sql: "select 1 as one", input },
    ]);
    expect(outcomes).toMatchObject([
      { ok: true, count: 2 },
      { ok: false, sqlstate: "22P02" },
      { ok: false, sqlstate: "0A000" },
      { ok: false, sqlstate: "42501" },
      { ok: true, rows: [{ one: 1 }] },
    ]);
  });

  it("has a fault, not an outcome, where one actor cannot begin", async () => {
    const stranger = { name: "stranger", role: "nobody", claims: {} };
    const batch = sessions.attempt([ada, stranger, ada].map((actor) => ({ actor, sql: "select 1" })));
    await expect(batch).rejects.toMatchObject({ code: "SESSION_REFUSED" });
    expect(await sessions.attempt([{ actor: ada, sql: "select 1 as one" }])).toMatchObject([
      { rows: [{ one: 1 }] },
    ]);
  });

  it("of nothing is nothing", async () => {
    expect(await sessions.attempt([])).toEqual([]);
  });
});

describe("a prepared statement", () => {
  it.each([
    ["frozen", "shows the first actor's id to the second", ada],
    ["live", "shows everyone their own id", bob],
  ])("that calls a %s function of the claims %s", async (name, _, seenByBob) => {
    const outcomes = await sessions.prepared(`select public.${name}() as id`, async (runAs) => [
      await runAs(ada),
      await runAs(bob),
    ]);
    const idOf = ({ claims }: typeof ada) => (claims as { sub: string }).sub;
    expect(outcomes).toMatchObject([{ rows: [{ id: idOf(ada) }] }, { rows: [{ id: idOf(seenByBob) }] }]);
  });

  it("that one actor may not run is tried afresh by the next", async () => {
    const outcomes = await sessions.prepared("select count(*)::int as n from public.notes", async (runAs) => [
      await runAs(anon),
      await runAs(ada),
      await runAs(service),
    ]);
    expect(outcomes).toMatchObject([{ sqlstate: "42501" }, { rows: [{ n: 5 }] }, { rows: [{ n: 10 }] }]);
  });
});
