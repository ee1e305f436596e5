import { targetsOf } from "../../harness/guarantees/isolation/isolation.ts";
import { sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";

/** A call outside a sub-select is made for every row; the catalog shows the policy as the server understood it. */
const wrapped = /\(\s*select\s+(?:public\.)?auth_org_id\(\)\s+as\s+auth_org_id\s*\)/gi;

const tables = ["contacts", "appointments", "notifications"] as const;
const fewRows = 3;
const manyRows = 60;

/** How often the server evaluates the tenant does not depend on how many rows a statement looks at. */
export async function provesOneEvaluation(trial: Trial): Promise<void> {
  const labels = targetsOf(trial.ground).map(({ label }) => label);
  const { rows: policies, repeat } = await trial.asks<{ name: string; expression: string }>(sql`
    select policyname || ' on ' || schemaname || '.' || tablename as name, expression
    from pg_catalog.pg_policies, unnest(array[qual, with_check]) as expression
    where schemaname || '.' || tablename = any (${labels}) and expression not in ('true', 'false')
      -- A restrictive policy only takes away, by whatever it likes.
      and (permissive = 'PERMISSIVE' or expression like '%auth_org_id%')
    order by 1`);
  if (policies.length === 0) trial.proof.broke("no policy asks for the tenant of the claims", repeat);
  for (const { name, expression } of policies) {
    trial.proof.weigh(
      expression.search(wrapped) >= 0,
      `the policy ${name} does not ask (select public.auth_org_id()): ${expression}`,
      repeat,
    );
    trial.proof.weigh(
      !expression.replaceAll(wrapped, "").includes("auth_org_id"),
      `the policy ${name} calls auth_org_id() for every row: ${expression}`,
      repeat,
    );
  }

  await trial.maintains(`alter database "${trial.site.database.name}" set track_functions = 'all'`);
  await trial.given(sql`insert into public.contacts (org_id, name)
      select ${trial.tenant}, 'somebody' from generate_series(1, ${manyRows}::int)`);
  await trial.given(sql`insert into public.appointments (org_id, contact_id, service_type, scheduled_at)
      select org_id, id, 'cleaning', now() from public.contacts where org_id = ${trial.tenant}`);
  await trial.given(sql`insert into public.notifications (org_id, user_id, type, title, message)
      select ${trial.tenant}, ${trial.memberId}, 'voicemail', 'title', 'message' from generate_series(1, ${manyRows}::int)`);
  for (const table of tables)
    for (const [what, statement] of [
      [
        "a SELECT",
        (limit: number) => `select count(*) from (select id from public.${table} limit ${limit}) few`,
      ],
      ...(table === "notifications"
        ? []
        : ([
            [
              "an UPDATE",
              (limit: number) =>
                `update public.${table} set updated_at = now() where id in (select id from public.${table} limit ${limit})`,
            ],
          ] as const)),
    ] as const) {
      const few = await callsOf(trial, statement(fewRows));
      const many = await callsOf(trial, statement(manyRows));
      trial.proof.weigh(
        few.calls > 0 && few.calls === many.calls,
        `${what} on ${table} evaluates auth_org_id() ${few.calls} times for ${fewRows} rows and ${many.calls} times for ${manyRows}`,
        many,
      );
    }
}

/** How many times the server called the function during the statement. */
async function callsOf(trial: Trial, statement: string): Promise<{ calls: number; repeat: string }> {
  // A session that began before the setting would not count.
  await using fresh = trial.site.openSessions({ size: 1 });
  const outcome = await fresh.as(trial.member).transaction(async (run) => {
    await run(statement);
    await run(`select coalesce(sum(calls), 0)::int as calls
      from pg_catalog.pg_stat_xact_user_functions where schemaname = 'public' and funcname = 'auth_org_id'`);
  });
  const calls = outcome.ok ? Number(outcome.rows[0]?.calls) : 0;
  return { calls, repeat: outcome.repeat };
}
