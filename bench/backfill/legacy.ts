import type { Connection } from "../../harness/engine/connection.ts";

/** How large the legacy application has grown. */
export interface LegacySize {
  readonly events: number;
  /** Organizations, of very unequal size. */
  readonly organizations: number;
}

const ids = "md5($name || i)::uuid";
const idOf = (name: string, i: string) => ids.replace("$name", `'${name}'`).replace("i)", `${i})`);

/**
 * The organizations, calls of two generations, and webhook events of which a third each point to a call log, to a call
 * and to either by its vapi_call_id; one in a thousand matches nothing. The same rows every time.
 * The foundation must have been applied.
 */
export async function seedLegacy(
  connection: Connection,
  { events, organizations }: LegacySize,
): Promise<void> {
  const calls = Math.ceil(events / 5);
  // The first organization has a tenth of all calls, the next ones ever fewer.
  const owner = idOf("org", `1 + (${organizations} * (i % 1000 / 1000.0) ^ 3)::integer`);
  await connection.query(`
    insert into public.organizations (id, name)
      select ${idOf("org", "i")}, 'organization ' || i from generate_series(1, ${organizations + 1}) as i;
    insert into public.call_logs (id, org_id, vapi_call_id)
      select ${idOf("log", "i")}, ${owner}, 'vapi-log-' || i from generate_series(1, ${calls}) as i;
    insert into public.calls (id, org_id, vapi_call_id)
      select ${idOf("call", "i")}, ${owner}, 'vapi-call-' || i from generate_series(1, ${calls}) as i;
    insert into public.processed_webhook_events (event_id, event_type, call_log_id, call_id, vapi_call_id, processed_at)
      select 'evt_' || i, 'end-of-call-report',
        case when i % 1000 > 0 and i % 3 = 0 then ${idOf("log", `1 + i % ${calls}`)} end,
        case when i % 1000 > 0 and i % 3 = 1 then ${idOf("call", `1 + i % ${calls}`)} end,
        case when i % 1000 = 0 then 'vapi-nobody-' || i
          when i % 6 = 2 then 'vapi-log-' || 1 + i % ${calls} when i % 6 = 5 then 'vapi-call-' || 1 + i % ${calls} end,
        now()
      from generate_series(1, ${events}) as i;
    analyze public.organizations, public.call_logs, public.calls, public.processed_webhook_events`);
}
