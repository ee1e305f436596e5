import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, inject, it } from "vitest";
import type { Cluster } from "../../harness/engine/cluster.ts";
import { withConnection } from "../../harness/engine/connection.ts";
import { cloneDatabase } from "../../harness/engine/database.ts";
import { planMigrations } from "../../harness/migrations/plan.ts";
import { readMigrations } from "../../harness/migrations/read.ts";
import { findPending } from "../../harness/rehearsal/pending/find.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantproof-pending-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const files = {
  "20250101_notes.sql": "create table public.notes (id integer primary key);",
  "20250102_body.sql": "alter table public.notes add column body text;",
  "20250103_fill.sql": "update public.notes set body = '' where body is null;",
  "20250104_wide.sql": "alter table public.notes alter column id type bigint;",
};
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
const history = (versions: readonly string[]) => `
  create schema supabase_migrations;
  create table supabase_migrations.schema_migrations (version text primary key, name text);
  insert into supabase_migrations.schema_migrations values ${versions.map((one) => `('${one}', null)`).join(", ")};`;

/** What is pending in a database that `sql` was run in. */
async function pendingAfter(sql: string, told: Parameters<typeof findPending>[0] = {}) {
  const shared = inject("shared");
  const plan = planMigrations(await readMigrations(folder));
  await using database = await cloneDatabase(shared, shared.templates.open);
  await withConnection(database.address(shared.deployer), (connection) => connection.query(sql));
  return await findPending(told, {
    ...{ cluster: shared as unknown as Cluster, database, deployer: shared.deployer },
    ...{ project: { platform: "supabase", privileges: "open" } as const, subject: { plan, baseline: [] } },
    signal: new AbortController().signal,
  });
}

const [notes, body, fill, wide] = Object.values(files) as [string, string, string, string];

describe("what is pending", () => {
  it.each([
    ["of an empty database is everything", "select 1", 4],
    ["after the first is the rest", notes, 3],
    ["after the last is nothing", notes + body + fill + wide, 0],
    [
      "where a table of applied migrations is, is what that lacks",
      notes + history(["20250101", "20250102"]),
      2,
    ],
    [
      "where a tool keeps what has failed, too, is what is not in force",
      `${notes} create table public._prisma_migrations (migration_name text, finished_at timestamptz, rolled_back_at timestamptz);
        insert into public._prisma_migrations values ('20250101_notes', now(), null), ('20250102_body', null, null);`,
      3,
    ],
    [
      "where a tool keeps the last version alone, is what comes after it",
      `${notes + body} create table public.schema_migrations (version bigint, dirty boolean);
        insert into public.schema_migrations values (20250102, false);`,
      2,
    ],
  ])("%s", async (_, sql, count) => {
    const { plan, reasons } = await pendingAfter(sql);
    expect(plan.map(({ file }) => file)).toEqual(Object.keys(files).slice(4 - count));
    expect(reasons.map(({ file }) => file)).toEqual(Object.keys(files));
  });

  it.each([
    ["a migration that leaves no trace is the next", notes + body, /20250103_fill\.sql: it makes no object/],
    [
      "what there is was changed by hand",
      "create table public.notes (id integer primary key, body varchar(3));",
      /20250102_body\.sql|20250101_notes\.sql/,
    ],
  ])("is asked of the user where %s", async (_, sql, what) => {
    const asked = pendingAfter(sql);
    await expect(asked).rejects.toMatchObject({ code: "USAGE", hint: expect.stringMatching("--pending") });
    await expect(asked).rejects.toThrow(what);
  });

  it("is what the user says, before all else", async () => {
    const { plan, source } = await pendingAfter(notes + body, {
      applied: ["20250101_notes", "20250102_body.sql"],
    });
    expect(source).toBe("the user");
    expect(plan).toHaveLength(2);
    await expect(pendingAfter(notes, { pending: ["nothing"] })).rejects.toMatchObject({ code: "USAGE" });
  });
});
