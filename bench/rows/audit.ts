import { idOf } from "../../harness/workload/draw.ts";
import type { Sheet } from "../../harness/workload/workload.ts";
import { contactId, contactsIn } from "./contacts.ts";
import { dayMinutes, minutesAfter } from "./times.ts";

/** Of the last 97 days: the weekly archival of what is older than 90 finds a week of them. */
export const auditLogs: Sheet = {
  schema: "public",
  name: "audit_logs",
  columns: [
    ...["id", "event_time", "event_type", "operation", "schema_name", "table_name", "record_id"],
    ...["database_user", "authenticated_user", "org_id", "statement_text", "row_data"],
  ],
  row: (place, n, draw) => [
    idOf("audit", place.index * 10_000_000 + n),
    minutesAfter(place.today, -draw.between(0, 97 * dayMinutes)),
    "data_change",
    draw.oneOf(["INSERT", "UPDATE", "UPDATE", "DELETE"]),
    "public",
    "contacts",
    contactId(place, draw.between(0, contactsIn(place) - 1)),
    "authenticator",
    draw.oneOf(place.people),
    place.tenant,
    null,
    '{"rows": 1, "columns": ["notes", "updated_at"], "role": "authenticated"}',
  ],
};
