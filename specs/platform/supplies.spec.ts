import { describe, expect, inject, it } from "vitest";
import { anon, claimless, member, service, signedIn, withClaims } from "../../harness/session/actor.ts";
import { openGround } from "../ground.ts";

const { superuser, deployer, deployerName, sessions } = await openGround();
const id = "a0000000-0000-4000-8000-000000000001";
const ada = member({ id, orgId: "b0000000-0000-4000-8000-000000000001" });

describe("auth", () => {
  it.each([
    ["uid", id, { sub: id }],
    ["role", "authenticated", {}],
    ["email", "ada@example.com", { email: "ada@example.com" }],
  ])("%s() reads %s from the claims as one JSON", async (name, expected, claims) => {
    const rows = await sessions.as(signedIn("ada", claims)).reads(`select auth.${name}()::text as value`);
    expect(rows).toEqual([{ value: expected }]);
  });

  it.each([
    ["uid", "sub", id],
    ["role", "role", "somebody"],
    ["email", "email", "ada@example.com"],
  ])("%s() prefers the single claim setting %s, where that is not empty", async (name, claim, value) => {
    const read = async (setting: string) => {
      const outcome = await sessions.as(ada).transaction(async (tx) => {
        await tx`select set_config(${`request.jwt.claim.${claim}`}, ${setting}, true)`;
        await tx(`select auth.${name}()::text as value`);
      });
      return outcome.ok ? outcome.rows[0]?.value : outcome.message;
    };
    const fallBack = { uid: id, role: "authenticated", email: null }[name];
    expect([await read(value), await read("")]).toEqual([value, fallBack]);
  });

  it("jwt() gives the whole claims", async () => {
    expect(await sessions.as(claimless).reads`select auth.jwt() as claims`).toEqual([
      { claims: { role: "authenticated" } },
    ]);
  });

  it.each([
    ["unset", undefined],
    ["empty", ""],
    ["an empty object", "{}"],
  ])("uid() and jwt() are quiet when the claims are %s", async (_, claims) => {
    const [row] = await sessions.as(withClaims(claims)).reads`select auth.uid(), auth.role()`;
    expect(row).toEqual({ uid: null, role: null });
  });

  it("uid() raises on claims that are no JSON, as the host's does", async () => {
    expect(await sessions.as(withClaims("{")).tries`select auth.uid()`).toMatchObject({ sqlstate: "22P02" });
  });

  it.each([anon, ada, service])("keeps its tables from $name", async (actor) => {
    for (const table of ["users", "identities", "sessions", "refresh_tokens"]) {
      expect(await sessions.as(actor).tries(`select from auth.${table}`)).toMatchObject({
        sqlstate: "42501",
      });
    }
  });

  it("belongs to the sign-in service, schema excepted", async () => {
    const owners = await superuser.reads`
      select distinct relowner::regrole::text as owner from pg_catalog.pg_class
      where relnamespace = 'auth'::regnamespace and relkind = 'r'`;
    expect(owners).toEqual([{ owner: "supabase_auth_admin" }]);
  });

  it("deletes what hangs on a user together with them", async () => {
    const outcome = await deployer.transaction(async (tx) => {
      await tx`insert into auth.users (id, email) values (${id}, 'ada@example.com')`;
      await tx`insert into auth.identities (user_id, provider_id, provider, identity_data)
        values (${id}, ${id}, 'email', '{"email": "Ada@example.com"}')`;
      await tx`delete from auth.users where id = ${id}`;
      await tx`select from auth.identities`;
    });
    expect(outcome).toMatchObject({ ok: true, count: 0 });
  });
});

describe("storage", () => {
  it.each([
    ["foldername", "a/b/c.tar.gz", "{a,b}"],
    ["foldername", "c.txt", "{}"],
    ["filename", "a/b/c.tar.gz", "c.tar.gz"],
    ["filename", "c.txt", "c.txt"],
    ["extension", "a/b/c.tar.gz", "gz"],
    ["extension", "a.b/c.txt", "txt"],
  ])("%s('%s') is '%s'", async (name, path, expected) => {
    const rows = await sessions.as(ada).reads(`select storage.${name}('${path}')::text as value`);
    expect(rows).toEqual([{ value: expected }]);
  });

  it("hides every object until a policy opens it", async () => {
    const attempt = (policy: string) =>
      superuser.transaction(async (tx) => {
        await tx`insert into storage.buckets (id, name) values ('b', 'b')`;
        await tx`insert into storage.objects (bucket_id, name) values ('b', 'a/c.txt')`;
        await tx(policy);
        await tx`set local role authenticated`;
        await tx`select path_tokens from storage.objects`;
      });
    expect(await attempt("select 1")).toMatchObject({ ok: true, rows: [] });
    const opened = await attempt(
      "create policy p on storage.objects to authenticated using (bucket_id = 'b')",
    );
    expect(opened).toMatchObject({ ok: true, rows: [{ path_tokens: ["a", "c.txt"] }] });
  });
});

describe("the database", () => {
  it("belongs to the deployer, in every clone", async () => {
    const [row] = await superuser.reads`
      select datdba::regrole::text as owner from pg_catalog.pg_database where datname = current_database()`;
    expect(row).toEqual({ owner: deployerName });
  });

  it("has the extensions of every project, in schema extensions", async () => {
    const rows = await superuser.reads`
      select extname, extnamespace::regnamespace::text as schema from pg_catalog.pg_extension
      where extname in ('pgcrypto', 'uuid-ossp', 'pgaudit') order by extname`;
    const expected = ["pgcrypto", "uuid-ossp", ...(inject("shared").pgaudit ? ["pgaudit"] : [])].sort();
    expect(rows).toEqual(expected.map((extname) => ({ extname, schema: "extensions" })));
  });

  it("lets a request call an extension's function without naming its schema", async () => {
    expect(await sessions.as(anon).reads`select length(uuid_generate_v4()::text) as n`).toEqual([{ n: 36 }]);
  });

  it("has the empty publication supabase_realtime, the deployer's", async () => {
    const rows = await superuser.reads`
      select pubowner::regrole::text as owner, puballtables as everything from pg_catalog.pg_publication
      where pubname = 'supabase_realtime'`;
    expect(rows).toEqual([{ owner: deployerName, everything: false }]);
  });
});
