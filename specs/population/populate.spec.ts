import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, inject, it } from "vitest";
import type { Connection } from "../../harness/catalog/connection.ts";
import type { Schema, Table } from "../../harness/catalog/model.ts";
import { key, readSchema } from "../../harness/catalog/schema.ts";
import { withConnection } from "../../harness/engine/connection.ts";
import { cloneDatabase } from "../../harness/engine/database.ts";
import type { Row } from "../../harness/population/draft.ts";
import { type Population, populate } from "../../harness/population/populate.ts";
import type { Tenant } from "../../harness/population/request.ts";
import { insertRows } from "../../harness/population/store.ts";
import { qualify, quoteIdentifier } from "../../harness/sql/identifier.ts";

const uuid = (digit: number, tail = 0) => `0000000${digit}-000${tail}-4000-8000-000000000000`;
const tenantsWith = (id: (n: number) => string): Tenant[] =>
  [1, 2].map((n) => ({ id: id(n), people: [1, 2].map((m) => ({ id: uuid(n, m), tenant: id(n) })) }));

interface Case {
  readonly fixture: string;
  readonly tenants: { readonly schema: string; readonly name: string; readonly key: string };
  readonly column: string;
  readonly id: (n: number) => string;
  /** Rows that each tenant has in each table. */
  readonly counts: Readonly<Record<string, number>>;
  /** Tables whose keys leave room for no more. */
  readonly full: readonly string[];
}

const perPerson = (...names: string[]) => Object.fromEntries(names.map((name) => [name, 4]));

const cases: Case[] = [
  {
    fixture: "bigint-accounts",
    tenants: { schema: "public", name: "accounts", key: "id" },
    column: "account_id",
    id: (n) => String(500 + n),
    counts: {
      "auth.users": 2,
      "public.accounts": 1,
      "public.account_users": 2,
      ...perPerson("public.invoices", "public.invoice_lines", "public.devices", "public.payments"),
    },
    full: ["public.account_users"],
  },
  {
    fixture: "camel-case",
    tenants: { schema: "App", name: "Workspace", key: "id" },
    column: "workspaceId",
    id: (n) => `ws_number${n}`,
    counts: {
      "auth.users": 2,
      "App.Workspace": 1,
      "App.Setting": 3,
      ...perPerson("App.Project", "App.Task"),
    },
    full: ["App.Setting"],
  },
  {
    fixture: "triggers",
    tenants: { schema: "public", name: "teams", key: "team_id" },
    column: "team_id",
    id: (n) => uuid(n, 9),
    counts: {
      "auth.users": 2,
      "public.teams": 1,
      "public.profiles": 2,
      "public.billing": 1,
      ...perPerson("public.addresses", "public.events", "public.contracts", "public.notes"),
      // Its own, and those of the table that inherits from it.
      "public.documents": 8,
    },
    full: ["public.billing", "public.profiles"],
  },
  {
    fixture: "checks",
    tenants: { schema: "public", name: "organizations", key: "id" },
    column: "org_id",
    id: (n) => uuid(n, 9),
    counts: {
      "auth.users": 2,
      "public.organizations": 1,
      ...perPerson(
        "public.numbers",
        "public.texts",
        "public.times",
        "public.documents",
        "public.lists",
        "public.domains",
      ),
      ...perPerson("public.choices", "public.pairs", "public.flags", "public.rarities"),
    },
    full: ["public.flags"],
  },
];

/** `work` on a clone that holds the fixture, as a superuser. */
async function onFixture<T>(
  fixture: string,
  work: (connection: Connection, schema: Schema) => Promise<T>,
): Promise<T> {
  const shared = inject("shared");
  await using database = await cloneDatabase(shared, shared.templates.open);
  return await withConnection(database.address(shared.superuser.user), async (connection) => {
    await connection.query(
      readFileSync(new URL(`../../fixtures/schemas/${fixture}.sql`, import.meta.url), "utf8"),
    );
    return work(connection, await readSchema(connection));
  });
}

const requestOf = ({ tenants, column, id }: Case, seed = 7) => ({
  tenants: tenantsWith(id),
  tenancy: { tenants, column },
  seed,
});

describe.each(cases)("two tenants of $fixture", (one) => {
  let population: Population;
  let strangers: string[];
  const refusals: string[] = [];
  const held: string[] = [];

  beforeAll(() =>
    onFixture(one.fixture, async (connection, schema) => {
      population = await populate(connection, schema, requestOf(one));
      strangers = await crossings(connection, population.tables, one.column);
      for (const table of population.tables) {
        for (const { id, people } of population.tenants) {
          if (await isFirstHeld(connection, table, population.rows(table, id))) held.push(key(table));
          const row = population.newRow(table, id, people[0]);
          await connection.query("begin");
          const refusal = row ? (await insertRows(connection, table, [row]))?.message : "full";
          await connection.query("rollback");
          if (refusal) refusals.push(`${key(table)}: ${refusal}`);
        }
      }
    }),
  );

  it("have rows in every table, for every person where the keys allow", () => {
    const counted = Object.fromEntries(
      population.tables.map((table) => [
        key(table),
        population.tenants.map(({ id }) => population.rows(table, id).length),
      ]),
    );
    expect(population.failures).toEqual([]);
    expect(counted).toEqual(
      Object.fromEntries(Object.entries(one.counts).map(([name, count]) => [name, [count, count]])),
    );
  });

  it("never point to each other's rows", () => {
    expect(strangers).toEqual([]);
  });

  it("have a first row that can be deleted, where they have several", () => {
    expect(held).toEqual([]);
  });

  it("can be given one more row in every table that has room", () => {
    expect([...new Set(refusals)].sort()).toEqual(one.full.map((name) => `${name}: full`));
  });
});

/** Whether other rows hold back the delete of the first of several. */
async function isFirstHeld(connection: Connection, table: Table, rows: readonly Row[]): Promise<boolean> {
  const [first] = rows;
  if (first === undefined || rows.length < 2 || table.primaryKey.length === 0 || table.name === "users")
    return false;
  const where = table.primaryKey.map((name, place) => `${quoteIdentifier(name)}::text = $${place + 1}`);
  await connection.query("begin");
  try {
    const values = table.primaryKey.map((name) => first[name]);
    await connection.query(
      `delete from ${qualify(table.schema, table.name)} where ${where.join(" and ")}`,
      values,
    );
    return false;
  } catch {
    return true;
  } finally {
    await connection.query("rollback");
  }
}

/** Foreign keys between tables that both name a tenant, where the two names differ. */
async function crossings(
  connection: Connection,
  tables: readonly Table[],
  column: string,
): Promise<string[]> {
  const naming = new Map(
    tables
      .filter((table) => table.columns.some(({ name }) => name === column))
      .map((table) => [key(table), table]),
  );
  const found: string[] = [];
  for (const table of naming.values()) {
    for (const { columns, target } of table.foreignKeys.filter((fk) => naming.has(key(fk.target)))) {
      const on = columns.map(
        (name, place) => `a.${quoteIdentifier(name)} = b.${quoteIdentifier(target.columns[place] ?? "")}`,
      );
      const tenant = quoteIdentifier(column);
      const { rows } = await connection.query(
        `select 1 from ${qualify(table.schema, table.name)} a join ${qualify(target.schema, target.name)} b
         on ${on.join(" and ")} where a.${tenant} <> b.${tenant}`,
      );
      if (rows.length > 0) found.push(`${key(table)} -> ${key(target)}`);
    }
  }
  return found;
}

describe("a population", () => {
  const [accounts, camelCase] = cases as [Case, Case];
  const triggers = cases.find(({ fixture }) => fixture === "triggers") as Case;
  const impossible: Case = {
    fixture: "impossible",
    tenants: { schema: "public", name: "organizations", key: "id" },
    column: "org_id",
    id: (n) => uuid(n, 9),
    counts: {},
    full: [],
  };

  it("is the same for the same seed, and another for another", async () => {
    const rowsWith = (seed: number) =>
      onFixture(camelCase.fixture, async (connection, schema) => {
        const population = await populate(connection, schema, requestOf(camelCase, seed));
        return population.tables.map((table) => population.rows(table, "ws_number1"));
      });
    const first = await rowsWith(7);
    expect(await rowsWith(7)).toEqual(first);
    expect(await rowsWith(8)).not.toEqual(first);
  });

  it("names the tables that nobody can fill, with the server's own words", async () => {
    const { failures, tables, rows } = await onFixture("impossible", (connection, schema) =>
      populate(connection, schema, requestOf(impossible)),
    );
    const told = Object.fromEntries(
      failures.map(({ name, sqlstate, message }) => [name, `${sqlstate} ${message}`]),
    );
    expect(Object.keys(told).sort()).toEqual(["closed", "never", "never_lines", "swallowed"]);
    expect(told.closed).toBe("P0099 closed for today");
    expect(told.never).toContain('23514 new row for relation "never" violates check constraint');
    expect(told.never_lines).toContain('violates foreign key constraint "never_lines_never_id_fkey"');
    const sound = tables.find(({ name }) => name === "sound") as Table;
    expect(rows(sound, uuid(1, 9))).toHaveLength(4);
  });

  it("holds rows as they stand after all triggers have run", async () => {
    const population = await onFixture(triggers.fixture, (connection, schema) =>
      populate(connection, schema, requestOf(triggers)),
    );
    const [team] = population.rows({ schema: "public", name: "teams" }, uuid(1, 9));
    expect(team?.member_count).toBe("2");
    const handles = population
      .rows({ schema: "public", name: "profiles" }, uuid(1, 9))
      .map(({ handle }) => handle);
    expect(handles).toEqual([`made-${uuid(1, 1)}`, `made-${uuid(1, 2)}`]);
  });

  it("takes values from the project's recipes", async () => {
    const population = await onFixture(accounts.fixture, (connection, schema) =>
      populate(connection, schema, {
        ...requestOf(accounts),
        recipes: { "public.invoice_lines": { label: ({ tenant, n }) => `line ${n} of ${tenant}` } },
      }),
    );
    const labels = population
      .rows({ schema: "public", name: "invoice_lines" }, "501")
      .map(({ label }) => label);
    for (const label of labels) expect(label).toMatch(/^line \d+ of 501$/);
  });

  it("leaves nothing behind when the connection cannot write", async () => {
    await onFixture(accounts.fixture, async (connection, schema) => {
      await connection.query("set default_transaction_read_only = on");
      const population = await populate(connection, schema, requestOf(accounts));
      expect(population.failures.map(({ sqlstate }) => sqlstate)).toContain("25006");
      const { rows } = await connection.query("select 1 from public.accounts");
      expect(rows).toEqual([]);
    });
  });
});
