import { describe, expect, inject, it } from "vitest";
import { connect } from "../../harness/engine/connection.ts";
import { cloneDatabase, createDatabase } from "../../harness/engine/database.ts";
import { compareData } from "../../harness/rehearsal/data/compare.ts";

const start = `
  create table public.people (id integer primary key, name text, born date, score numeric(6,2), extra jsonb);
  insert into public.people select i, 'secret ' || i, date '2000-01-01' + i, i / 7.0, jsonb_build_object('n', i)
    from generate_series(1, 500) as i;
  create table public.log (at timestamptz, what text);
  insert into public.log select timestamptz '2025-01-01Z' + i * interval '1 minute', 'secret ' || i from generate_series(1, 50) as i, generate_series(1, 2);`;

/** What is found after `sql` in a copy of a database with those rows. */
async function changesAfter(sql: string) {
  const shared = inject("shared");
  const { user } = shared.superuser;
  await using before = await cloneDatabase(shared, shared.templates.open);
  {
    await using connection = await connect(before.address(user));
    await connection.query(start);
  }
  await using after = await createDatabase(shared, { template: before.name });
  await using first = await connect(before.address(user));
  await using second = await connect(after.address(user));
  await second.query(sql);
  const { changes, rows } = await compareData(first, second);
  expect(rows).toBeGreaterThanOrEqual(550);
  expect(JSON.stringify(changes)).not.toContain("secret");
  return changes.map(({ table, removed, added, changed, columns, droppedColumns, examples }) => ({
    ...{ table, removed, added, changed, columns, droppedColumns, examples },
  }));
}

const people = { table: "public.people", removed: 0, added: 0, changed: 0, columns: [], droppedColumns: [] };

describe("a comparison of data", () => {
  it.each([
    ["nothing", "select 1"],
    ["an update to the same values", "update public.people set name = name"],
    ["a wider type", "alter table public.people alter column id type bigint"],
    [
      "another name",
      "alter table public.people rename to persons; alter table public.persons rename name to full_name",
    ],
    ["a new column", "alter table public.people add column note text default 'x'"],
    [
      "a table made anew",
      "create table public.p2 as table public.log; drop table public.log; alter table public.p2 rename to log",
    ],
    [
      "an empty column dropped",
      "alter table public.people add column e int; alter table public.people drop column e",
    ],
  ])("finds no change after %s", async (_, sql) => {
    expect(await changesAfter(sql)).toEqual([]);
  });

  it.each([
    ["one row that is gone", "delete from public.people where id = 17", { removed: 1, examples: ["id 17"] }],
    ["one that came", "insert into public.people (id) values (9999)", { added: 1, examples: [] }],
    [
      "one value that changed",
      "update public.people set name = 'other' where id = 3",
      { changed: 1, columns: ["name"], examples: ["id 3"] },
    ],
    [
      "a value that went and one that changed",
      "update public.people set extra = null where id = 1; delete from public.people where id = 2",
      { changed: 1, removed: 1, columns: ["extra"], examples: ["id 2", "id 1"] },
    ],
    [
      "fewer decimals",
      "alter table public.people alter column score type numeric(6,1)",
      { columns: ["score"], changed: expect.any(Number), examples: expect.any(Array) },
    ],
    [
      "a column that is gone with its values",
      "alter table public.people drop column born",
      { droppedColumns: ["born"], examples: [] },
    ],
  ])("finds %s", async (_, sql, expected) => {
    const [change, ...others] = await changesAfter(sql);
    expect(others).toEqual([]);
    expect(change).toEqual({ ...people, ...expected });
    if ("columns" in expected && expected.columns.includes("score"))
      expect(change?.changed).toBeGreaterThan(300);
  });

  it("finds values that were exchanged between rows, which leaves every column's sum as it was", async () => {
    const [change] = await changesAfter("update public.people set name = 'secret ' || 501 - id");
    expect(change).toMatchObject({ changed: 500, columns: ["name"], removed: 0, added: 0 });
  });

  it("finds rows gone of which equal ones are left", async () => {
    const [change] = await changesAfter(
      "delete from public.log a using public.log b where a.ctid < b.ctid and a.at = b.at",
    );
    expect(change).toMatchObject({ table: "public.log", removed: 50, added: 0 });
  });

  it("finds no loss where a column is replaced by another of its name", async () => {
    const swap = `alter table public.people add column wide bigint; update public.people set wide = id;
      alter table public.people drop column id; alter table public.people rename column wide to id`;
    expect(await changesAfter(swap)).toEqual([]);
  });

  it("counts rows without a key as gone and come", async () => {
    expect(
      await changesAfter("update public.log set what = 'x' where at < '2025-01-01T00:05Z'"),
    ).toMatchObject([{ table: "public.log", removed: 8, added: 8, changed: 0, examples: [] }]);
    expect(await changesAfter("drop table public.log")).toMatchObject([
      { table: "public.log", removed: 100 },
    ]);
  });
});
