import { name, type Statement, sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";

/** updated_at moves on every update, also twice in one transaction, and no member can write it; `touch` is any text column. */
export async function provesUpdatedAt(
  trial: Trial,
  table: string,
  touch: string,
  insert: (id: string) => Statement,
): Promise<void> {
  const { member } = trial;
  const relation = name(`public.${table}`);
  const remember = (id: string) =>
    sql`select set_config('tenantproof.seen', updated_at::text, true) from ${relation} where id = ${id}`;
  const moved = (id: string) =>
    sql`select updated_at > current_setting('tenantproof.seen')::timestamptz as moved from ${relation} where id = ${id}`;
  const change = (id: string, value: string) =>
    sql`update ${relation} set ${name(touch)} = ${value} where id = ${id}`;

  const id = trial.uuid();
  await trial.sees(
    member,
    `updated_at of ${table} moves on an update`,
    [insert(id), remember(id), change(id, "one"), moved(id)],
    [{ moved: true }],
  );
  await trial.sees(
    member,
    `updated_at of ${table} moves on the second update of one transaction`,
    [insert(id), change(id, "one"), remember(id), change(id, "two"), moved(id)],
    [{ moved: true }],
  );
  await trial.sees(
    member,
    `updated_at of ${table} moves on an update that changes nothing`,
    [insert(id), change(id, "one"), remember(id), change(id, "one"), moved(id)],
    [{ moved: true }],
  );
  await trial.sees(
    trial.service,
    `updated_at of ${table} moves when the service updates`,
    [insert(id), change(id, "one"), remember(id), change(id, "two"), moved(id)],
    [{ moved: true }],
  );
  const columns = trial
    .target(table)
    .table.columns.filter((column) => column.generated === null && column.name !== "updated_at")
    .map((column) => column.name);
  await trial.sees(
    member,
    `updated_at of ${table} moves whichever column is written`,
    [
      insert(id),
      sql`select set_config('tenantproof.stood', '', true)`,
      ...columns.flatMap((column) => [
        remember(id),
        sql`update ${relation} set ${name(column)} = ${name(column)} where id = ${id}`,
        sql`select set_config('tenantproof.stood', current_setting('tenantproof.stood')
              || case when updated_at > current_setting('tenantproof.seen')::timestamptz then '' else ${` ${column}`} end, true)
            from ${relation} where id = ${id}`,
      ]),
      sql`select current_setting('tenantproof.stood') as stood_still`,
    ],
    [{ stood_still: "" }],
  );
  for (const forged of ["2001-01-01", "infinity"]) {
    await trial.sees(
      member,
      `an update of ${table} that sets updated_at to ${forged} does not`,
      [
        insert(id),
        sql`update ${relation} set updated_at = ${forged}::timestamptz where id = ${id}`,
        sql`select updated_at between now() - interval '1 hour' and clock_timestamp() as true_time
            from ${relation} where id = ${id}`,
      ],
      [{ true_time: true }],
    );
    await trial.sees(
      member,
      `an insert into ${table} that sets updated_at to ${forged} does not`,
      [
        insert(id),
        sql`insert into ${relation} select (jsonb_populate_record(t, jsonb_build_object('id', ${trial.uuid()}::uuid,
              'phone', null, 'updated_at', ${forged}::timestamptz))).* from ${relation} t where id = ${id}`,
        sql`select count(*)::int as rows, bool_and(updated_at between now() - interval '1 hour' and clock_timestamp()) as true_time
            from ${relation} where xmin = pg_current_xact_id()::xid`,
      ],
      [{ rows: 2, true_time: true }],
    );
  }
}
