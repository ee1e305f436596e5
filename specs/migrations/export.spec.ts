import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { exportMigrations, exportNames } from "../../harness/migrations/export.ts";
import type { Migration } from "../../harness/migrations/migration.ts";
import { planMigrations } from "../../harness/migrations/plan.ts";
import { readMigrations } from "../../harness/migrations/read.ts";
import { parseScript } from "../../harness/migrations/script.ts";

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../fixtures/migrations/${name}`, import.meta.url));
const planFolder = async (folder: string) => planMigrations(await readMigrations(folder));

const empty = await parseScript("", "", "");
const namesFor = (files: readonly string[]) =>
  exportNames(files.map((file): Migration => ({ ...empty, file, title: file, rollback: undefined })));

const home = await mkdtemp(join(tmpdir(), "tenantproof-export-"));
afterAll(() => rm(home, { recursive: true, force: true }));
let made = 0;
const target = () => join(home, String(made++));

describe("exported names", () => {
  it.each<[string, string[], string[]]>([
    [
      "one date for all: its seconds are counted",
      ["20250110_organizations.sql", "20250110_contacts.sql"],
      ["20250110000001_organizations.sql", "20250110000002_contacts.sql"],
    ],
    [
      "versions that are unique and in order stay",
      ["20240101120000_a.sql", "20240101120001_b.sql"],
      ["20240101120000_a.sql", "20240101120001_b.sql"],
    ],
    [
      "versions that repeat, or run against the plan, move behind the one before",
      ["20240101120000_b.sql", "20240101120000_a.sql", "20230101000000_c.sql"],
      ["20240101120000_b.sql", "20240101120001_a.sql", "20240101120002_c.sql"],
    ],
    [
      "a day before the last is not kept",
      ["20250111_a.sql", "20250110_b.sql", "20250112_c.sql"],
      ["20250111000001_a.sql", "20250111000002_b.sql", "20250112000001_c.sql"],
    ],
    [
      "what is no date gets one",
      ["1.sql", "20251399_b.sql", "V1_2__c.sql", "20240101250000_d.sql", "d.up.sql"],
      [
        "20000101000001_migration.sql",
        "20000101000002_b.sql",
        "20000101000003_c.sql",
        "20000101000004_d.sql",
        "20000101000005_d.sql",
      ],
    ],
    [
      "the last second of a day leads to the next",
      ["20241231235959_a.sql", "b.sql"],
      ["20241231235959_a.sql", "20250101000000_b.sql"],
    ],
  ])("%s", (_, files, names) => {
    expect(namesFor(files)).toEqual(names);
  });

  it("are always taken by the Supabase CLI, each version once, in the order of the plan", () => {
    const file = fc
      .tuple(
        fc.stringMatching(/^(V?[0-9]{0,14}|20[0-9]{6}|20[0-9]{2}0[1-9]1[0-9]0[0-9]{5})$/),
        fc.stringMatching(/^[_a-z0-9]{0,8}$/),
      )
      .map(([version, name]) => `${version}_${name}.sql`);
    fc.assert(
      fc.property(fc.array(file, { maxLength: 8 }), (files) => {
        const names = namesFor(files);
        expect(names).toHaveLength(files.length);
        expect(names.toSorted()).toEqual(names);
        // The CLI's own rule: https://github.com/supabase/cli/blob/main/pkg/migration/list.go
        const versions = names.map((name) => /^([0-9]+)_(.*)\.sql$/.exec(name)?.[1] ?? "");
        expect(new Set(versions).size).toBe(files.length);
        for (const version of versions) {
          const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(version) ?? [];
          const time = new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}.000Z`);
          expect(time.toISOString().replaceAll(/\D/g, "").slice(0, 14)).toBe(version);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("an export", () => {
  it("holds the same bytes under the new names, with the rollback scripts beside", async () => {
    const source = target();
    await mkdir(join(source, "rollback"), { recursive: true });
    const bytes = Buffer.from("\ufeff-- requires: 20250110_b\r\nselect 'é';\r\n\r\n");
    await writeFile(join(source, "20250110_a.sql"), bytes);
    await writeFile(join(source, "20250110_b.sql"), "select 1");
    await writeFile(join(source, "rollback", "20250110_a.sql"), "select 2;");
    const out = target();
    const names = await exportMigrations(await planFolder(source), out);
    expect(names).toEqual(["20250110000001_b.sql", "20250110000002_a.sql"]);
    expect((await readdir(out)).toSorted()).toEqual([...names, "rollback"]);
    expect(await readFile(join(out, "20250110000002_a.sql"))).toEqual(bytes);
    expect(await readFile(join(out, "rollback", "20250110000002_a.sql"), "utf8")).toBe("select 2;");
    expect((await readdir(source)).toSorted()).toEqual(["20250110_a.sql", "20250110_b.sql", "rollback"]);
  });

  it("can be planned again, in the same order", async () => {
    const plan = await planFolder(fixture("headers-outrank-the-alphabet"));
    const out = target();
    const names = await exportMigrations(plan, out);
    expect((await planFolder(out)).map(({ file }) => file)).toEqual(names);
  });

  it("goes into a folder that is there and empty, or whose parents are not there", async () => {
    const plan = await planFolder(fixture("supabase-cli"));
    const there = target();
    await mkdir(there);
    await exportMigrations(plan, there);
    await exportMigrations(plan, join(target(), "a", "b"));
    expect(await readdir(there)).toHaveLength(3);
  });

  it.each<[string, (out: string) => Promise<unknown>]>([
    ["a folder that holds anything", (out) => mkdir(join(out, ".git"), { recursive: true })],
    ["a file", (out) => writeFile(out, "mine")],
    ["a link that leads nowhere", (out) => symlink("nowhere", out)],
  ])("refuses %s, and leaves nothing behind", async (_, prepare) => {
    const out = target();
    await prepare(out);
    const before = await readdir(home, { recursive: true });
    const plan = await planFolder(fixture("supabase-cli"));
    await expect(exportMigrations(plan, out)).rejects.toMatchObject({ code: "USAGE" });
    expect(await readdir(home, { recursive: true })).toEqual(before);
  });

  it("of a migration that is gone meanwhile leaves nothing behind", async () => {
    const [first, ...others] = await planFolder(fixture("supabase-cli"));
    if (first === undefined) return expect.fail("the fixture is empty");
    const before = await readdir(home, { recursive: true });
    const plan = [...others, { ...first, path: join(home, "gone.sql") }];
    await expect(exportMigrations(plan, target())).rejects.toMatchObject({ code: "USAGE" });
    expect(await readdir(home, { recursive: true })).toEqual(before);
  });
});
