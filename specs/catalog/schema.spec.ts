import { beforeAll, describe, expect, it } from "vitest";
import type { Routine, Schema, Table, View } from "../../harness/catalog/model.ts";
import { key, readSchema } from "../../harness/catalog/schema.ts";
import { dependencyOrder, tenantTables } from "../../harness/catalog/tenancy.ts";
import { withConnection } from "../../harness/engine/connection.ts";
import { openGround } from "../ground.ts";

const ground = await openGround({ privileges: "closed" });
let schema: Schema;
let searchPath: unknown;

beforeAll(async () => {
  await ground.run(
    `
    create extension if not exists citext schema public;
    create schema closed;
    create type public.mood as enum ('sad', 'happy');
    create domain public.code as varchar(6) check (value ~ '^a');
    create domain public.long_code as public.code not null check (length(value) > 2);
    create table public.orgs (id uuid primary key default gen_random_uuid());
    create table public.items (
      id bigint generated always as identity primary key,
      org_id uuid not null references public.orgs (id) on delete cascade,
      code public.long_code,
      codes public.code[] not null default '{}',
      moods public.mood[],
      price numeric(8, 2) check (price > 0),
      doubled numeric generated always as (price * 2) stored,
      span int4range,
      unique (org_id, code)
    );
    create unique index items_lower on public.items (lower(code::text)) where price > 5;
    alter table public.items enable row level security;
    create policy mine on public.items as restrictive for update to authenticated using (true) with check (price < 9);
    create policy everybody on public.items using (false);
    grant select on public.items to authenticated;
    grant update (price) on public.items to anon;
    create view public.shown with (security_invoker = true) as select id, price from public.items;
    create view public.counted as select count(*) as n from public.items;
    create materialized view public.kept as select 1 as n;
    create function public.sum_up(a integer, out total bigint, b text default 'x') language sql stable security definer
      set search_path = '' as 'select 1::bigint';
    create function closed.watch() returns trigger language plpgsql as 'begin return new; end';
    create trigger watch after insert on public.items for each row execute function closed.watch();
    revoke execute on function public.sum_up from public;
    grant execute on function public.sum_up to service_role;
    create table closed.a (id integer primary key, b_id integer);
    create table closed.b (id integer primary key, a_id integer references closed.a (id));
    alter table closed.a add foreign key (b_id) references closed.b (id);
    create table closed.tree (id integer primary key, parent_id integer references closed.tree (id));
  `,
    ground.superuserName,
  );
  await withConnection(ground.address(ground.superuserName), async (connection) => {
    await connection.query("set search_path = closed, public");
    schema = await readSchema(connection, {
      roles: ["anon", "authenticated", "service_role", "public", "nobody_here"],
    });
    searchPath = (await connection.query("show search_path")).rows[0];
  });
});

const table = (name: string) => schema.tables.find((one) => key(one) === name) as Table;
const view = (name: string) => schema.views.find((one) => key(one) === name) as View;
const routine = (name: string) => schema.routines.find((one) => key(one) === name) as Routine;

describe("the schema of a database tells", () => {
  it.each([
    ["id", { type: "bigint", baseType: "int8", notNull: true, identity: "always", hasDefault: true }],
    ["code", { type: "public.long_code", baseType: "varchar", maxLength: 6, notNull: true, isArray: false }],
    [
      "codes",
      {
        type: "public.code[]",
        baseType: "varchar",
        maxLength: 6,
        isArray: true,
        domain: null,
        hasDefault: true,
      },
    ],
    [
      "moods",
      { baseType: "mood", category: "enum", enumLabels: ["sad", "happy"], isArray: true, notNull: false },
    ],
    ["price", { type: "numeric(8,2)", precision: 8, scale: 2, hasDefault: false }],
    ["doubled", { generated: "stored", hasDefault: false, default: null }],
    ["span", { category: "range", rangeOf: "int4" }],
  ])("the type of column %s", (name, facts) => {
    expect(table("public.items").columns.find((column) => column.name === name)).toMatchObject(facts);
  });

  it("the checks of every domain below a column", () => {
    const checks = (name: string) => table("public.items").columns.find((column) => column.name === name);
    expect(checks("code")?.domain?.checks.map(({ name }) => name)).toEqual(["long_code_check", "code_check"]);
    expect(checks("codes")?.elementChecks.map(({ name }) => name)).toEqual(["code_check"]);
  });

  it("keys, foreign keys and checks", () => {
    const { primaryKey, uniques, foreignKeys, checks } = table("public.items");
    expect(primaryKey).toEqual(["id"]);
    expect(
      uniques.map(({ name, columns, hasExpressions, predicate }) => [
        name,
        columns,
        hasExpressions,
        predicate,
      ]),
    ).toEqual([
      ["items_lower", [], true, "(price > (5)::numeric)"],
      ["items_org_id_code_key", ["org_id", "code"], false, null],
      ["items_pkey", ["id"], false, null],
    ]);
    expect(foreignKeys).toMatchObject([
      {
        columns: ["org_id"],
        target: { schema: "public", name: "orgs", columns: ["id"] },
        onDelete: "cascade",
      },
    ]);
    expect(checks.map(({ definition }) => definition)).toEqual(["CHECK ((price > (0)::numeric))"]);
  });

  it("row security, policies and triggers", () => {
    const { rls, forced, policies, triggers } = table("public.items");
    expect([rls, forced]).toEqual([true, false]);
    expect(policies).toEqual([
      { name: "everybody", command: "ALL", permissive: true, roles: ["public"], using: "false", check: null },
      {
        name: "mine",
        command: "UPDATE",
        permissive: false,
        roles: ["authenticated"],
        using: "true",
        check: "(price < (9)::numeric)",
      },
    ]);
    expect(triggers).toMatchObject([
      { name: "watch", enabled: true, function: { schema: "closed", name: "watch" } },
    ]);
  });

  it("what each role may do in the end, column by column", () => {
    const { privileges, columnPrivileges } = table("public.items");
    expect(privileges).toEqual({ anon: [], authenticated: ["SELECT"], service_role: [], public: [] });
    expect(columnPrivileges.anon).toMatchObject({ SELECT: [], UPDATE: ["price"] });
    expect(columnPrivileges.authenticated?.SELECT).toHaveLength(8);
  });

  it("what a view passes on, and as whom it reads", () => {
    expect(view("public.shown")).toMatchObject({
      securityInvoker: true,
      materialized: false,
      writable: ["INSERT", "UPDATE", "DELETE"],
    });
    expect(view("public.counted")).toMatchObject({ securityInvoker: false, writable: [] });
    expect(view("public.kept")).toMatchObject({ materialized: true, writable: [] });
  });

  it("who may call a function, how, and as whom it runs", () => {
    expect(routine("public.sum_up")).toMatchObject({
      identityArguments: "a integer, OUT total bigint, b text",
      arguments: [
        { name: "a", type: "integer", mode: "in", hasDefault: false },
        { name: "total", type: "bigint", mode: "out", hasDefault: false },
        { name: "b", type: "text", mode: "in", hasDefault: true },
      ],
      securityDefiner: true,
      volatility: "stable",
      config: ['search_path=""'],
      executableBy: ["service_role"],
      isTrigger: false,
    });
    expect(routine("closed.watch")).toMatchObject({
      isTrigger: true,
      executableBy: ["anon", "authenticated", "service_role", "public"],
    });
  });

  it("sequences with the columns that own them, schemas and roles", () => {
    const sequence = schema.sequences.find(({ name }) => name === "items_id_seq");
    expect(sequence).toMatchObject({
      ownedBy: { schema: "public", name: "items", column: "id" },
      privileges: { anon: [] },
    });
    expect(schema.namespaces.find(({ name }) => name === "closed")).toMatchObject({
      usableBy: [],
      creatableBy: [],
    });
    expect(schema.roles.find(({ name }) => name === "service_role")).toMatchObject({
      bypassRls: true,
      superuser: false,
    });
  });

  it("nothing of extensions, nor of roles that do not exist", () => {
    expect(schema.routines.filter(({ name }) => name.startsWith("citext"))).toEqual([]);
    expect(Object.keys(table("public.items").privileges)).not.toContain("nobody_here");
  });

  it("leaves the connection's search_path as it was", () => {
    expect(searchPath).toEqual({ search_path: "closed, public" });
  });
});

describe("tables", () => {
  it("of tenants are those with the tenant column, and the table of tenants", () => {
    const names = tenantTables(schema, "org_id", { schema: "public", name: "orgs" }).map(key);
    expect(names).toEqual(["public.items", "public.orgs"]);
  });

  it("come after those they reference, and circles are told", () => {
    const { order, cycles } = dependencyOrder(schema.tables);
    const names = order.map(key);
    expect(names).toHaveLength(schema.tables.length);
    expect(names.indexOf("public.orgs")).toBeLessThan(names.indexOf("public.items"));
    expect(cycles.map((cycle) => cycle.map(key))).toEqual([["closed.a", "closed.b"]]);
  });
});
