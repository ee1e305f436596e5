import { isDeepStrictEqual } from "node:util";
import type { Trial } from "../../harness/guarantees/trial.ts";
import { endOf } from "../../harness/guarantees/trial.ts";
import type { Run } from "../../harness/session/transaction.ts";
import { argumentsOf, callOf } from "./audit-calls.ts";
import { provesOnlyServiceCalls } from "./audit-records.ts";

const routine = "get_org_audit_logs";

/** An argument that the function may have, by what its name says. */
const options = {
  from: /^(p_)?(from|since|start|after)/i,
  to: /^(p_)?(to|until|end|before)/i,
  limit: /limit/i,
  offset: /offset|skip/i,
  archived: /archiv/i,
} as const;

/** An organization's records and no other's, recent ones and, where it can be asked for, archived ones. */
export async function provesOwnRecords(trial: Trial): Promise<void> {
  const { site, proof, tenant, otherTenant } = trial;
  const stranger = trial.uuid();
  const outcome = await site.superuser.transaction(async (run) => {
    // Of any organization's rows somebody of any organization may have been the cause, or that one may be the row.
    await run(`insert into public.audit_logs (event_time, event_type, operation, schema_name, table_name, org_id,
        record_id, authenticated_user, row_data)
      select now() - make_interval(hours => age), 'data_change', operation, 'public', name, org,
        about, '${trial.memberId}', jsonb_build_object('rows', 1, 'actor_org_id', about, 'ids', jsonb_build_array(about))
      from unnest(array['${tenant}', '${otherTenant}']) about, unnest(array[1, 24, 48, 72, 2400, 4800]) age, unnest(array['contacts', 'appointments']) name,
        unnest(array['UPDATE', 'DELETE', 'SELECT']) operation,
        unnest(array['${tenant}', '${otherTenant}', null]::uuid[]) org`);
    await run("select public.archive_old_audit_logs(90)");
    for (const [org, called] of [
      [tenant, "an organization"],
      [otherTenant, "another organization"],
      [stranger, "an organization without records"],
      [null, "no organization"],
    ] as const)
      await provesEveryOption(trial, run, org, called);
  });
  proof.weigh(outcome.ok, `the service calls ${routine}: ${endOf(outcome)}`, outcome);
  await provesOnlyServiceCalls(trial, [
    `select * from ${callOf(trial, routine, { org_id: tenant, org: tenant })}`,
  ]);
}

async function provesEveryOption(trial: Trial, run: Run, org: string | null, called: string): Promise<void> {
  const named = argumentsOf(trial, routine);
  const [first = ""] = named;
  const find = (option: keyof typeof options) => named.find((name) => options[option].test(name));
  const [from, to, limit, offset, archived] = (["from", "to", "limit", "offset", "archived"] as const).map(
    find,
  );
  const call = (extra: Readonly<Record<string, string>> = {}) => {
    const given = { [first]: org === null ? "null" : `'${org}'::uuid`, ...extra };
    return `public.${routine}(${Object.entries(given)
      .map(([name, value]) => `${name} => ${value}`)
      .join(", ")})`;
  };
  // Between two records, so that it does not matter to which side an end belongs.
  const [recently, yesterday] = ["now() - interval '30 hours'", "now() - interval '12 hours'"];
  const is = org === null ? "false" : `org_id = '${org}'`;
  const recent = `select id, org_id from public.audit_logs where ${is}`;
  const old = `select id, org_id from public.audit_logs_archive where ${is}`;
  const cases: (readonly [string, string])[] = [[call(), recent]];
  if (from) cases.push([call({ [from]: recently }), `${recent} and event_time >= ${recently}`]);
  if (to) cases.push([call({ [to]: yesterday }), `${recent} and event_time < ${yesterday}`]);
  if (from && to)
    cases.push([
      call({ [from]: recently, [to]: yesterday }),
      `${recent} and event_time >= ${recently} and event_time < ${yesterday}`,
    ]);
  if (archived) {
    cases.push(
      [call({ [archived]: "true" }), `${recent} union all ${old}`],
      [call({ [archived]: "false" }), recent],
    );
    if (to) {
      const bounded = { [archived]: "true", [to]: "now() - interval '150 days'" };
      cases.push([call(bounded), `${old} and event_time < now() - interval '150 days'`]);
    }
    if (from) {
      const bounded = { [archived]: "true", [from]: "now() - interval '150 days'" };
      const since = "event_time >= now() - interval '150 days'";
      cases.push([call(bounded), `${recent} and ${since} union all ${old} and ${since}`]);
    }
  }
  const latest = `${recent} order by event_time desc`;
  if (limit && offset)
    for (const [size, place] of [
      ["4", "0"],
      ["4", "4"],
    ] as const)
      cases.push([call({ [limit]: size, [offset]: place }), `(${latest} limit ${size} offset ${place})`]);
  for (const [asked, expected] of cases) await provesSame(trial, run, called, asked, expected);
  if (!limit) return;
  const few = await run(`select count(*)::int as rows, coalesce(bool_and(event_time >= (
      select event_time from public.audit_logs where ${is} order by event_time desc offset 1 limit 1)), true) as newest
    from ${call({ [limit]: "2" })}`);
  const all = await run(recent);
  trial.proof.weigh(
    few.ok && all.ok && few.rows[0]?.rows === Math.min(2, all.count) && few.rows[0]?.newest === true,
    `${call({ [limit]: "2" })} answers not the newest two records: ${few.ok ? JSON.stringify(few.rows) : endOf(few)}`,
    few,
  );
}

async function provesSame(
  trial: Trial,
  run: Run,
  called: string,
  asked: string,
  expected: string,
): Promise<void> {
  const rows = (from: string) =>
    `select coalesce(array_agg(id::text || ' ' || coalesce(org_id::text, 'none') order by id), '{}') as records from ${from}`;
  const wanted = await run(rows(`(${expected}) as expected`));
  await run("select set_config('role', 'service_role', true)");
  const answered = await run(rows(asked));
  await run("select set_config('role', 'none', true)");
  const [seen, due] = [answered, wanted].map((one) =>
    one.ok ? (one.rows[0]?.records as string[]) : undefined,
  );
  trial.proof.weigh(
    seen !== undefined && isDeepStrictEqual(seen, due),
    `${asked} for ${called} answers ${seen?.length ?? endOf(answered)} records, where ${due?.length} are those of ${expected}`,
    answered,
  );
}
