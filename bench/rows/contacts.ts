import { type Draw, idOf } from "../../harness/workload/draw.ts";
import type { Place } from "../../harness/workload/scale.ts";
import type { Sheet } from "../../harness/workload/workload.ts";
import { drawName, drawNote } from "./people.ts";
import { dayMinutes, minutesAfter } from "./times.ts";

/** Of the place that is removed; others have as many as the scale says. */
const removedContacts = 5_000;

export function contactsIn({ role, rows }: Place): number {
  return role === "removed" ? removedContacts : rows;
}

/** The `n`-th contact of the place. */
export function contactId({ index }: Place, n: number): string {
  return idOf("contact", index * 10_000_000 + n);
}

/** One in five of all contacts never had an appointment. */
export function hasAppointments(n: number): boolean {
  return n % 5 !== 4;
}

const statuses = [
  ["new", 0.35],
  ["contacted", 0.25],
  ["qualified", 0.1],
  ["booked", 0.08],
  ["converted", 0.15],
  ["lost", 0.07],
] as const;

/** As likely as in a clinic: most leads are new or have been called once. */
export function drawStatus(draw: Draw): string {
  let left = draw.between(0, 99) / 100;
  for (const [status, share] of statuses) {
    if (left < share) return status;
    left -= share;
  }
  return "lost";
}

/** Of those who called in the last two years, the ones with the highest numbers lately. */
export const contacts: Sheet = {
  schema: "public",
  name: "contacts",
  columns: [
    ...["id", "org_id", "name", "phone", "email", "service_interests", "lead_score", "lead_status"],
    ...["last_contact_at", "notes", "created_at", "updated_at"],
  ],
  rowsOf: (place) => contactsIn(place),
  row(place, n, draw) {
    const [first, last] = drawName(draw);
    const created = -Math.floor((730 * dayMinutes * (contactsIn(place) - n)) / contactsIn(place));
    const updated = created + draw.between(0, Math.min(-created, 60 * dayMinutes));
    return [
      contactId(place, n),
      place.tenant,
      `${first} ${last}`,
      `+1555${String(n).padStart(7, "0")}`,
      draw.happens(0.85) ? `${first}.${last}.${n}@mail.example`.toLowerCase() : null,
      draw.oneOf(["[]", '["implants"]', '["whitening", "braces"]', '["cleaning"]']),
      draw.oneOf(["cold", "cold", "cold", "warm", "warm", "hot"]),
      drawStatus(draw),
      draw.happens(0.7) ? minutesAfter(place.today, updated) : null,
      draw.happens(0.3) ? drawNote(draw) : null,
      minutesAfter(place.today, created),
      minutesAfter(place.today, updated),
    ];
  },
};
