// Population: two or more tenants with valid rows in every table that belongs to one, made from the catalog alone.
// Tenant: an id and the people who belong to it.
// Recipe: how the project wants a column's values made, where the type alone says too little.
// Failure: a table that could not be given rows, with the server's own words.
import type { Connection } from "../catalog/connection.ts";
import type { Named, Schema, Table } from "../catalog/model.ts";
import { key } from "../catalog/schema.ts";
import { solveCheck } from "./check.ts";
import { combineWays, elementsOf, type Way } from "./demand.ts";
import type { Row } from "./draft.ts";
import { type Plot, plotTables } from "./ownership.ts";
import type { Person } from "./recipes.ts";
import type { Failure, PopulationRequest, Tenant } from "./request.ts";
import { Sower } from "./sower.ts";

export interface Population {
  readonly seed: number;
  readonly tenants: readonly Tenant[];
  /** Tables that have rows of tenants, in the order in which they were filled. */
  readonly tables: readonly Table[];
  /** Tables without a row for some tenant. */
  readonly failures: readonly Failure[];
  /**
   * The tenant's rows as they stand after all triggers have run; every column, generated ones too.
   * Of several, nothing holds back the delete of the first, people excepted.
   */
  rows(table: Named, tenant: string): readonly Row[];
  /**
   * A fresh valid row of the tenant that has not been inserted; what it leaves out has a default.
   * Undefined where the table is none of a tenant's, or its keys leave room for no more. `person` may be anybody.
   */
  newRow(table: Named, tenant: string, person?: Person): Row | undefined;
}

/**
 * The tenants are there, with their people, and each has rows in every table that belongs to tenants; triggers have run.
 * `connection` is a superuser's or another's that row security does not hold, outside a transaction.
 */
export async function populate(
  connection: Connection,
  schema: Schema,
  request: PopulationRequest,
): Promise<Population> {
  const fields = await Promise.all(
    plotTables(schema, request.tenancy).map(async (plot) => ({ plot, ways: await waysOf(plot.table) })),
  );
  const sower = new Sower(connection, request);
  await connection.query("begin");
  try {
    let failures = new Map<string, Failure>();
    // A trigger may need rows of a table that comes later: those that failed try again as long as others succeed.
    for (
      let pending = fields, before = Number.POSITIVE_INFINITY;
      pending.length > 0 && pending.length < before;
    ) {
      before = pending.length;
      failures = new Map();
      const failed: typeof fields = [];
      for (const field of pending) {
        const failure = await sower.sow(field);
        if (failure === undefined) continue;
        failures.set(key(failure), failure);
        failed.push(field);
      }
      pending = failed;
    }
    for (const { plot } of fields) await sower.look(plot);
    await connection.query("commit");
    return report(request, fields, sower, [...failures.values()]);
  } catch (thrown) {
    await connection.query("rollback");
    throw thrown;
  }
}

function report(
  request: PopulationRequest,
  fields: readonly { plot: Plot; ways: readonly Way[] }[],
  sower: Sower,
  failures: readonly Failure[],
): Population {
  const owned = new Map(
    fields.filter(({ plot }) => plot.owner.by !== "nobody").map((field) => [key(field.plot.table), field]),
  );
  return {
    seed: request.seed,
    tenants: request.tenants,
    tables: [...owned.values()].map(({ plot }) => plot.table),
    failures,
    rows: (table, tenant) => sower.rows(key(table), tenant),
    newRow: (table, tenant, person) => {
      const field = owned.get(key(table));
      return field && sower.fresh(field, tenant, person);
    },
  };
}

/** The ways to satisfy all checks of the table and of its columns' domains. */
async function waysOf(table: Table): Promise<Way[]> {
  const checks = table.checks.map(({ definition }) => solveCheck(definition));
  const domains = table.columns.flatMap((column) => [
    ...(column.domain?.checks ?? []).map(({ definition }) => solveCheck(definition, column.name)),
    ...column.elementChecks.map(({ definition }) => solveCheck(definition, elementsOf(column.name))),
  ]);
  return combineWays(await Promise.all([...checks, ...domains]));
}
