import type { Draw } from "../harness/workload/draw.ts";
import { insertRow, updateRows } from "../harness/workload/postgrest.ts";
import type { Place } from "../harness/workload/scale.ts";
import type { Query } from "../harness/workload/workload.ts";
import { contactId, contactsIn } from "./rows/contacts.ts";
import { callName, callsIn, eventId } from "./rows/webhooks.ts";

const table = (name: string) => ({ schema: "public", name });
const [contacts, notifications, events] = [
  table("contacts"),
  table("notifications"),
  table("processed_webhook_events"),
];

/** Draws that do not repeat, however often and in however many runs on the same rows. */
const drawNew = (draw: Draw) =>
  `${draw.between(0, 0x7fff_ffff).toString(36)}${draw.between(0, 0x7fff_ffff).toString(36)}`;

/** The writes of P1, and one for each table that is audited, as PostgREST sends them. */
export const writes: readonly Query[] = [
  {
    id: "webhook-deliver",
    title: "a webhook event that is new",
    asker: "service",
    writes: true,
    text: deliver(),
    values: (place, draw) => [eventOf(place, `evt_new_${drawNew(draw)}`, draw)],
    targetMs: 5,
  },
  {
    id: "webhook-deliver-again",
    title: "a webhook event that is known",
    asker: "service",
    writes: true,
    text: deliver(),
    values: (place, draw) => [eventOf(place, eventId(place, draw.between(0, place.rows - 1)), draw)],
    targetMs: 5,
  },
  {
    id: "contact-add",
    title: "a new contact",
    asker: "member",
    writes: true,
    text: insertRow({ table: contacts, columns: { org_id: "uuid", name: "text", phone: "text" } }),
    values: ({ tenant }, draw) => [
      JSON.stringify({ org_id: tenant, name: "somebody new", phone: `+1 666 ${drawNew(draw)}` }),
    ],
  },
  {
    id: "contact-change",
    title: "a note on a contact",
    asker: "member",
    writes: true,
    text: updateRows({ table: contacts, set: "notes", where: ["id = $2"] }),
    values: (place, draw) => ["called back", contactId(place, draw.between(0, contactsIn(place) - 1))],
  },
  {
    id: "notification-add",
    title: "a new notification",
    asker: "service",
    writes: true,
    text: insertRow({
      table: notifications,
      columns: {
        org_id: "uuid",
        user_id: "uuid",
        type: "public.notification_type",
        title: "text",
        message: "text",
      },
    }),
    values: ({ tenant, people }, draw) => [
      JSON.stringify({
        org_id: tenant,
        user_id: draw.oneOf(people),
        type: "missed_call",
        title: "Missed call",
        message: "Somebody called and left no message.",
      }),
    ],
  },
];

function deliver(): string {
  return insertRow({
    table: events,
    columns: { org_id: "uuid", event_id: "text", event_type: "text", vapi_call_id: "text" },
    ignoreDuplicatesOf: ["org_id", "event_id"],
  });
}

function eventOf(place: Place, event: string, draw: Draw): string {
  return JSON.stringify({
    org_id: place.tenant,
    event_id: event,
    event_type: "status-update",
    vapi_call_id: callName(place, draw.between(0, callsIn(place) - 1)),
  });
}
