import { sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";

/** Whatever an appointment holds, it can be marked as deleted and come back. */
export async function provesRecovery(trial: Trial): Promise<void> {
  const shapes = await trial.givenShapes("appointments");
  const list = shapes.map((one) => `'${one}'`).join(", ");
  for (const [fact, value] of [
    ["marks appointments of any shape as deleted", "now()"],
    ["recovers appointments of any shape", "null"],
  ] as const) {
    const statement = `update public.appointments set deleted_at = ${value} where id in (${list})`;
    await trial.each(
      trial.member,
      fact,
      [statement],
      (outcome) => outcome.ok && outcome.count === shapes.length,
    );
    await trial.site.superuser.does(statement);
  }
  await trial.finds(
    "appointments of any shape are there after they were deleted and recovered",
    sql`select count(*)::int as rows from public.appointments where id = any (${shapes}) and deleted_at is null`,
    [{ rows: shapes.length }],
  );
}
