import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Actor,
  anon,
  claimless,
  claimsText,
  member,
  service,
  withClaims,
} from "../../harness/session/actor.ts";
import { openSessions } from "../../harness/session/session.ts";
import { openGround } from "../ground.ts";

const { sessions, run, address, superuser } = await openGround();
await run(`
  create table public.marks (id bigserial primary key, note text);
  create function public.poison() returns void language plpgsql as $$
  begin
    perform set_config('request.jwt.claims', '{"sub":"00000000-0000-4000-8000-00000000dead"}', false);
    perform set_config('app.tenant', 'poisoned', false);
    perform set_config('search_path', 'poisoned', false);
    perform pg_advisory_lock(4711);
    listen poisoned;
    create temporary table marks (note text);
  end $$;
`);

const numbered = (n: number): Actor =>
  member({ id: `a0000000-0000-4000-8000-00000000000${n}`, orgId: `org-${n}`, name: `member ${n}` });
const actors = [...[1, 2, 3].map(numbered), anon, service, claimless, withClaims("{"), withClaims(undefined)];

const whoAmI = `
  select current_user as role, nullif(current_setting('request.jwt.claims', true), '') as claims,
    nullif(current_setting('app.tenant', true), '') as tenant, current_setting('search_path') as path,
    to_regclass('pg_temp.marks') as temporary, array(select pg_listening_channels()) as channels,
    (select count(*)::int from pg_locks where pid = pg_backend_pid() and locktype = 'advisory') as locks,
    (select count(*)::int from pg_prepared_statements where name <> '') as plans,
    (select count(*)::int from pg_cursors where name <> '') as cursors`;
const clean = {
  ...{ tenant: null, path: '"public", "extensions"', temporary: null, channels: [] },
  ...{ locks: 0, plans: 0, cursors: 0 },
};

/** What a session might try to leave behind for whoever comes next. */
const mischief = [
  "select public.poison()",
  "set role service_role",
  "set session authorization default",
  "select set_config('role', 'service_role', false)",
  "reset role",
  "prepare left_behind as select 1",
  "declare left_behind cursor with hold for select 1",
  "set statement_timeout = 1",
  "set default_transaction_read_only = on",
  "deallocate all",
  "select 1/0",
  "select nonsense",
  "insert into public.marks (note) values ('kept')",
  "copy public.marks (note) from stdin",
  "select pg_cancel_backend(pg_backend_pid()), pg_sleep(1)",
];

const whatAnybodyDoes = fc.record({
  actor: fc.constantFrom(...actors),
  sql: fc.constantFrom(...mischief),
  how: fc.constantFrom("does" as const, "tries" as const, "reads" as const, "transaction" as const),
});

async function act({ actor, sql, how }: { actor: Actor; sql: string; how: string }): Promise<void> {
  const speaker = sessions.as(actor);
  if (how === "does") await speaker.does(sql);
  else if (how === "tries") await speaker.tries(sql);
  else if (how === "reads") await speaker.reads(sql).catch(() => {});
  else {
    await speaker.transaction(async (tx) => void (await Promise.all([tx(sql), tx(whoAmI)])), {
      commit: true,
    });
  }
}

describe("claims", () => {
  it("reach nobody else, whatever others do on the same connections at the same time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(whatAnybodyDoes, { minLength: 10, maxLength: 30 }), async (deeds) => {
        const seen = await Promise.all(
          deeds.map(async (deed) => {
            const [rows] = await Promise.all([sessions.as(deed.actor).reads(whoAmI), act(deed)]);
            return { actor: deed.actor, row: rows[0] };
          }),
        );
        for (const { actor, row } of seen) {
          expect(row).toEqual({ ...clean, role: actor.role, claims: claimsText(actor) || null });
        }
      }),
      { numRuns: 12 },
    );
  });

  it.each(mischief)("are followed by a clean session after %s, committed or not", async (sql) => {
    // One connection: whoever comes next gets the very one.
    await using narrow = openSessions(address("authenticator"), { size: 1 });
    const [before] = await narrow.as(anon).reads`select pg_backend_pid() as pid`;
    for (const how of ["does", "tries"] as const) {
      await narrow.as(service)[how](sql);
      expect(await narrow.as(claimless).reads(whoAmI)).toEqual([
        { ...clean, role: "authenticated", claims: '{"role":"authenticated"}' },
      ]);
    }
    expect(await narrow.as(anon).reads`select pg_backend_pid() as pid`).toEqual([before]);
  });

  it("do not reach the next experiment of a batch, nor does anything else", async () => {
    const batch = mischief.flatMap((sql) => [
      { actor: service, sql },
      { actor: numbered(1), sql: whoAmI },
    ]);
    const outcomes = await sessions.attempt(batch);
    const seen = outcomes.filter((_, index) => index % 2 === 1);
    expect(seen).toHaveLength(mischief.length);
    for (const outcome of seen) {
      expect(outcome).toMatchObject({
        rows: [{ ...clean, role: "authenticated", claims: claimsText(numbered(1)) }],
      });
    }
  });

  it("end with a transaction whose work throws", async () => {
    const failing = sessions.as(service).transaction(async (tx) => {
      await tx`insert into public.marks (note) values ('thrown away')`;
      throw new Error("changed my mind");
    });
    await expect(failing).rejects.toThrow("changed my mind");
    expect(await superuser.reads`select from public.marks where note = 'thrown away'`).toEqual([]);
  });

  it("do not serve a statement that comes after its transaction ended", async () => {
    let late: (() => Promise<unknown>) | undefined;
    await sessions.as(service).transaction(async (tx) => {
      late = () => tx`select 1`;
    });
    await expect(late?.()).rejects.toMatchObject({ code: "USAGE" });
  });
});

describe("a pool", () => {
  it("opens no more connections than it may, and closes all of them", async () => {
    const count = () => superuser.reads`
      select count(*)::int as n from pg_stat_activity where datname = current_database() and usename = 'authenticator'`;
    await using crowd = openSessions(address("authenticator"), { size: 3 });
    const others = Number((await count())[0]?.n);
    const many = Array.from({ length: 20 }, () => crowd.as(anon).tries`select pg_sleep(0.01)`);
    await Promise.all(many);
    expect(await count()).toEqual([{ n: others + 3 }]);
    await crowd[Symbol.asyncDispose]();
    await expect.poll(count).toEqual([{ n: others }]);
  });

  it("waits for what is under way before it closes", async () => {
    const closing = openSessions(address("authenticator"));
    const outcome = closing.as(anon).tries`select pg_sleep(0.1)`;
    await closing[Symbol.asyncDispose]();
    expect(await outcome).toMatchObject({ ok: true });
  });
});
