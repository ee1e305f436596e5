import { describe, expect, it } from "vitest";
import type { Migration } from "../../harness/migrations/migration.ts";
import { planMigrations } from "../../harness/migrations/plan.ts";
import { planRollback } from "../../harness/migrations/rollback.ts";
import { parseScript } from "../../harness/migrations/script.ts";

const migration = async (
  file: string,
  requires: readonly string[],
  withRollback = true,
): Promise<Migration> => ({
  ...(await parseScript(requires.map((name) => `-- requires: ${name}\n`).join(""), file, file)),
  title: file,
  rollback: withRollback ? await parseScript("select 1", `rollback/${file}`, file) : undefined,
});

const plan = planMigrations(
  await Promise.all([
    migration("4_appointments.sql", ["contacts", "1_foundation"]),
    migration("1_foundation.sql", []),
    migration("2_contacts.sql", ["1_foundation"]),
    migration("3_notifications.sql", ["1_foundation"]),
  ]),
);

const filesOf = (files?: readonly string[]) => planRollback(plan, files).map(({ file }) => file);

describe("a rollback", () => {
  it("of the whole set runs in reverse order", () => {
    expect(filesOf()).toEqual(plan.map(({ file }) => `rollback/${file}`).toReversed());
  });

  it("of an end of the plan, named in any order, runs in reverse order", () => {
    expect(filesOf(["2_contacts", "4_appointments.sql", "3_notifications"])).toEqual([
      "rollback/4_appointments.sql",
      "rollback/3_notifications.sql",
      "rollback/2_contacts.sql",
    ]);
  });

  it("of a migration that nothing requires is possible alone", () => {
    expect(filesOf(["3_notifications"])).toEqual(["rollback/3_notifications.sql"]);
  });

  it("of nothing is nothing", () => {
    expect(filesOf([])).toEqual([]);
  });

  it("out of order names all that must go first", () => {
    expect(() => filesOf(["1_foundation", "3_notifications"])).toThrow(
      "Before 1_foundation.sql, roll back 4_appointments.sql, 2_contacts.sql.",
    );
  });

  it("of what is not there, or has no script, is refused, all problems together", async () => {
    const bare = [await migration("1_foundation.sql", [], false)];
    expect(() => planRollback(bare, ["1_foundation", "9_nothing"])).toThrow(
      "9_nothing is not one of the migrations.\n1_foundation.sql has no rollback script",
    );
  });
});
