import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { withConnection } from "../../../harness/engine/connection.ts";
import { makeScratch } from "../../engine/machines.ts";
import { dump, makeSource, restore, stateOf } from "./dumps.ts";

let scratch: Awaited<ReturnType<typeof makeScratch>>;
beforeAll(async () => {
  scratch = await makeScratch();
});
afterAll(() => scratch[Symbol.asyncDispose]());

const at = (name: string) => join(scratch.folder, name);
const asSuperuser = (...statements: readonly string[]) =>
  withConnection(inject("shared").superuser, async (superuser) => {
    for (const statement of statements) await superuser.query(statement);
  });

const formats = [
  ["custom", ["--format=custom"]],
  ["plain", []],
] as const;

describe("roles that the server lacks", () => {
  it.each(formats)("are made without a login where a %s dump names them", async (format, args) => {
    const [owner, reader, creator] = ["owner", "reader", "creator"].map((one) => `snap_${format}_${one}`);
    const roles = [owner, reader, creator].join(", ");
    await asSuperuser(...[owner, reader, creator].map((role) => `create role ${role}`));
    const source = await makeSource(
      "create table public.t (a int); alter table public.t enable row level security;",
    );
    await withConnection(source.address(inject("shared").superuser.user), (connection) =>
      connection.query(`
        alter table public.t owner to ${owner};
        create policy p on public.t to ${reader} using (true);
        alter default privileges for role ${creator} in schema public grant select on tables to ${reader}`),
    );
    const before = await stateOf(source);
    const path = await dump(source, at(`roles-${format}`), ...args);
    await source[Symbol.asyncDispose]();
    await asSuperuser(`drop role ${roles}`);
    const { database, supplied } = await restore(path);
    expect((await stateOf(database)).picture).toEqual(before.picture);
    for (const role of [owner, reader, creator]) {
      expect(supplied).toContain(`role ${role}: made, without a login; the snapshot names it`);
    }
    await database[Symbol.asyncDispose]();
    await asSuperuser(`drop role ${roles}`);
  });
});

describe("settings of the dumped database", () => {
  it.each([
    ["an archive", ["--format=custom"]],
    ["plain SQL that makes its database", ["--create"]],
  ])("in %s hold in ours", async (name, args) => {
    await using source = await makeSource("create table public.t (a int);");
    const settings = async (database: typeof source) =>
      withConnection(database.address(inject("shared").superuser.user), async (connection) => {
        const { rows } = await connection.query(
          `select setrole::regrole::text as role, setconfig from pg_db_role_setting
           where setdatabase = (select oid from pg_database where datname = current_database()) order by 1`,
        );
        return rows;
      });
    await asSuperuser(
      `alter database ${source.name} set "app.mode" = 'it''s on'`,
      `alter role anon in database ${source.name} set search_path = public, extensions`,
    );
    const path = await dump(source, at(`settings ${name}`), ...args);
    const { database } = await restore(path);
    await using _ = database;
    const found = await settings(database);
    expect(found).toHaveLength(2);
    expect(found).toEqual(await settings(source));
  });
});

/** A custom archive whose extension is one that no server here has: names of the same length change places. */
async function withoutExtension(schema: string, other: string): Promise<string> {
  await using source = await makeSource(`create extension hstore schema public; ${schema}`);
  const path = await dump(source, at(other), "--format=custom");
  const bytes = await readFile(path);
  await writeFile(path, Buffer.from(bytes.toString("latin1").replaceAll("hstore", other), "latin1"));
  return path;
}

describe("an extension that the server lacks", () => {
  it("is left out with what is said of it, where only the host uses it", async () => {
    const path = await withoutExtension(
      "grant execute on function public.akeys(public.hstore) to anon;",
      "pg_net",
    );
    const restored = await restore(path);
    await using _ = restored.database;
    expect(restored.supplied).toContain("extension pg_net: left out, since this server does not have it");
    expect(restored.explained.join("\n")).toMatch(
      /GRANT on an object of an extension that was left out \(pg_net\)/,
    );
  });

  it("is left out of plain SQL just so", async () => {
    const path = at("graphql.sql");
    await writeFile(
      path,
      "CREATE EXTENSION IF NOT EXISTS pg_graphql WITH SCHEMA graphql;\nCOMMENT ON EXTENSION pg_graphql IS 'x';\nGRANT ALL ON FUNCTION graphql.resolve() TO anon;\nCREATE TABLE public.t (a int);\nCOPY graphql.kept (a) FROM stdin;\n1\n\\.\nCOPY public.t (a) FROM stdin;\n1\n\\.\n",
    );
    const { database, supplied, explained } = await restore(path);
    const { data } = await stateOf(database);
    await database[Symbol.asyncDispose]();
    expect(supplied).toContain("extension pg_graphql: left out, since this server does not have it");
    expect(explained.join("\n")).toMatch(/GRANT on an object.*\n.*COPY on a table/);
    expect(data.get("public.t")).toMatch(/^1 rows/);
  });

  it("leaves the restore incomplete where a table needs it, and says what has it", async () => {
    const path = await withoutExtension("create table public.needy (a public.hstore);", "xstore");
    await expect(restore(path)).rejects.toMatchObject({
      code: "RESTORE_INCOMPLETE",
      message: expect.stringMatching(/CREATE TABLE public\.needy: type "public\.xstore" does not exist/),
      hint: expect.stringMatching(/lacks xstore.*TENANTPROOF_IMAGE/),
    });
  });

  it("is not taken as the reason where what fails is more than a remark", async () => {
    const path = await withoutExtension("create table public.needy (a public.hstore);", "pg_net");
    await expect(restore(path)).rejects.toMatchObject({
      code: "RESTORE_INCOMPLETE",
      message: expect.stringMatching(/public\.needy/),
    });
  });
});

const userId = "00000000-0000-0000-0000-000000000001";

async function supabaseDump(name: string): Promise<string> {
  const { deployer } = inject("shared");
  const path = at(name);
  await mkdir(path);
  const files = {
    "roles.sql": `SET statement_timeout = 0;
CREATE ROLE "snap_supabase";
ALTER ROLE "snap_supabase" WITH NOSUPERUSER NOLOGIN;
RESET ALL;
`,
    "schema.sql": `SELECT pg_catalog.set_config('search_path', '', false);
CREATE EXTENSION IF NOT EXISTS "pgcrypto" WITH SCHEMA "extensions";
CREATE SCHEMA IF NOT EXISTS "app";
CREATE TABLE IF NOT EXISTS "public"."profiles" ("id" uuid NOT NULL PRIMARY KEY REFERENCES "auth"."users"("id"));
ALTER TABLE "public"."profiles" OWNER TO "${deployer}";
ALTER TABLE "public"."profiles" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own" ON "public"."profiles" TO "authenticated" USING (("id" = "auth"."uid"()));
GRANT SELECT ON TABLE "public"."profiles" TO "authenticated";
ALTER DEFAULT PRIVILEGES FOR ROLE "${deployer}" IN SCHEMA "public" GRANT SELECT ON TABLES TO "service_role";
RESET ALL;
`,
    "data.sql": `SET session_replication_role = replica;
COPY "public"."profiles" ("id") FROM stdin;
${userId}
\\.
COPY "auth"."users" ("id", "email", "raw_app_meta_data", "is_anonymous", "quota", "archived_at") FROM stdin;
${userId}	a@example.com	{"a": 1}	f	12	2026-01-01 00:00:00+00
\\.
COPY "auth"."mfa_factors" ("id", "user_id", "created_at") FROM stdin;
1	${userId}	2026-01-01 00:00:00+00
\\.
SELECT pg_catalog.setval('"auth"."refresh_tokens_id_seq"', 7, true);
SELECT pg_catalog.setval('"pgsodium"."key_key_id_seq"', 1, false);
RESET ALL;
`,
  };
  for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
  return path;
}

describe("the three files of the Supabase CLI", () => {
  afterAll(() => asSuperuser("drop role if exists snap_supabase"));

  it("find the platform that they leave out, with room for rows that it does not know", async () => {
    const restored = await restore(await supabaseDump("supabase"));
    await using database = restored.database;
    const found = await withConnection(
      database.address(inject("shared").superuser.user),
      async (connection) => {
        const { rows } = await connection.query(`
        select u.email, u.quota, u.archived_at::text as archived, f.user_id as factor, s.last_value::int as last,
               has_table_privilege('anon', 'public.profiles', 'select') as anon
        from public.profiles p join auth.users u using (id), auth.mfa_factors f, auth.refresh_tokens_id_seq s`);
        return rows[0];
      },
    );
    expect(found).toMatchObject({
      email: "a@example.com",
      quota: "12",
      factor: userId,
      last: 7,
      anon: false,
    });
    expect(restored.supplied).toEqual(
      expect.arrayContaining([
        "schema auth: of the platform; the snapshot leaves it out",
        "table auth.users: quota, archived_at added as stand-ins; the snapshot has rows with them",
        "table auth.mfa_factors: a stand-in without keys or policies; the snapshot has only its rows",
      ]),
    );
    expect(restored.explained.join("\n")).toMatch(
      /setval of a sequence that the platform's own services have/,
    );
  });

  it("bring default privileges; the platform keeps those of creators that they say nothing of", async () => {
    const { database, explained } = await restore(await supabaseDump("defaults"));
    await using _ = database;
    // The role is there from the dump before.
    expect(explained.join("\n")).toMatch(/CREATE ROLE snap_supabase/);
    const { superuser, deployer } = inject("shared");
    const given = async (creator: string) => {
      await withConnection(database.address(superuser.user), (connection) =>
        connection.query(`set role ${creator}; create table public.of_${creator} ()`),
      );
      return withConnection(database.address(superuser.user), async (connection) => {
        const { rows } = await connection.query(
          `select r as role from unnest(array['anon', 'service_role']) r where has_table_privilege(r, 'public.of_${creator}', 'select')`,
        );
        return rows.map(({ role }) => role);
      });
    };
    expect(await given(deployer)).toEqual(["service_role"]);
    expect(await given("supabase_admin")).toEqual(["anon", "service_role"]);
  });

  it.each(["schema.sql", "data.sql"])("are refused when %s lacks its end", async (file) => {
    const path = await supabaseDump(`cut-${file}`);
    const text = await readFile(join(path, file), "utf8");
    await writeFile(join(path, file), text.replace("RESET ALL;\n", ""));
    await expect(restore(path)).rejects.toMatchObject({
      code: "SNAPSHOT_UNREADABLE",
      message: expect.stringMatching(/RESET ALL/),
      where: expect.stringContaining(file),
    });
  });
});
