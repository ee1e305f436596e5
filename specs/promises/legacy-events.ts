import { usual } from "../../fixtures/legacy/shapes.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import { openLegacy, tenantsOf } from "./webhook-legacy.ts";

const number = (count: number) => `lpad(i::text, ${String(count).length}, '0')`;

/** The name of the last of `count` events. */
export function lastOf(count: number): string {
  return `evt_${count}`;
}

/**
 * A legacy database of the usual shape that is ready for the webhook migration, with `count` events of one call, evt_1
 * (with zeros before the 1) and on: the last is the last in every order that a backfill may choose.
 */
export async function openManyEvents(ground: Ground, count: number): Promise<Site> {
  const [tenant] = tenantsOf(ground);
  const call = "f0000000-0000-4000-8000-00000000000b";
  const site = await openLegacy(ground, {
    shape: usual,
    data: {
      calls: [{ table: "call_logs", id: call, org_id: tenant ?? null, vapi_call_id: null }],
      events: [],
    },
  });
  const superuser = await site.connection("superuser");
  await superuser.query(
    `insert into public.processed_webhook_events (id, event_id, call_log_id, received_at)
     select ('ffffffff-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, 'evt_' || ${number(count)}, '${call}', now() + i * interval '1 ms'
     from generate_series(1, ${count}) as i`,
  );
  await superuser.query("analyze public.processed_webhook_events");
  return site;
}
