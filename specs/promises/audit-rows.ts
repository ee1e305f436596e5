import { insertRow, type Row, type Target } from "../../harness/guarantees/isolation/target.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";
import type { Outcome } from "../../harness/session/outcome.ts";
import { quoteLiteral } from "../../harness/sql/identifier.ts";

/** A record as experiments read it. */
export interface AuditRow {
  readonly operation: string;
  readonly schema_name: string | null;
  readonly table_name: string | null;
  readonly org_id: string | null;
  readonly authenticated_user: string | null;
  /** All of the record as text, whatever its column. */
  readonly told: string;
}

/** The ids of all records that are there. */
export async function knownRecords(site: Site): Promise<readonly string[]> {
  const rows = await site.superuser.reads("select id::text from public.audit_logs order by 1");
  return rows.map(({ id }) => id as string);
}

/**
 * The records beyond `known` that the statements left by the end of their transaction, which is rolled back. A superuser
 * runs them under the claims of `user`, so that nothing but the tables themselves holds them back.
 */
export async function auditRowsAfter(
  site: Site,
  known: readonly string[],
  user: string,
  tenant: string,
  statements: readonly string[],
): Promise<{ readonly outcome: Outcome; readonly records: readonly AuditRow[] }> {
  const claims = JSON.stringify({ sub: user, role: "service_role", app_metadata: { org_id: tenant } });
  const { outcome } = await site.superuser.triesInTurn([
    [`select set_config('request.jwt.claims', ${quoteLiteral(claims)}, true)`],
    ...statements.map((statement) => [statement] as const),
    ["set constraints all immediate"],
    [
      `select operation, schema_name, table_name, org_id::text, authenticated_user::text, a::text as told
       from public.audit_logs a where id <> all ('{${known.join(",")}}'::uuid[]) order by event_time, id`,
    ],
  ]);
  return { outcome, records: outcome.ok ? (outcome.rows as unknown as AuditRow[]) : [] };
}

/** What tells the row from others: the values of its keys, its tenant's excepted where there are others. */
export function idsOf({ table, tenantColumn }: Target, row: Row): readonly string[] {
  const keys = new Set([...table.primaryKey, ...table.uniques.flatMap(({ columns }) => columns)]);
  const telling = [...keys].filter((column) => column !== tenantColumn);
  const values = (telling.length > 0 ? telling : [tenantColumn]).map((column) => row[column] ?? null);
  return values.filter((value) => value !== null);
}

/** A tenant's table, and what is told of no patient: values that occur nowhere else. */
export interface Fed {
  readonly target: Target;
  /** Columns of free text that the table lets hold anything, with a value that is found again wherever it goes. */
  readonly secrets: Row;
}

/** A new row of the tenant, with secrets in it. */
export function newRow(trial: Trial, { target, secrets }: Fed, tenant = trial.tenant): Row | undefined {
  const { ground } = trial;
  const people = ground.society.people.filter((person) => person.tenant === tenant);
  const row = ground.population.newRow(target.table, tenant, people[0]);
  if (!row) return undefined;
  const isTenants = target.tenantColumn === ground.tenancy.tenants.key;
  // Keys that the database would make are needed to find the row again.
  const made = target.table.primaryKey.filter((column) => row[column] === undefined || isTenants);
  return { ...row, ...Object.fromEntries(made.map((column) => [column, trial.uuid()])), ...secrets };
}

/** One INSERT of several rows with the same columns. */
export function insertRows(target: Target, rows: readonly Row[]): string {
  const values = rows.map((row) => insertRow(target, row).replace(/^[\s\S]*? values /, ""));
  return insertRow(target, rows[0] ?? {}).replace(/ values [\s\S]*$/, ` values ${values.join(", ")}`);
}
