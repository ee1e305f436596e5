import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../../harness/fault/fault.ts";
import type { Migration } from "../../harness/migrations/migration.ts";
import { planMigrations } from "../../harness/migrations/plan.ts";
import { readMigrations } from "../../harness/migrations/read.ts";
import { parseScript } from "../../harness/migrations/script.ts";

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../fixtures/migrations/${name}`, import.meta.url));

const planFolder = async (name: string) => planMigrations(await readMigrations(fixture(name)));

const migration = async (file: string, requires: readonly string[]): Promise<Migration> => ({
  ...(await parseScript(requires.map((name) => `-- requires: ${name}\n`).join(""), file, file)),
  title: file,
  rollback: undefined,
});

describe("a folder of migrations", () => {
  it.each([
    [
      "headers-outrank-the-alphabet",
      ["20250110_organizations", "20250110_contacts", "20250110_appointments", "20250110_webhook"],
    ],
    ["supabase-cli", ["20231231000000_first", "20240101115959_roles", "20240101120000_init"]],
    ["plain-numbers", ["1", "2_b", "9-d", "010_c", "unnumbered"]],
    ["flyway", ["V1__one", "V1_1__two", "V1.2__three", "V2__four", "V10__five"]],
    ["up-and-down", ["000001_a.up", "000002_b.up"]],
    ["other-things-lie-about", ["1_a"]],
    ["transactions-without-headers", ["1_a", "2_b"]],
    ["only-comments", ["1_a", "2_b", "3_c"]],
    ["requirement-without-version", ["20250110000003_b", "20250110000002_a"]],
  ])("%s is planned in its order", async (name, order) => {
    expect((await planFolder(name)).map(({ file }) => file)).toEqual(order.map((stem) => `${stem}.sql`));
  });

  it("finds each migration's rollback script", async () => {
    const [organizations, contacts] = await planFolder("headers-outrank-the-alphabet");
    expect([organizations?.rollback?.file, contacts?.rollback?.file]).toEqual([
      undefined,
      "rollback/20250110_contacts.sql",
    ]);
    expect((await planFolder("up-and-down"))[0]?.rollback?.file).toBe("000001_a.down.sql");
  });

  it("gives each migration a title for people", async () => {
    expect((await planFolder("supabase-cli")).map(({ title }) => title)).toEqual(["first", "roles", "init"]);
    expect((await planFolder("plain-numbers"))[0]?.title).toBe("1");
  });

  it("without headers says by its statements which files manage their own transaction", async () => {
    const plan = await planFolder("transactions-without-headers");
    expect(plan.map(({ ownTransaction }) => ownTransaction)).toEqual([true, false]);
  });
});

describe("a broken folder of migrations", () => {
  it.each<[string, string, string | undefined, RegExp[]]>([
    ["broken-syntax", "SQL_SYNTAX", "1_a.sql:4:17", [/near "m"\n4 \| \tselect 'é' fro m x;\n {4}\t {15}\^$/]],
    [
      "broken-syntax-twice",
      "SQL_SYNTAX",
      "1_a.sql:1:1",
      [/1_a\.sql:1:1: .*"selec"/, /3_c\.sql:1:8: .*"tabel"/],
    ],
    ["broken-unterminated", "SQL_SYNTAX", "1_a.sql:2:8", [/unterminated quoted string/]],
    ["broken-psql-command", "SQL_SYNTAX", "1_dump.sql:2:1", [/\\restrict is a command of psql/]],
    ["broken-copy-data", "SQL_SYNTAX", "1_dump.sql:2:1", [/2 \| 1/]],
    ["broken-copy-without-data", "SQL_SYNTAX", "1_dump.sql:2:1", [/copies from stdin/]],
    [
      "broken-missing-requirement",
      "REQUIREMENT_MISSING",
      "1_a.sql:1:1",
      [/1_a\.sql requires 9_elsewhere, which is not there\./, /2_b\.sql:2:1: 2_b\.sql requires 7_nowhere/],
    ],
    [
      "broken-misspelt-requirement",
      "REQUIREMENT_MISSING",
      "20250110_create_contacts_table.sql:1:1",
      [/Did you mean 20250110_organizations_foundation\?/],
    ],
    ["broken-ambiguous-requirement", "REQUIREMENT_MISSING", "1_a.sql:1:1", [/may be 2_b or 3_b/]],
    ["broken-cycle", "REQUIREMENT_CYCLE", "1_a.sql", [/: 1_a\.sql -> 3_c\.sql -> 2_b\.sql -> 1_a\.sql\.$/]],
    [
      "broken-two-cycles",
      "REQUIREMENT_CYCLE",
      "1_a.sql",
      [/1_a\.sql -> 2_b\.sql -> 1_a/, /3_c\.sql -> 4_d\.sql -> 3_c/],
    ],
    ["broken-requires-itself", "REQUIREMENT_CYCLE", "1_a.sql", [/^1_a\.sql requires itself\.$/]],
    ["broken-silent-transaction", "MIGRATION_HEADER", "2_b.sql:3:1", [/header does not say so/]],
    ["broken-silent-rollback", "MIGRATION_HEADER", "rollback/2_b.sql:1:1", [/header does not say so/]],
    ["broken-needless-own", "MIGRATION_HEADER", "1_a.sql", [/begins and commits none/]],
    [
      "broken-unknown-transaction",
      "MIGRATION_HEADER",
      "1_a.sql:1:1",
      [/'-- transaction: none' is not known/],
    ],
    ["broken-empty-header", "MIGRATION_HEADER", "1_a.sql:2:1", [/'-- requires:' names nothing/]],
    ["broken-open-transaction", "MIGRATION_HEADER", "1_a.sql:3:1", [/does not end it/]],
    ["broken-down-section", "MIGRATION_HEADER", "1_a.sql:3:1", [/its own way back/]],
    ["broken-encoding", "MIGRATIONS_UNREADABLE", fixture("broken-encoding/1_a.sql"), [/not UTF-8/]],
    [
      "broken-zero-byte",
      "MIGRATIONS_UNREADABLE",
      fixture("broken-zero-byte/1_a.sql"),
      [/zero byte at offset 9/],
    ],
    ["broken-no-sql", "MIGRATIONS_UNREADABLE", fixture("broken-no-sql"), [/holds no \.sql files/]],
    ["not-there", "MIGRATIONS_UNREADABLE", fixture("not-there"), [/ENOENT/]],
    ["broken-syntax/1_a.sql", "MIGRATIONS_UNREADABLE", fixture("broken-syntax/1_a.sql"), [/ENOTDIR/]],
  ])("%s is refused with %s at %s", async (name, code, where, messages) => {
    const fault = await planFolder(name).catch((thrown: unknown) => thrown);
    expect(fault).toBeInstanceOf(Fault);
    expect(fault).toMatchObject({ code, where });
    for (const message of messages) expect((fault as Fault).message).toMatch(message);
  });
});

describe("the eight migrations", () => {
  const stems = async () => {
    const plan = planMigrations(
      await readMigrations(fileURLToPath(new URL("../../migrations", import.meta.url))),
    );
    return plan.map(({ file }) => file.replace(/^20250110_(create_)?|\.sql$/g, ""));
  };
  const foundation = "organizations_table_foundation";

  it.each([
    [foundation, "auth_org_id_function"],
    ["org_id_immutability_triggers", "contacts_table"],
    ["auth_org_id_function", "contacts_table"],
    ["contacts_table", "appointments_table"],
    ["auth_org_id_function", "notifications_table"],
    [foundation, "add_org_id_to_processed_webhook_events"],
    ["notifications_table", "enable_pgaudit_logging"],
    ["add_org_id_to_processed_webhook_events", "enable_pgaudit_logging"],
  ])("put %s before %s", async (earlier, later) => {
    const order = await stems();
    expect(order).toHaveLength(8);
    expect(order).toContain(earlier);
    expect(order.indexOf(earlier)).toBeLessThan(order.indexOf(later));
  });
});

describe("a plan", () => {
  // Requirements that point to lower numbers only make no circle; file names are unrelated to them.
  const graphs = fc.integer({ min: 1, max: 12 }).chain((size) =>
    fc.record({
      names: fc.shuffledSubarray(
        [..."abcdefghijkl"].map((letter, index) => `${(index * 7) % 5}_${letter}.sql`),
        { minLength: size, maxLength: size },
      ),
      edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 24 }),
      seen: fc.shuffledSubarray([...Array(size).keys()], { minLength: size, maxLength: size }),
    }),
  );

  const migrationsOf = ({ names, edges }: { names: string[]; edges: [number, number][] }) =>
    Promise.all(
      names.map((name, index) =>
        migration(
          name,
          edges.flatMap(([a, b]) =>
            Math.max(a, b) === index && a !== b ? [names[Math.min(a, b)] ?? ""] : [],
          ),
        ),
      ),
    );

  it("puts every migration once, after all that it requires, whatever the order of reading", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async (graph) => {
        const migrations = await migrationsOf(graph);
        const plan = planMigrations(migrations).map(({ file }) => file);
        expect(plan.toSorted()).toEqual(graph.names.toSorted());
        for (const { file, header } of migrations) {
          for (const need of header.requires)
            expect(plan.indexOf(`${need}.sql`)).toBeLessThan(plan.indexOf(file));
        }
        const reread = graph.seen.flatMap((index) => migrations[index] ?? []);
        expect(planMigrations(reread).map(({ file }) => file)).toEqual(plan);
      }),
      { numRuns: 200 },
    );
  });

  it("names a circle wherever one is closed", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async (graph) => {
        fc.pre(graph.names.length > 1);
        const chain = graph.names.map((_, index): [number, number] => [index, Math.max(0, index - 1)]);
        const migrations = await migrationsOf({ ...graph, edges: [...graph.edges, ...chain] });
        const [first, ...others] = migrations;
        const last = others.at(-1);
        if (first === undefined || last === undefined) return;
        const closed = await migration(first.file, [last.file]);
        expect(() => planMigrations([closed, ...others])).toThrow(/ -> /);
      }),
      { numRuns: 50 },
    );
  });
});
