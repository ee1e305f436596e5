import { describe, expect, inject, it } from "vitest";
import { anon, member } from "../../harness/session/actor.ts";
import { openGround } from "../ground.ts";

const { superuser, deployer, sessions, deployerName } = await openGround();
const { major } = inject("shared");

const attributes = {
  [deployerName]: "bypassrls createdb createrole inherit login replication",
  anon: "inherit",
  authenticated: "inherit",
  service_role: "bypassrls inherit",
  authenticator: "login",
  supabase_auth_admin: "createrole login",
  supabase_storage_admin: "createrole login",
  supabase_realtime_admin: "createrole login replication",
  supabase_replication_admin: "inherit login replication",
  supabase_read_only_user: "bypassrls inherit login",
  pgbouncer: "inherit login",
};

describe("of the platform's roles", () => {
  it.each(Object.entries(attributes))("%s is %s", async (name, expected) => {
    const [row] = await superuser.reads`
      select pg_catalog.concat_ws(' ',
        case when rolbypassrls then 'bypassrls' end, case when rolcreatedb then 'createdb' end,
        case when rolcreaterole then 'createrole' end, case when rolinherit then 'inherit' end,
        case when rolcanlogin then 'login' end, case when rolreplication then 'replication' end,
        case when rolsuper then 'superuser' end
      ) as attributes
      from pg_catalog.pg_roles where rolname = ${name}`;
    expect(row).toEqual({ attributes: expected });
  });

  it.each([
    ["anon", ["statement_timeout=3s"]],
    ["authenticated", ["statement_timeout=8s"]],
    ["authenticator", ["statement_timeout=8s", "lock_timeout=8s"]],
    ["service_role", null],
    [deployerName, ["search_path=public, extensions"]],
  ])("%s has the settings %j", async (name, settings) => {
    const [row] = await superuser.reads`select rolconfig from pg_catalog.pg_roles where rolname = ${name}`;
    expect(row).toEqual({ rolconfig: settings });
  });

  it.each([
    ["authenticator", ["anon", "authenticated", "service_role"]],
    ["supabase_storage_admin", ["authenticator"]],
    ["anon", []],
    ["authenticated", []],
    ["service_role", []],
    ["supabase_auth_admin", []],
  ])("%s may become exactly %j", async (name, expected) => {
    const [row] = await superuser.reads`
      select coalesce(pg_catalog.array_agg(roleid::regrole::text order by roleid::regrole::text), '{}') as roles
      from pg_catalog.pg_auth_members where member = ${name}::regrole`;
    expect(row).toEqual({ roles: expected });
  });

  it("authenticator has no privilege of the roles that it may become", async () => {
    await deployer.does`create table public.things (id int)`;
    const [row] = await superuser.reads`
      select pg_catalog.has_table_privilege('authenticator', 'public.things', 'select') as inherited`;
    expect(row).toEqual({ inherited: false });
  });
});

describe("the deployer", () => {
  it.each(["anon", "authenticated", "service_role"])("may become %s", async (role) => {
    expect(await deployer.tries(`set local role ${role}`)).toMatchObject({ ok: true });
  });

  it.each(["supabase_auth_admin", "supabase_storage_admin", "supabase_admin"])(
    "may not become %s",
    async (role) => {
      expect(await deployer.tries(`set local role ${role}`)).toMatchObject({ ok: false, sqlstate: "42501" });
    },
  );

  it.each([
    "create table public.own (id int)",
    "create schema own",
    "create function extensions.own() returns int language sql return 1",
    "create role own_role",
    "alter role anon set statement_timeout = '5s'",
    "alter role authenticator set pgaudit.log = 'read, write'",
    "alter role authenticator set pgaudit.log_relation = on",
    "alter role authenticator set pgaudit.role = 'auditor'",
    "set local session_replication_role = replica",
    "create publication own for table public.ours",
    "alter publication supabase_realtime add table public.ours",
    "create extension citext schema extensions",
    "create extension if not exists moddatetime schema extensions",
    "create policy own on storage.objects for select to authenticated using (bucket_id = 'own')",
    "insert into storage.buckets (id, name) values ('own', 'own')",
    "insert into auth.users (id) values (gen_random_uuid())",
    "create trigger own after insert on auth.users for each row execute function public.nothing()",
    "create table public.profiles (id uuid primary key references auth.users on delete cascade)",
    "alter default privileges in schema public revoke all on tables from anon",
  ])("may %s", async (sql) => {
    const outcome = await deployer.transaction(async (tx) => {
      await tx`create table public.ours (id int primary key)`;
      await tx`create function public.nothing() returns trigger language plpgsql as 'begin return new; end'`;
      await tx(sql);
    });
    expect(outcome).toMatchObject({ ok: true });
  });

  it.each([
    "create table auth.own (id int)",
    "create function auth.own() returns int language sql return 1",
    "create or replace function auth.uid() returns uuid language sql stable return null::uuid",
    "alter table auth.users add column own int",
    "alter table auth.users disable row level security",
    "create table storage.own (id int)",
    "drop schema auth",
    "alter role supabase_admin nosuperuser",
    "alter system set pgaudit.log = 'read'",
    "create extension file_fdw schema extensions",
    "create event trigger own on ddl_command_end execute function public.nothing()",
    "set local log_parameter_max_length = 1",
  ])("may not %s", async (sql) => {
    const outcome = await deployer.transaction(async (tx) => {
      await tx`create function public.nothing() returns event_trigger language plpgsql as 'begin end'`;
      await tx(sql);
    });
    expect(outcome).toMatchObject({ ok: false, sqlstate: expect.stringMatching(/^(42501|25001)$/) });
  });

  it.runIf(inject("shared").pgaudit)("may not have the audit log write parameters", async () => {
    const outcome = await deployer.tries`alter role authenticator set pgaudit.log_parameter = on`;
    expect(outcome).toMatchObject({ ok: false, sqlstate: "42501" });
  });

  it.runIf(major >= 16)("administers authenticator without becoming it", async () => {
    expect(await deployer.tries`set local role authenticator`).toMatchObject({
      ok: false,
      sqlstate: "42501",
    });
  });

  it("owns the database, and so may create in public while the API roles may not", async () => {
    expect(await sessions.as(anon).tries`create table public.own (id int)`).toMatchObject({
      sqlstate: "42501",
    });
    const ada = member({ id: "a0000000-0000-4000-8000-000000000001", orgId: "o" });
    expect(await sessions.as(ada).tries`create table public.own (id int)`).toMatchObject({
      sqlstate: "42501",
    });
  });

  it("sees rows that row level security hides from others", async () => {
    const outcome = await deployer.transaction(async (tx) => {
      await tx`insert into auth.users (id) values ('a0000000-0000-4000-8000-000000000001')`;
      await tx`select from auth.users`;
    });
    expect(outcome).toMatchObject({ ok: true, count: 1 });
  });
});
