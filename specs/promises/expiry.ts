import { sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";

/** However many have expired, of whatever kind and tenant, all are archived, and nothing else about them changes. */
export async function provesExpiry(trial: Trial): Promise<void> {
  const { tenant, otherTenant, memberId, outsiderId } = trial;
  const many = sql`insert into public.notifications (org_id, user_id, type, priority, status, title, message, expires_at)
      select org, person, type, priority, status, 'probe', 'message', now() - interval '1 hour'
      from (values (${tenant}::uuid, ${memberId}::uuid), (${otherTenant}, ${outsiderId})) as people (org, person),
        unnest(enum_range(null::public.notification_type)) type,
        unnest(enum_range(null::public.notification_priority)) priority,
        unnest(array['unread', 'read']::public.notification_status[]) status, generate_series(1, 5)`;
  await trial.sees(
    trial.service,
    "all that have expired are archived as they are, and counted",
    [
      sql`delete from public.notifications`,
      many,
      sql`create temporary table before on commit drop as select * from public.notifications`,
      sql`select set_config('tenantproof.archived', public.expire_old_notifications()::text, true)`,
      sql`select count(*)::int as rows, current_setting('tenantproof.archived')::int as archived,
            count(*) filter (where now.status <> 'archived')::int as left_over,
            count(*) filter (where to_jsonb(now) - 'status' - 'updated_at' <> to_jsonb(was) - 'status' - 'updated_at')::int as altered
          from public.notifications now join before was using (id)`,
    ],
    [{ rows: 480, archived: 480, left_over: 0, altered: 0 }],
  );
}
