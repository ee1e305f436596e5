import type { Named } from "../catalog/model.ts";
import { key } from "../catalog/schema.ts";
import { quoteIdentifier } from "../sql/identifier.ts";
import type { Ground } from "./ground.ts";
import { targetsOf } from "./isolation/isolation.ts";
import { insertRow, type Target } from "./isolation/target.ts";
import type { Proof } from "./proof.ts";

/** The tenant tables whose tenant column is a reference: not the tenants themselves, and no records of what was. */
export function ownedTargets(ground: Ground): Target[] {
  const { tenancy } = ground;
  return targetsOf(ground).filter(
    ({ table, label }) => key(table) !== key(tenancy.tenants) && !(label in tenancy.records),
  );
}

/** Whether the host supplied it, as it does the table of people. */
function isPlatforms({ schemaBefore }: Ground, table: Named): boolean {
  return table.schema !== "public" && schemaBefore.tables.some((other) => key(other) === key(table));
}

/** Every row of every tenant table has a tenant, and one that exists. */
export async function proveTenantColumn(ground: Ground, proof: Proof): Promise<void> {
  const { tenancy, schema, population, society } = ground;
  await using site = await ground.open("populated");
  const tenants = schema.tables.find((table) => key(table) === key(tenancy.tenants));
  const type = tenants?.columns.find(({ name }) => name === tenancy.tenants.key)?.type;
  if (type === undefined)
    return proof.broke(`there is no ${key(tenancy.tenants)}`, `\\d ${key(tenancy.tenants)}`);
  const named = new Set([...targetsOf(ground).map(({ label }) => label), ...Object.keys(tenancy.records)]);
  for (const table of population.tables.filter((one) => !named.has(key(one)) && !isPlatforms(ground, one)))
    proof.broke(
      `${key(table)} holds rows of tenants, by what they point to, and has no ${tenancy.column}`,
      `\\d ${key(table)}`,
    );
  for (const target of ownedTargets(ground)) {
    const { label, table } = target;
    const look = `\\d ${label}`;
    const column = table.columns.find(({ name }) => name === tenancy.column);
    proof.weigh(column?.type === type, `${label}.${tenancy.column} is ${column?.type}, not ${type}`, look);
    proof.weigh(column?.notNull === true, `${label}.${tenancy.column} may be NULL`, look);
    proof.weigh(
      table.foreignKeys.some(
        ({ columns, target: referenced }) =>
          columns.join() === tenancy.column && key(referenced) === key(tenancy.tenants),
      ),
      `${label}.${tenancy.column} does not reference ${key(tenancy.tenants)}`,
      look,
    );
    const row = population.newRow(table, society.member.tenant, society.member);
    if (row === undefined) {
      proof.doubted(`no new row could be made for ${label}`);
      continue;
    }
    const returning = ` returning ${quoteIdentifier(tenancy.column)}::text as tenant`;
    for (const [what, tenant] of [
      ["no tenant", null],
      ["a tenant that does not exist", society.newcomer.tenant],
    ] as const) {
      const outcome = await site.superuser.tries(
        insertRow(target, { ...row, [tenancy.column]: tenant }, returning),
      );
      // A trigger may find out whose the row is; then it is somebody's.
      const filled = outcome.ok && tenant === null && outcome.rows[0]?.tenant !== null;
      proof.weigh(!outcome.ok || filled, `${label} takes a row of ${what}`, outcome);
    }
    // A table that takes no row at all would refuse those two for another reason.
    const control = await site.superuser.tries(insertRow(target, row));
    if (!control.ok) proof.doubted(`${label} refuses a valid row: ${control.sqlstate} ${control.message}`);
  }
}
