import { traffic } from "./bench/traffic.ts";
import { workload } from "./bench/workload.ts";
import { peopleRecipes } from "./fixtures/people.ts";
import { defineProject } from "./harness/guarantees/project.ts";
import { applying } from "./specs/promises/applying.ts";
import { appointments } from "./specs/promises/appointments.ts";
import { audit } from "./specs/promises/audit.ts";
import { contacts } from "./specs/promises/contacts.ts";
import { naming } from "./specs/promises/naming.ts";
import { notifications } from "./specs/promises/notifications.ts";
import { rollback } from "./specs/promises/rollback.ts";
import { set } from "./specs/promises/set.ts";
import { tenancy } from "./specs/promises/tenancy.ts";
import { webhookTraffic } from "./specs/promises/webhook-traffic.ts";
import { webhooks } from "./specs/promises/webhooks.ts";

function byNumber(a: { readonly id: string }, b: { readonly id: string }): number {
  return Number(a.id.slice(1)) - Number(b.id.slice(1));
}

export default defineProject({
  migrations: "migrations",
  platform: "supabase",
  privileges: "open",
  baseline: ["fixtures/legacy/baseline.sql"],
  tenancy: {
    tenants: { schema: "public", name: "organizations", key: "id" },
    column: "org_id",
    claims: ({ id, tenant }) => ({
      sub: id,
      role: "authenticated",
      aud: "authenticated",
      app_metadata: { org_id: tenant },
      user_metadata: {},
    }),
    access: {
      "public.organizations": ["SELECT"],
      "public.contacts": ["SELECT", "INSERT", "UPDATE", "DELETE"],
      "public.appointments": ["SELECT", "INSERT", "UPDATE", "DELETE"],
      "public.notifications": ["SELECT"],
    },
    records: {
      "public.call_logs": "legacy input that the set reads and leaves as it is",
      "public.calls": "legacy input that the set reads and leaves as it is",
      "public.processed_webhook_events_orphans": "events of no tenant, or of several",
      "public.audit_logs": "an entry outlives the tenant, and may concern none",
      "public.audit_logs_archive": "an entry outlives the tenant, and may concern none",
    },
    immutable: { sqlstate: "23514", message: "org_id is immutable" },
  },
  recipes: peopleRecipes,
  workload,
  rehearsal: {
    traffic,
    // On a large table the file stops before it would hold writers up, and says what to run.
    remedies: [
      {
        file: "20250110_add_org_id_to_processed_webhook_events",
        sqlstate: "55000",
        statements: [
          `create unique index concurrently if not exists uq_processed_webhook_events_org_event
            on public.processed_webhook_events (org_id, event_id)`,
          `create index concurrently if not exists idx_processed_webhook_events_event_id
            on public.processed_webhook_events (event_id)`,
        ],
      },
    ],
  },
  guarantees: [
    // What the whole set promises cannot be said of a part of it.
    ...[...set, ...applying, ...naming]
      .map((guarantee) => ({ ...guarantee, needsPgaudit: true }))
      .sort(byNumber),
    ...tenancy,
    ...contacts,
    ...appointments,
    ...notifications,
    ...[...webhooks, ...webhookTraffic].sort(byNumber),
    // Without it neither the audit migration is there, nor the whole way back.
    ...[...audit, ...rollback].map((guarantee) => ({ ...guarantee, needsPgaudit: true })),
  ],
});
