import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Check, hazards, soundOnes } from "../../fixtures/rehearsal/hazards.ts";
import { hasOwnState, secret } from "../../fixtures/rehearsal/state.ts";
import { difference } from "../../harness/catalog/difference.ts";
import { type Picture, takePicture } from "../../harness/catalog/picture.ts";
import { type Connection, withConnection } from "../../harness/engine/connection.ts";
import { applyPlan } from "../../harness/migrations/apply.ts";
import type { Script } from "../../harness/migrations/script.ts";
import { type Opened, openProject } from "./project.ts";

const folder = fileURLToPath(new URL("../../fixtures/rehearsal", import.meta.url));
const all = [...hazards, ...soundOnes];
const of = (check: Check) => hazards.filter(({ expects }) => expects === check);

const up = ({ connection, migration }: Opened) => applyPlan(connection, [migration]);
const down = ({ connection, migration }: Opened, settings: Record<string, string> = {}) =>
  applyPlan(connection, [migration.rollback as Script], { settings });
const linesOf = (before: Picture, after: Picture) => difference(before, after).map(({ line }) => line);

/** Most of them start from the same one, and taking it takes longer than all the rest. */
let usual: Promise<Picture> | undefined;
function pictureBefore(name: string, connection: Connection): Promise<Picture> {
  if (hasOwnState({ name })) return takePicture(connection);
  usual ??= takePicture(connection);
  return usual;
}

/** Counts and checksums of what was there before; columns by their place, which outlives a name. */
async function digest(connection: Connection, items = "a, b, c, d, e"): Promise<unknown> {
  const { rows } = await connection.query(`
    select count(*)::int, sum(hashtextextended(row(${items})::text, 0)) from public.items as t (${items})
    union all select count(*), sum(hashtextextended(row(a, b, c, d)::text, 0)) from public.item_notes as t (a, b, c, d)
    union all select count(*), sum(hashtextextended(row(a, b)::text, 0)) from public.organizations as t (a, b)`);
  return rows;
}

async function fileOf(connection: Connection): Promise<unknown> {
  return (await connection.query("select pg_relation_filenode('public.items') as file")).rows[0].file;
}

/** The modes in which the migration's commands lock items to the end of its transaction, which is rolled back. */
async function locksOf({ connection, migration }: Opened): Promise<string[]> {
  await connection.query("begin");
  for (const { text, control, kind } of migration.statements)
    if (control === undefined && kind !== "SelectStmt") await connection.query(text);
  const { rows } = await connection.query(
    "select mode from pg_locks where relation = 'public.items'::regclass and pid = pg_backend_pid()",
  );
  await connection.query("rollback");
  return rows.map(({ mode }) => mode);
}

describe("the projects to rehearse", () => {
  it("are those that have a folder", () => {
    const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(all.map(({ name }) => name).sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it("have people, items and notes in every organization, and the secret in each text", async () => {
    await using project = await openProject("plain-index", 1_000);
    const { rows } = await project.connection.query(
      `select (select count(distinct org_id) from public.items)::int as owners, (select count(*) from public.items)::int as items,
        (select count(*) from public.item_notes)::int as notes, (select count(*) from auth.users)::int as people,
        (select bool_and(label ~ $1) from public.items) and (select bool_and(body ~ $1) from public.item_notes) as secret`,
      [secret],
    );
    expect(rows).toEqual([{ owners: 10, items: 1_000, notes: 500, people: 20, secret: true }]);
  });
});

const addTag = "insert into public.item_tags select 1, org_id, id, 'new' from public.items limit 1";

describe("a project that can be applied", () => {
  const rewrites = ["alter-type-rewrite", "truncates-time", "vacuum-full", "volatile-default"];
  const columns: Readonly<Record<string, string>> = { "trigger-changes": "a, b, c, d, e, f" };

  /** Does its way back lead to where it came from? */
  async function comesBack(project: Opened, before: Picture): Promise<readonly string[]> {
    await down(project);
    return linesOf(before, await takePicture(project.connection));
  }

  const strong: Readonly<Record<string, string>> = {
    "alter-type-rewrite": "AccessExclusiveLock",
    "plain-index": "ShareLock",
    "set-not-null": "AccessExclusiveLock",
    "add-check": "AccessExclusiveLock",
    "add-foreign-key": "ShareRowExclusiveLock",
    "volatile-default": "AccessExclusiveLock",
    "long-lock-then-work": "AccessExclusiveLock",
    "alter-behind-reader": "AccessExclusiveLock",
  };

  it.each(hazards.filter(({ expects }) => expects !== "apply" && expects !== "rollback"))(
    "does the harm that it is there for: $name",
    async ({ name, expects }) => {
      await using project = await openProject(name);
      const { connection } = project;
      const [rows, file] = [await digest(connection, columns[name]), await fileOf(connection)];
      if (name in strong) expect(await locksOf(project)).toContain(strong[name]);
      await up(project);
      const rewritten = (await fileOf(connection)) !== file;
      const changed = JSON.stringify(await digest(connection, columns[name])) !== JSON.stringify(rows);
      expect({ rewritten, changed }).toEqual({
        rewritten: rewrites.includes(name),
        changed: expects === "data",
      });
      await down(project);
    },
  );

  it.each(of("rollback"))("leaves behind what it is there for, or takes too much: $name", async (hazard) => {
    await using project = await openProject(hazard.name);
    const before = await pictureBefore(hazard.name, project.connection);
    const losesRows = hazard.name === "rollback-loses-rows";
    await up(project);
    if (losesRows) await project.connection.query(addTag);
    const left = await comesBack(project, before);
    expect(left).toEqual(losesRows ? [] : [expect.stringMatching(hazard.names)]);
  });

  /** What somebody writes into what is new. */
  const written: Readonly<Record<string, string>> = {
    "new-table": addTag,
    "add-nullable-column": "update public.items set colour = 'red' where id = 1",
    "add-column-constant-default": "update public.items set state = 'new' where id = 1",
    "enum-value": "update public.items set state = 'archived' where id = 1",
    "widen-varchar": "update public.items set code = 'A-10000000000' where id = 1",
  };

  it.each(soundOnes)("goes, comes back and goes again without losing anything: $name", async ({ name }) => {
    await using project = await openProject(name);
    const { connection } = project;
    const before = await pictureBefore(name, connection);
    const [rows, file] = [await digest(connection), await fileOf(connection)];
    await up(project);
    expect([await digest(connection), await fileOf(connection)]).toEqual([rows, file]);
    expect(await comesBack(project, before)).toEqual([]);
    await up(project);
    expect(await digest(connection)).toEqual(rows);
    if (!(name in written)) return;
    await connection.query(written[name] as string);
    await expect(down(project)).rejects.toThrow(/rolling back would lose .*\b1 rows of public\./);
    const [{ notices } = { notices: [] }] = await down(project, { "tenantproof.allow_data_loss": "on" });
    expect(notices.map(({ severity }) => severity)).toEqual(["WARNING"]);
  });
});

describe("a migration", () => {
  it.each(of("isolation"))("shows members what is not theirs: $name", async ({ name }) => {
    await using project = await openProject(name, 1_000);
    const claims = JSON.stringify({ app_metadata: { org_id: "00000000-0000-4000-8000-000000000001" } });
    const seen = () =>
      withConnection(project.database.address("authenticator"), async (connection) => {
        await connection.query("select set_config('request.jwt.claims', $1, false)", [claims]);
        await connection.query("set role authenticated");
        const { rows } = await connection.query(
          "select count(distinct org_id)::int as owners from public.items",
        );
        return rows[0].owners;
      });
    expect(await seen()).toBe(1);
    await up(project);
    expect(await seen()).toBe(10);
  });

  it.each(of("apply"))("fails, and what it fails at is named: $name", async ({ name, names }) => {
    await using project = await openProject(name);
    const failure = await up(project).catch((thrown) => thrown);
    expect(failure).toMatchObject({ code: "MIGRATION_FAILED" });
    expect(failure.what).toMatch(names);
  });
});
