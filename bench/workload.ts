// What is promised of speed, size and upkeep of the eight migrations' tables, and what they are filled with.

import type { Workload } from "../harness/workload/workload.ts";
import { reads } from "./reads.ts";
import { appointments } from "./rows/appointments.ts";
import { auditLogs } from "./rows/audit.ts";
import { contactId, contacts, contactsIn } from "./rows/contacts.ts";
import { notifications } from "./rows/notifications.ts";
import { organizations, users } from "./rows/tenants.ts";
import { callLogs, webhookEvents } from "./rows/webhooks.ts";
import { writes } from "./writes.ts";

const table = (name: string) => ({ schema: "public", name });
/** The longest that anybody may wait for a lock that upkeep holds; as for the backfill. */
const longestWaitMs = 250;

export const workload: Workload = {
  sheets: [organizations, users, contacts, appointments, notifications, callLogs, webhookEvents, auditLogs],
  queries: [...reads, ...writes],
  // Data that lie in memory or on an SSD. With the default of 4, that of a disk that spins, the appointments of a week are
  // collected and sorted, all 1,600 of the largest tenant, instead of read in order up to the hundredth.
  settings: { random_page_cost: "1.1" },
  personColumn: "user_id",
  auditFunction: "public.audit_tenant_change",
  sizes: [
    { ...table("contacts"), saidKb: 100, mostKb: 900 },
    { ...table("appointments"), saidKb: 50, mostKb: 600 },
    { ...table("notifications"), saidKb: 200, mostKb: 900 },
    { ...table("processed_webhook_events"), mostKb: 500 },
    { ...table("audit_logs"), mostKb: 600 },
  ],
  chores: [
    ...["contacts", "appointments", "notifications"].map((name) => ({
      id: `analyze-${name}`,
      title: `the statistics of ${name}, monthly`,
      sql: `analyze public.${name}`,
      as: "deployer" as const,
      table: table(name),
      longestWaitMs,
    })),
    ...[
      ["contacts", "idx_contacts_org_status_updated"],
      ["appointments", "idx_appointments_org_scheduled_at"],
    ].map(([name = "", index]) => ({
      id: `reindex-${name}`,
      title: `a new index of ${name}, quarterly`,
      sql: `reindex index concurrently public.${index}`,
      as: "deployer" as const,
      table: table(name),
      longestWaitMs,
    })),
    {
      id: "archive-audit-logs",
      title: "the archival of audit records, weekly",
      sql: "select public.archive_old_audit_logs(90)",
      as: "service",
      table: table("audit_logs"),
      longestWaitMs,
    },
  ],
  removals: [
    {
      id: "contact",
      title: "one contact",
      as: "member",
      text: "delete from public.contacts where id = $1",
      // One that never had an appointment: another one is refused.
      values: (place, draw) => [
        contactId(place, draw.between(0, Math.floor(contactsIn(place) / 5) - 1) * 5 + 4),
      ],
      targetMs: 10,
      where: "largest",
    },
    {
      id: "user",
      title: "one user, with the notifications",
      as: "deployer",
      text: "delete from auth.users where id = $1",
      values: (place, draw) => [draw.oneOf(place.people)],
      targetMs: 10,
      where: "median",
    },
    {
      id: "organization",
      title: "an organization with 5,000 contacts, 10,000 appointments and 10,000 notifications",
      as: "service",
      text: "delete from public.organizations where id = $1",
      values: ({ tenant }) => [tenant],
      targetMs: 4_000,
      where: "removed",
      times: 5,
    },
  ],
};
