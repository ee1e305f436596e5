// What the application goes on asking while migrations run, for `tenantproof rehearse`: the queries of P1 and webhook
// deliveries, with values from the snapshot. What the snapshot has no rows for is not asked.

import type { TrafficQuery } from "../harness/workload/rehearsal-plan.ts";
import { reads } from "./reads.ts";

/** A member of some organization: whose user is not known asks as nobody in particular. */
const members = `
  select organization.id as tenant,
    coalesce(
      (select person.id from auth.users as person
        where person.raw_app_meta_data ->> 'org_id' = organization.id::text order by person.id limit 1),
      '00000000-0000-4000-8000-000000000001'
    ) as person
  from public.organizations as organization
  where exists (select from public.contacts as contact where contact.org_id = organization.id)`;

const textOf = (id: string) => reads.find((query) => query.id === id)?.text ?? "";

function read(id: string, values: readonly string[] = []): TrafficQuery {
  const { title } = reads.find((query) => query.id === id) ?? { title: id };
  const samples = `select member.tenant, member.person${values.map((value) => `, ${value}`).join("")} from (${members}) as member`;
  return { id, title, asker: "member", text: textOf(id), samples, weight: 2 };
}

export const traffic: readonly TrafficQuery[] = [
  read("contacts-recent"),
  read("contacts-status", ["(array['new', 'contacted', 'qualified'])[1 + random() * 2]"]),
  read("appointments-week", ["now() - interval '3 days'", "now() + interval '4 days'"]),
  read("notifications-count", ["'unread'"]),
  {
    id: "webhook-look-up",
    title: "a webhook event by its id",
    asker: "service",
    // As the application words it before its events have an organization, and after.
    text: "select processed_at from public.processed_webhook_events where event_id = $1",
    samples:
      "select event_id from public.processed_webhook_events tablesample system (5) where event_id is not null",
    weight: 4,
  },
  {
    id: "webhook-deliver",
    title: "a webhook event that may be new",
    asker: "service",
    // Without a target it serves before the new key is there, and after.
    text: `insert into public.processed_webhook_events (event_id, event_type, vapi_call_id)
      values ($1 || '-' || floor(random() * 1000000), 'status-update', $2) on conflict do nothing`,
    samples: `select 'evt-rehearsed-' || row_number() over (), call.vapi_call_id
      from public.call_logs as call join public.organizations as organization on organization.id = call.org_id
      where call.vapi_call_id is not null
        and not exists (
          select from public.calls as other
          where other.vapi_call_id = call.vapi_call_id and other.org_id is distinct from call.org_id)
      limit 1000`,
    weight: 2,
  },
  {
    id: "webhook-mark",
    title: "a webhook event is done",
    asker: "service",
    text: "update public.processed_webhook_events set processed_at = now() where event_id = $1",
    samples:
      "select event_id from public.processed_webhook_events tablesample system (5) where event_id is not null",
  },
];
