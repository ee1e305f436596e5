import type { Trial } from "../../harness/guarantees/trial.ts";
import { endOf } from "../../harness/guarantees/trial.ts";
import type { Outcome } from "../../harness/session/outcome.ts";
import { callOf, plain } from "./audit-calls.ts";
import { provesOnlyServiceCalls } from "./audit-records.ts";

const minute = 60;
const day = 24 * 60 * minute;

/** Records of all shapes, one of each age, in seconds. */
function recordsOf({ tenant, otherTenant, memberId }: Trial, ages: readonly number[]): string {
  return `insert into public.audit_logs (event_time, event_type, operation, schema_name, table_name, record_id,
      database_user, authenticated_user, org_id, statement_text, row_data, client_addr)
    select now() - make_interval(secs => age), shape.*
    from unnest(array[${ages.join(", ")}]) age, (values
      ('data_change', 'UPDATE', 'public', 'contacts', 'one', 'crowd', '${memberId}'::uuid, '${tenant}'::uuid, 'a text', '{"rows": 1, "columns": ["name"]}'::jsonb, '198.51.100.7'::inet),
      ('data_read', 'SELECT', 'public', 'appointments', null, 'crowd', null, '${otherTenant}', null, '[]', '2001:db8::1'),
      ('sign_in', 'LOGIN', null, null, null, 'crowd', null, null, null, null, null)) shape`;
}

/** What is older moves as it is, what is not stays, and the answer counts both. */
export async function provesArchive(trial: Trial): Promise<void> {
  for (const [argument, days] of [
    ["", 90],
    ["1", 1],
    ["30", 30],
    ["days => 90", 90],
    ["365", 365],
  ] as const)
    await provesOneRun(trial, argument, days);
  await provesMany(trial);
  await provesRefusal(trial);
  await provesOnlyServiceCalls(trial, [
    "select public.archive_old_audit_logs(3650)",
    "select public.archive_old_audit_logs()",
  ]);
  await provesCrowd(trial);
}

async function provesOneRun(trial: Trial, argument: string, days: number): Promise<void> {
  const { site, proof } = trial;
  const limit = days * day;
  // Exactly so old is not older.
  const ages = [0, day / 2, limit - day / 2, limit - 1, limit, limit + 1, limit + day, 10 * limit];
  const call = `public.archive_old_audit_logs(${argument})`;
  const { outcome } = await site.superuser.triesInTurn([
    [recordsOf(trial, ages)],
    [
      "create temporary table before on commit drop as select id, event_time, to_jsonb(a) as record from public.audit_logs a",
    ],
    ["create temporary table archived on commit drop as select id from public.audit_logs_archive"],
    ["select set_config('role', 'service_role', true)"],
    [
      `select set_config('tenantproof.answer', (select to_jsonb(a)::text from ${call} a), true),
        set_config('tenantproof.again', (select to_jsonb(a)::text from ${call} a), true)`,
    ],
    ["select set_config('role', 'none', true)"],
    [
      `select current_setting('tenantproof.answer')::jsonb as answer, current_setting('tenantproof.again')::jsonb as again,
        count(*) filter (where event_time < now() - make_interval(days => ${days}))::int as older,
        count(*) filter (where event_time >= now() - make_interval(days => ${days}))::int as younger,
        count(*) filter (where event_time < now() - make_interval(days => ${days}) and to_jsonb(kept) = record and recent.id is null)::int as moved,
        count(*) filter (where event_time >= now() - make_interval(days => ${days}) and to_jsonb(recent) = record and kept.id is null)::int as stayed,
        (select count(*)::int from public.audit_logs_archive where id not in (select id from archived)) as in_archive,
        (select count(*)::int from public.audit_logs) as in_table
      from before left join public.audit_logs_archive kept using (id, event_time)
        left join public.audit_logs recent using (id, event_time)`,
    ],
  ]);
  if (!outcome.ok) return proof.broke(`the service calls ${call}: ${endOf(outcome)}`, outcome);
  const [row] = outcome.rows as unknown as [Run];
  const told = JSON.stringify(row);
  proof.weigh(
    row.moved === row.older && row.in_archive === row.older,
    `${call} moves not all that is older, or not as it is: ${told}`,
    outcome,
  );
  proof.weigh(
    row.stayed === row.younger && row.in_table === row.younger,
    `${call} takes what is not older: ${told}`,
    outcome,
  );
  proof.weigh(
    counted(row.answer, "moved") === row.older && counted(row.answer, "remaining") === row.younger,
    `${call} does not answer how many moved and remain: ${told}`,
    outcome,
  );
  proof.weigh(
    counted(row.again, "moved") === 0 && counted(row.again, "remaining") === row.younger,
    `${call}, called again, does not answer that nothing is left to move: ${told}`,
    outcome,
  );
}

/** However many there are. */
async function provesMany({ site, proof }: Trial): Promise<void> {
  const { outcome } = await site.superuser.triesInTurn([
    [
      `insert into public.audit_logs (event_time, event_type, operation)
       select now() - interval '400 days', 'data_read', 'SELECT' from generate_series(1, 2500)`,
    ],
    ["select from public.archive_old_audit_logs(365)"],
    [
      "select count(*)::int as left_over from public.audit_logs where event_time < now() - interval '365 days'",
    ],
  ]);
  proof.weigh(
    outcome.ok && outcome.rows[0]?.left_over === 0,
    `of 2,500 old records ${outcome.ok ? outcome.rows[0]?.left_over : endOf(outcome)} are not moved`,
    outcome,
  );
}

interface Run {
  readonly answer: unknown;
  readonly again: unknown;
  readonly older: number;
  readonly younger: number;
  readonly moved: number;
  readonly stayed: number;
  readonly in_archive: number;
  readonly in_table: number;
}

function counted(answer: unknown, what: "moved" | "remaining"): number | undefined {
  const pattern = what === "moved" ? /moved|archived/i : /remain|left|kept/i;
  const [, value] = Object.entries(answer ?? {}).find(([name]) => pattern.test(name)) ?? [];
  return value === undefined ? undefined : Number(value);
}

/** Less than a day is refused, and NULL moves nothing. */
async function provesRefusal(trial: Trial): Promise<void> {
  const { proof, site } = trial;
  for (const days of [0, -1, -2_147_483_648])
    await trial.mayNot(
      trial.service,
      `archives what is older than ${days} days`,
      plain(`select public.archive_old_audit_logs(${days})`),
      {
        sqlstate: ["22023", "22003", "23514", "P0001"],
      },
    );
  let left: Outcome | undefined;
  await site.superuser.transaction(
    async (run) => {
      await run(recordsOf(trial, [0, day, 1000 * day]));
      const before = await run("select count(*) from public.audit_logs");
      await run("select public.archive_old_audit_logs(null)");
      left = await run("select count(*) from public.audit_logs");
      proof.weigh(
        before.ok && left.ok && before.rows[0]?.count === left.rows[0]?.count,
        "archive_old_audit_logs(null) moves records",
        left,
      );
    },
    { savepoints: true },
  );
}

/** Several archivals at once, while records are written: each old record is moved once, and none is lost. */
async function provesCrowd(trial: Trial): Promise<void> {
  const { site, proof } = trial;
  const event = callOf(trial, "log_audit_event", { event_type: "data_read", operation: "SELECT" });
  await trial.given(
    plain(recordsOf(trial, [0, ...Array.from({ length: 20 }, (_, index) => (100 + index) * day)])),
  );
  await using crowd = site.openSessions({ size: 4 });
  const service = crowd.as(trial.service);
  const runs = Array.from({ length: 4 }, () => [
    service.does("select to_jsonb(a) as answer from public.archive_old_audit_logs(90) a"),
    service.does(`select ${event}`),
  ]);
  const outcomes = await Promise.all(runs.flat());
  for (const outcome of outcomes)
    proof.weigh(outcome.ok, `archivals and records at the same time: ${endOf(outcome)}`, outcome);
  const moved = outcomes.reduce(
    (sum, outcome) => sum + (outcome.ok ? (counted(outcome.rows[0]?.answer, "moved") ?? 0) : 0),
    0,
  );
  await trial.finds(
    "of 60 old records that several archivals met each is moved once, and four new ones are there",
    plain(`select ${moved} as moved,
        (select count(*)::int from public.audit_logs_archive where database_user = 'crowd') as archived,
        count(*) filter (where event_time < now() - interval '90 days')::int as left_over,
        count(*) filter (where database_user = 'crowd')::int as stayed,
        count(*) filter (where event_type = 'data_read' and database_user = 'authenticator' and schema_name is null)::int as written
      from public.audit_logs`),
    [{ moved: 60, archived: 60, left_over: 0, stayed: 3, written: 4 }],
  );
}
