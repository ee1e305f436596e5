import type { Trial } from "../../harness/guarantees/trial.ts";
import { endOf } from "../../harness/guarantees/trial.ts";
import { callOf, plain } from "./audit-calls.ts";

/** What the summary allows an organization's day. */
const mostBytes = 50 * 1024;
/** Enough that a page begun counts for little. */
const days = 20;

/**
 * A day of a clinic whose receptionist takes 16 calls. Each call is one webhook event, a contact that is new or called
 * before, and a notification; every second one books, half of those are confirmed, and one is cancelled. Old
 * notifications are archived once, and the backend reports two reads of members.
 */
function dayOf(trial: Trial): string {
  const { tenant, memberId } = trial;
  const report = callOf(trial, "log_audit_event", { event_type: "data_read", operation: "SELECT" });
  return `
    for nth in 1..16 loop
      perform set_config('role', 'service_role', true);
      insert into public.processed_webhook_events (org_id, event_id) values ('${tenant}', format('day %s call %s', day, nth));
      insert into public.contacts (id, org_id, name, phone, last_contact_at)
        values (gen_random_uuid(), '${tenant}', 'a caller', format('+1555%s', 1000000 + day * 8 + nth), now())
        on conflict (org_id, phone) do update set last_contact_at = excluded.last_contact_at
        returning id into caller;
      perform public.create_notification('${tenant}', '${memberId}', 'hot_lead', 'A call', 'Somebody called.');
      perform set_config('role', 'authenticated', true);
      update public.contacts set lead_status = 'contacted' where id = caller and lead_status = 'new';
      continue when nth % 2 = 1;
      insert into public.appointments (org_id, contact_id, scheduled_at) values ('${tenant}', caller, now() + interval '2 days')
        returning id into visit;
      continue when nth % 4 = 2;
      update public.appointments set status = 'confirmed', confirmation_sent = true where id = visit;
      continue when nth < 16;
      update public.appointments set status = 'cancelled' where id = visit;
    end loop;
    perform set_config('role', 'service_role', true);
    perform ${report}, ${report};
    perform public.expire_old_notifications();`;
}

/** Many such days, statement by statement; what audit_logs and its indexes grow by, for each of them. */
export async function provesGrowth(trial: Trial): Promise<void> {
  const { site, proof, tenant } = trial;
  const claims = JSON.stringify(trial.member.claims);
  const size = `select pg_total_relation_size('public.audit_logs')::int as bytes, count(*)::int as records
    from public.audit_logs where org_id = '${tenant}'`;
  const before = await trial.asks<Size>(plain(size));
  const outcome = await site.superuser.does(`do $days$
    declare
      caller uuid;
      visit uuid;
    begin
      perform set_config('request.jwt.claims', '${claims}', true);
      for day in 1..${days} loop ${dayOf(trial)}
      end loop;
    end $days$`);
  if (!outcome.ok) return proof.doubted(`a day of a clinic was ${endOf(outcome)}`);
  const after = await trial.asks<Size>(plain(size));
  const bytes = Math.round(((after.rows[0]?.bytes ?? 0) - (before.rows[0]?.bytes ?? 0)) / days);
  const records = Math.round(((after.rows[0]?.records ?? 0) - (before.rows[0]?.records ?? 0)) / days);
  // A trail that is not written does not grow either.
  if (records < 16 * 3) return proof.doubted(`a day of 16 calls leaves ${records} records`);
  const kilobytes = (bytes / 1024).toFixed(1);
  proof.measured(
    `audit_logs grows by ${kilobytes} KB a day and organization, ${records} records of 16 calls`,
  );
  proof.weigh(
    bytes > 0 && bytes <= mostBytes,
    `audit_logs grows by ${kilobytes} KB a day and organization, ${records} records of 16 calls, where 50 KB at most are promised`,
    size,
  );
}

interface Size {
  readonly bytes: number;
  readonly records: number;
}
