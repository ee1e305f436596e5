import { isDeepStrictEqual } from "node:util";
import { targetsOf } from "../../harness/guarantees/isolation/isolation.ts";
import {
  insertRow,
  literal,
  type Row,
  type Target,
  whereRow,
} from "../../harness/guarantees/isolation/target.ts";
import { endOf, type Trial } from "../../harness/guarantees/trial.ts";
import { freeColumns } from "../../harness/guarantees/variants.ts";
import type { Outcome } from "../../harness/session/outcome.ts";
import { quoteIdentifier, quoteLiteral } from "../../harness/sql/identifier.ts";
import {
  type AuditRow,
  auditRowsAfter,
  type Fed,
  idsOf,
  insertRows,
  knownRecords,
  newRow,
} from "./audit-rows.ts";
import { provesWholeStatements } from "./audit-statements.ts";
import { provesNoValues } from "./audit-values.ts";

/** Whatever changes a tenant's row leaves its record, in the same transaction. */
export async function provesFeed(trial: Trial): Promise<void> {
  const { ground, site, proof } = trial;
  const targets = targetsOf(ground).filter(({ label }) => !(label in ground.tenancy.records));
  const fed = await Promise.all(targets.map((target) => withSecrets(trial, target)));
  const known = await knownRecords(site);
  for (const one of fed) {
    for (const rows of [1, 3]) await provesTable(trial, known, one, rows);
    if (Object.keys(one.secrets).length === 0)
      proof.doubted(`${one.target.label} takes no text that could be found again`);
  }
  await provesWholeStatements(trial, known, fed);
  await provesNoValues(trial, known);
  const after = await knownRecords(site);
  proof.weigh(
    isDeepStrictEqual(after, known),
    `records of what was rolled back are there: ${after.length}, where there were ${known.length}`,
    "select * from public.audit_logs order by event_time desc",
  );
  await provesNoChangeWithoutRecord(trial, known);
  await provesCommit(trial, known);
}

/** Inserts, updates and deletes new rows in one transaction: three records, each of all the rows and of none of their values. */
async function provesTable(trial: Trial, known: readonly string[], fed: Fed, count: number): Promise<void> {
  const { proof, site, memberId } = trial;
  const { target, secrets } = fed;
  const rows = Array.from({ length: count }, (_, index) => {
    const row = newRow(trial, fed);
    // A key may hold none of them twice.
    return (
      row &&
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          name in secrets && value && index > 0 ? `${value}${index}` : value,
        ]),
      )
    );
  }).filter((row) => row !== undefined);
  if (rows.length < count) return proof.doubted(`no row could be made for ${target.label}`);
  const [changed] = Object.keys(secrets);
  const set = changed
    ? `${quoteIdentifier(changed)} = ${quoteIdentifier(changed)} || 'x'`
    : `${quoteIdentifier(target.touch)} = ${quoteIdentifier(target.touch)}`;
  const where = rows.map((row) => `(${whereRow(target, row)})`).join(" or ");
  const { outcome, records } = await auditRowsAfter(site, known, memberId, trial.tenant, [
    insertRows(target, rows),
    `update ${target.relation} set ${set} where ${where}`,
    `delete from ${target.relation} where ${where}`,
  ]);
  if (!outcome.ok) return proof.doubted(`${target.label}: the rows were ${endOf(outcome)}`);
  const tenants = [...new Set(rows.map((row) => row[target.tenantColumn]))];
  for (const operation of ["INSERT", "UPDATE", "DELETE"])
    for (const tenant of tenants) {
      const mine = rows.filter((row) => row[target.tenantColumn] === tenant);
      const about = records.filter(
        (record) =>
          record.operation === operation &&
          record.table_name === target.table.name &&
          record.org_id === tenant,
      );
      const what = `${operation} of ${mine.length} rows of ${target.label}`;
      proof.weigh(
        about.length === 1,
        `${what} leaves ${about.length} records of its tenant, where one is promised`,
        outcome,
      );
      for (const record of about)
        weighRecord(
          trial,
          what,
          fed,
          record,
          mine,
          operation === "UPDATE" && changed ? [changed] : Object.keys(secrets),
          outcome,
        );
    }
  const others = records.filter(
    ({ table_name, org_id }) => table_name === target.table.name && !tenants.includes(org_id ?? ""),
  );
  proof.weigh(
    others.length === 0,
    `changes of ${target.label} leave ${others.length} records of another tenant, or of none`,
    outcome,
  );
}

function weighRecord(
  { proof, memberId }: Trial,
  what: string,
  { target, secrets }: Fed,
  record: AuditRow,
  rows: readonly Row[],
  columns: readonly string[],
  outcome: Outcome,
): void {
  proof.weigh(
    record.schema_name === target.table.schema,
    `${what}: the record says schema ${record.schema_name}`,
    outcome,
  );
  proof.weigh(
    record.authenticated_user === memberId,
    `${what}: the record says it was ${record.authenticated_user}, and it was ${memberId}`,
    outcome,
  );
  const unnamed = rows.filter((row) => !idsOf(target, row).some((id) => record.told.includes(id)));
  proof.weigh(
    unnamed.length === 0,
    `${what}: the record names not the ids of all rows: ${record.told}`,
    outcome,
  );
  const missing = columns.filter((column) => !new RegExp(`\\b${column}\\b`).test(record.told));
  proof.weigh(
    missing.length === 0,
    `${what}: the record names not the columns ${missing.join(", ")}: ${record.told}`,
    outcome,
  );
  const leaked = Object.entries(secrets).filter(
    ([, value]) => value !== null && record.told.includes(value.slice(0, 14)),
  );
  proof.weigh(
    leaked.length === 0,
    `${what}: the record holds values of ${leaked.map(([name]) => name).join(", ")}: ${record.told}`,
    outcome,
  );
}

/** The free text columns that take a secret, each tried by itself. */
async function withSecrets(trial: Trial, target: Target): Promise<Fed> {
  const isText = ({ baseType, isArray }: { baseType: string; isArray: boolean }) =>
    /^(text|varchar|citext)$/.test(baseType) && !isArray;
  const unique = new Set(target.table.uniques.flatMap(({ columns }) => columns));
  const base = newRow(trial, { target, secrets: {} });
  const free = freeColumns(target).filter((column) => isText(column) && !unique.has(column.name));
  const rows = free.map(({ name }) => ({ ...base, [name]: secretOf(target, name) }));
  const outcomes = await trial.site.sessions.attempt(
    rows.map((row) => ({ actor: trial.service, sql: insertRow(target, row) })),
  );
  const taken = free.filter((_, index) => outcomes[index]?.ok);
  return { target, secrets: Object.fromEntries(taken.map(({ name }) => [name, secretOf(target, name)])) };
}

/** Begins unlike every other value, and says nothing of its column's name. */
function secretOf({ table }: Target, column: string): string {
  const place = table.columns.findIndex(({ name }) => name === column);
  return `Zq${String(place).padStart(2, "0")}xylophone${table.name.length}`;
}

/** Where no record can be written, nothing can be changed. */
async function provesNoChangeWithoutRecord(trial: Trial, known: readonly string[]): Promise<void> {
  const { site, proof, memberId, tenant } = trial;
  const { outcome } = await auditRowsAfter(site, known, memberId, tenant, [
    "alter table public.audit_logs add constraint full_of_records check (false) not valid",
    `insert into public.contacts (org_id, name) values ('${tenant}', 'somebody')`,
  ]);
  proof.weigh(
    !outcome.ok && /full_of_records/.test(outcome.message),
    `a contact is inserted where no record of it can be written: ${endOf(outcome)}`,
    outcome,
  );
}

/** What members, the service and the deployer commit has its record, and what a savepoint takes back has none. */
async function provesCommit(trial: Trial, known: readonly string[]): Promise<void> {
  const { site, proof, tenant, memberId } = trial;
  const [kept, undone] = [trial.uuid(), trial.uuid()];
  const add = (id: string) =>
    `insert into public.contacts (id, org_id, name) values (${quoteLiteral(id)}, ${literal(tenant)}, 'somebody')`;
  const outcome = await site.sessions.as(trial.member).transaction(
    async (run) => {
      await run(add(kept));
      await run(`update public.contacts set notes = 'called' where id = '${kept}'`);
      await run(`${add(undone)} returning 1 / 0`);
    },
    { commit: true, savepoints: true },
  );
  await site.sessions.as(trial.service).does(`delete from public.contacts where id = '${kept}'`);
  await site.deployer.does(`${add(kept)}`);
  const { records } = await auditRowsAfter(site, known, memberId, tenant, []);
  const seen = records.map(
    ({ operation, authenticated_user, told }) =>
      `${operation} of ${[kept, undone].find((id) => told.includes(id))} by ${authenticated_user}`,
  );
  const due = [
    `INSERT of ${kept} by ${memberId}`,
    `UPDATE of ${kept} by ${memberId}`,
    `DELETE of ${kept} by null`,
    `INSERT of ${kept} by null`,
  ];
  proof.weigh(
    isDeepStrictEqual(seen, due),
    `a member inserts and updates a contact, the service deletes it, and the deployer inserts it again; the records are ${seen.join(" and ") || "none"}`,
    outcome,
  );
}
