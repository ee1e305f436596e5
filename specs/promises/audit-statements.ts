import { isDeepStrictEqual } from "node:util";
import { type Row, whereRow } from "../../harness/guarantees/isolation/target.ts";
import { endOf, type Trial } from "../../harness/guarantees/trial.ts";
import type { Outcome } from "../../harness/session/outcome.ts";
import { quoteIdentifier } from "../../harness/sql/identifier.ts";
import { type AuditRow, auditRowsAfter, type Fed, idsOf, insertRows, newRow } from "./audit-rows.ts";

/** Statements of every kind are recorded once for each operation and tenant, however many rows they concern. */
export async function provesWholeStatements(
  trial: Trial,
  known: readonly string[],
  fed: readonly Fed[],
): Promise<void> {
  for (const one of fed) {
    await provesTwoTenants(trial, known, one);
    await provesNothingHappened(trial, known, one);
  }
  const [one, two, three] = [trial.uuid(), trial.uuid(), trial.uuid()];
  const { tenant } = trial;
  const add = (...ids: readonly string[]) =>
    `insert into public.contacts (id, org_id, name) values ${ids.map((id) => `('${id}', '${tenant}', 'somebody')`).join(", ")}`;
  const upsert = `${add(one, two)} on conflict (org_id, id) do update set notes = 'again'`;
  const copied = [one, two].map((id) => `${id},${tenant},somebody\\n`).join("");
  await leaves(
    trial,
    known,
    "an upsert of a row that is there and one that is not",
    [add(one), upsert],
    [
      ["INSERT", [one]],
      ["INSERT", [two]],
      ["UPDATE", [one]],
    ],
  );
  await leaves(
    trial,
    known,
    "an insert that does nothing on conflict",
    [add(one), `${add(one)} on conflict do nothing`],
    [["INSERT", [one]]],
  );
  await leaves(
    trial,
    known,
    "a MERGE that inserts, updates and deletes",
    [
      add(one, two),
      `merge into public.contacts c using (values ('${one}'::uuid, 'u'), ('${two}', 'd'), ('${three}', 'i')) s (id, what)
         on c.id = s.id and c.org_id = '${tenant}'
       when matched and s.what = 'd' then delete
       when matched then update set notes = 'merged'
       when not matched then insert (id, org_id, name) values (s.id, '${tenant}', 'somebody')`,
    ],
    [
      ["INSERT", [one, two]],
      ["INSERT", [three]],
      ["UPDATE", [one]],
      ["DELETE", [two]],
    ],
  );
  await leaves(
    trial,
    known,
    "a COPY",
    [`copy public.contacts (id, org_id, name) from program 'printf "${copied}"' (format csv)`],
    [["INSERT", [one, two]]],
  );
  await leaves(
    trial,
    known,
    "an insert of 500 rows",
    [
      `insert into public.contacts (org_id, name) select '${tenant}', 'somebody' from generate_series(1, 500)`,
    ],
    [["INSERT", []]],
  );
  const many = Array.from({ length: 30 }, () => trial.uuid());
  await leaves(trial, known, "an insert of 30 rows", [add(...many)], [["INSERT", many]]);
  await leaves(
    trial,
    known,
    "a change by a trigger of another table",
    [
      `do $make$ begin
        create temporary table cause (id uuid) on commit drop;
        create function pg_temp.effect() returns trigger language plpgsql as
          $body$ begin insert into public.contacts (id, org_id, name) values (new.id, '${tenant}', 'somebody'); return null; end $body$;
        create trigger effect after insert on cause for each row execute function pg_temp.effect();
      end $make$`,
      `insert into cause values ('${one}')`,
    ],
    [["INSERT", [one]]],
  );
  await provesCascade(trial, known);
}

/** Exactly these records of public.contacts, each naming these ids of those that any names. */
async function leaves(
  trial: Trial,
  known: readonly string[],
  what: string,
  statements: readonly string[],
  expected: readonly (readonly [operation: string, ids: readonly string[]])[],
): Promise<void> {
  const { site, proof, memberId, tenant } = trial;
  const { outcome, records } = await auditRowsAfter(site, known, memberId, tenant, statements);
  if (!outcome.ok) return proof.doubted(`${what} was ${endOf(outcome)}`);
  const every = [...new Set(expected.flatMap(([, ids]) => ids))];
  const seen = records
    .filter(({ table_name }) => table_name === "contacts")
    .map(({ operation, told }) => `${operation} ${every.filter((id) => told.includes(id)).join(" and ")}`);
  const due = expected.map(([operation, ids]) => `${operation} ${ids.join(" and ")}`);
  proof.weigh(
    isDeepStrictEqual([...seen].sort(), [...due].sort()) && records.every((record) => isOf(trial, record)),
    `${what} leaves the records ${seen.join(", ") || "none"}, where ${due.join(", ")} are promised of this tenant and user`,
    outcome,
  );
}

function isOf({ tenant, memberId }: Trial, { org_id, authenticated_user }: AuditRow): boolean {
  return org_id === tenant && authenticated_user === memberId;
}

/** A statement that concerns two tenants leaves a record for each, which tells nothing of the other's rows. */
async function provesTwoTenants(trial: Trial, known: readonly string[], fed: Fed): Promise<void> {
  const { site, proof, memberId } = trial;
  const { target } = fed;
  const rows = [trial.tenant, trial.otherTenant].map((tenant) => newRow(trial, fed, tenant));
  const [mine, theirs] = rows;
  if (!mine || !theirs) return proof.doubted(`no rows of two tenants could be made for ${target.label}`);
  const where = [mine, theirs].map((row) => `(${whereRow(target, row)})`).join(" or ");
  const touch = quoteIdentifier(target.touch);
  const { outcome, records } = await auditRowsAfter(site, known, memberId, trial.tenant, [
    insertRows(target, [mine, theirs]),
    `update ${target.relation} set ${touch} = ${touch} where ${where}`,
    `delete from ${target.relation} where ${where}`,
  ]);
  if (!outcome.ok) return proof.doubted(`${target.label}: rows of two tenants were ${endOf(outcome)}`);
  for (const operation of ["INSERT", "UPDATE", "DELETE"])
    for (const [row, other] of [
      [mine, theirs],
      [theirs, mine],
    ] as const)
      weighShare(
        trial,
        fed,
        `${operation} of two tenants' rows of ${target.label}`,
        row,
        other,
        records.filter((one) => one.operation === operation && one.table_name === target.table.name),
        outcome,
      );
}

function weighShare(
  { proof }: Trial,
  { target }: Fed,
  what: string,
  row: Row,
  other: Row,
  records: readonly AuditRow[],
  outcome: Outcome,
): void {
  const tenant = row[target.tenantColumn];
  const own = records.filter(({ org_id }) => org_id === tenant);
  const names = (of: Row) => own.some(({ told }) => idsOf(target, of).some((id) => told.includes(id)));
  proof.weigh(
    own.length === 1 && names(row) && !names(other),
    `${what} leaves ${own.length} records of tenant ${tenant}, where one is promised that names its own rows alone: ${own.map(({ told }) => told).join(" and ")}`,
    outcome,
  );
}

/** A statement that finds nothing concerns no tenant. */
async function provesNothingHappened(trial: Trial, known: readonly string[], fed: Fed): Promise<void> {
  const { site, proof, memberId, tenant } = trial;
  const { relation, label, touch } = fed.target;
  const column = quoteIdentifier(touch);
  const { outcome, records } = await auditRowsAfter(site, known, memberId, tenant, [
    `insert into ${relation} select * from ${relation} where false`,
    `update ${relation} set ${column} = ${column} where false`,
    `delete from ${relation} where false`,
  ]);
  if (!outcome.ok) return proof.doubted(`${label}: statements that find nothing were ${endOf(outcome)}`);
  proof.weigh(
    records.every(({ org_id }) => org_id === null),
    `statements on ${label} that find no row leave records of a tenant: ${records.map(({ told }) => told).join(" and ")}`,
    outcome,
  );
}

/** What goes with an organization is recorded too, table by table. */
async function provesCascade(trial: Trial, known: readonly string[]): Promise<void> {
  const { site, proof, memberId } = trial;
  const [org, contact, appointment, notification] = [trial.uuid(), trial.uuid(), trial.uuid(), trial.uuid()];
  const { outcome, records } = await auditRowsAfter(site, known, memberId, org, [
    `insert into public.organizations (id, name) values ('${org}', 'somebody')`,
    `insert into public.contacts (id, org_id, name) values ('${contact}', '${org}', 'somebody')`,
    `insert into public.appointments (id, org_id, contact_id, scheduled_at) values ('${appointment}', '${org}', '${contact}', now())`,
    `insert into public.notifications (id, org_id, user_id, type, title, message)
       values ('${notification}', '${org}', '${memberId}', 'hot_lead', 'title', 'message')`,
    `delete from public.organizations where id = '${org}'`,
  ]);
  if (!outcome.ok) return proof.doubted(`an organization with its rows was ${endOf(outcome)}`);
  for (const [table, id] of [
    ["organizations", org],
    ["contacts", contact],
    ["appointments", appointment],
    ["notifications", notification],
  ] as const) {
    const own = records.filter(
      (one) => one.operation === "DELETE" && one.table_name === table && one.told.includes(id),
    );
    proof.weigh(
      own.length === 1 && own[0]?.org_id === org && own[0].authenticated_user === memberId,
      `deleting an organization leaves ${own.length} records of what it takes with it from public.${table}`,
      outcome,
    );
  }
}
