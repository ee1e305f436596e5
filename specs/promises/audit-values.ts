import { endOf, type Trial } from "../../harness/guarantees/trial.ts";
import { auditRowsAfter } from "./audit-rows.ts";

/** What a patient says of every sort; the secrets of other experiments are of free text alone. */
const said = {
  phone: "+15550192837",
  email: "zq.quillfeather@example.com",
  service_interests: ["zqxylotherapy"],
  notes: "zq allergic",
} as const;

/** A contact's values are in no record, whatever their type; a column that is emptied is a column that changed. */
export async function provesNoValues(trial: Trial, known: readonly string[]): Promise<void> {
  const { site, proof, tenant, memberId } = trial;
  const id = trial.uuid();
  const row = `'${said.phone}', '${said.email}', '${JSON.stringify(said.service_interests)}', '${said.notes}'`;
  const { outcome, records } = await auditRowsAfter(site, known, memberId, tenant, [
    `insert into public.contacts (id, org_id, name) values ('${id}', '${tenant}', 'somebody')`,
    `update public.contacts set (phone, email, service_interests, notes) = (${row}) where id = '${id}'`,
    `update public.contacts set phone = null, email = null, notes = null where id = '${id}'`,
    `update public.contacts set (phone, email, service_interests, notes) = (${row}) where id = '${id}'`,
    `delete from public.contacts where id = '${id}'`,
    `insert into public.contacts (id, org_id, name, phone, email, service_interests, notes)
       values ('${id}', '${tenant}', 'somebody', ${row})`,
  ]);
  if (!outcome.ok) return proof.doubted(`a contact with all that may be said was ${endOf(outcome)}`);
  const secrets = Object.entries(said).map(([column, value]) => [column, String(value)] as const);
  for (const { operation, told } of records) {
    const leaked = secrets.filter(([, value]) => told.includes(value)).map(([column]) => column);
    proof.weigh(
      leaked.length === 0,
      `the record of an ${operation} of a contact holds its ${leaked.join(", ")}: ${told}`,
      outcome,
    );
  }
  const updates = records.filter(({ operation }) => operation === "UPDATE");
  for (const column of ["phone", "email", "notes"])
    proof.weigh(
      updates.length === 3 && updates.every(({ told }) => new RegExp(`\\b${column}\\b`).test(told)),
      `of three updates that fill, empty and fill ${column}, these are told: ${updates.map(({ told }) => told).join(" and ")}`,
      outcome,
    );
}
