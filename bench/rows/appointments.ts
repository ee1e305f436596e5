import { idOf } from "../../harness/workload/draw.ts";
import type { Place } from "../../harness/workload/scale.ts";
import type { Sheet } from "../../harness/workload/workload.ts";
import { contactId, contactsIn, hasAppointments } from "./contacts.ts";
import { dayMinutes, minutesAfter } from "./times.ts";

/** Of the place that is removed. */
const removedAppointments = 10_000;

/** Days before and after today that appointments are made for. */
export const calendar = { before: 360, after: 60 } as const;

const past = [
  "completed",
  "completed",
  "completed",
  "completed",
  "no_show",
  "cancelled",
  "confirmed",
] as const;
const coming = ["pending", "confirmed", "confirmed", "cancelled"] as const;

export const appointments: Sheet = {
  schema: "public",
  name: "appointments",
  columns: [
    ...["id", "org_id", "contact_id", "service_type", "scheduled_at", "duration_minutes", "status"],
    ...["calendar_link", "confirmation_sent", "created_at", "updated_at", "deleted_at"],
  ],
  rowsOf: (place) => (place.role === "removed" ? removedAppointments : place.rows),
  row(place, n, draw) {
    const scheduled = draw.between(-calendar.before, calendar.after) * dayMinutes + draw.between(32, 72) * 15;
    const created = Math.min(0, scheduled) - draw.between(1, 30 * dayMinutes);
    return [
      idOf("appointment", place.index * 10_000_000 + n),
      place.tenant,
      contactId(place, drawContact(place, draw.between(0, contactsIn(place) - 1))),
      draw.oneOf(["consultation", "cleaning", "check-up", null]),
      minutesAfter(place.today, scheduled),
      draw.oneOf(["15", "30", "30", "45", "60"]),
      draw.oneOf<string>(scheduled < 0 ? past : coming),
      draw.happens(0.4) ? `https://calendar.example/${n}` : null,
      draw.oneOf(["t", "f"]),
      minutesAfter(place.today, created),
      minutesAfter(place.today, created),
      draw.happens(0.05) ? minutesAfter(place.today, Math.min(0, scheduled)) : null,
    ];
  },
};

/** That contact, or the next one that has appointments. */
function drawContact(place: Place, n: number): number {
  if (hasAppointments(n)) return n;
  return n + 1 < contactsIn(place) ? n + 1 : 0;
}
