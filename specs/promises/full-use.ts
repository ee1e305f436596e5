import { insertRow } from "../../harness/guarantees/isolation/target.ts";
import { name, type Statement, sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";
import { variantsOf } from "../../harness/guarantees/variants.ts";
import { quoteIdentifier } from "../../harness/sql/identifier.ts";

/** A member has full use of the table within their tenant, whatever is in a row; `insert` makes a row with this id, `touch` is a text column. */
export async function provesFullUse(
  trial: Trial,
  table: string,
  insert: (id: string) => Statement,
  touch: string,
): Promise<void> {
  const id = trial.uuid();
  const relation = name(`public.${table}`);
  const read = sql`select id::text from ${relation} where id = ${id}`;
  const change = sql`update ${relation} set ${name(touch)} = 'changed' where id = ${id} returning ${name(touch)} as value`;
  const remove = sql`delete from ${relation} where id = ${id} returning id::text`;
  await trial.sees(trial.member, `a member inserts and selects ${table}`, [insert(id), read], [{ id }]);
  await trial.sees(trial.member, `a member updates ${table}`, [insert(id), change], [{ value: "changed" }]);
  await trial.sees(trial.member, `a member deletes ${table}`, [insert(id), remove], [{ id }]);
  await trial.given(insert(id));
  await trial.sees(trial.colleague, `a colleague selects the same ${table}`, read, [{ id }]);
  await trial.sees(trial.colleague, `a colleague updates the same ${table}`, change, [{ value: "changed" }]);
  await trial.sees(trial.colleague, `a colleague deletes the same ${table}`, remove, [{ id }]);
  await trial.sees(trial.outsider, `an outsider selects none of them`, read, []);

  const target = trial.target(table);
  const rows = variantsOf(trial.ground, target, trial.tenant, trial.ground.society.member);
  // What a constraint refuses it refuses to the service too; what is refused to members alone is a policy's doing.
  const inserts = rows.map((row) => insertRow(target, row));
  const byService = await trial.site.sessions.attempt(inserts.map((sql) => ({ actor: trial.service, sql })));
  await trial.each(
    trial.member,
    `inserts a row of any shape into ${table}`,
    inserts.filter((_, index) => byService[index]?.ok),
    (outcome) => outcome.ok && outcome.count === 1,
  );
  const ids = await trial.givenShapes(table);
  const columns = target.table.columns.filter(
    ({ generated, identity }) => generated === null && identity !== "always",
  );
  const list = ids.map((one) => `'${one}'`).join(", ");
  const set = columns.map((column) => `${quoteIdentifier(column.name)} = ${quoteIdentifier(column.name)}`);
  await trial.each(
    trial.member,
    `reads, updates and deletes rows of any shape of ${table}`,
    [
      `select * from public.${table} where id in (${list})`,
      `update public.${table} set ${set.join(", ")} where id in (${list})`,
      `delete from public.${table} where id in (${list})`,
    ],
    (outcome) => outcome.ok && outcome.count === ids.length,
  );
}
