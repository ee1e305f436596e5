import { idOf } from "../../harness/workload/draw.ts";
import type { Sheet } from "../../harness/workload/workload.ts";
import { contactId, contactsIn } from "./contacts.ts";
import { drawName, drawNote } from "./people.ts";
import { dayMinutes, minutesAfter } from "./times.ts";

/** Of the place that is removed. */
const removedNotifications = 10_000;

const types = [
  ...["hot_lead", "appointment_booked", "appointment_reminder", "missed_call", "system_alert", "voicemail"],
] as const;

/** Of the last 90 days; what is older than 30 has expired and is archived. */
export const notifications: Sheet = {
  schema: "public",
  name: "notifications",
  columns: [
    ...["id", "org_id", "user_id", "type", "title", "message", "related_entity_id", "related_entity_type"],
    ...["status", "read_at", "priority", "channels", "created_at", "updated_at", "expires_at"],
  ],
  rowsOf: (place) => (place.role === "removed" ? removedNotifications : place.rows),
  row(place, n, draw) {
    const created = -draw.between(1, 90 * dayMinutes);
    const expires = created + 30 * dayMinutes;
    const status = expires < 0 ? "archived" : draw.happens(0.3) ? "unread" : "read";
    const about = draw.happens(0.5) ? contactId(place, draw.between(0, contactsIn(place) - 1)) : null;
    const at = minutesAfter(place.today, created);
    return [
      idOf("notification", place.index * 10_000_000 + n),
      place.tenant,
      draw.oneOf(place.people),
      draw.oneOf(types),
      `Missed call from ${drawName(draw).join(" ")}`,
      drawNote(draw),
      about,
      about === null ? null : "contact",
      status,
      status === "unread" ? null : at,
      draw.oneOf(["low", "normal", "normal", "normal", "high", "urgent"]),
      "{in_app}",
      at,
      at,
      minutesAfter(place.today, expires),
    ];
  },
};
