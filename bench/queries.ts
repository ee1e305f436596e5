import type { Draw } from "../harness/workload/draw.ts";
import { countRows, insertRow, readRows, updateRows } from "../harness/workload/postgrest.ts";
import type { Place } from "../harness/workload/scale.ts";
import type { Query } from "../harness/workload/workload.ts";
import { calendar } from "./rows/appointments.ts";
import { contactId, contactsIn, drawStatus } from "./rows/contacts.ts";
import { dayMinutes, minutesAfter } from "./rows/times.ts";
import { callName, callsIn, eventId } from "./rows/webhooks.ts";

const table = (name: string) => ({ schema: "public", name });
const [contacts, appointments, notifications, events] = [
  table("contacts"),
  table("appointments"),
  table("notifications"),
  table("processed_webhook_events"),
];

type Read = Parameters<typeof readRows>[0];

/** A read of one's organization, with the filter written out for where no policy adds it; `values` have $1 to $`count`. */
function read(given: Read, count: number): Pick<Query, "text" | "unprotected"> {
  const where = [...(given.where ?? []), `org_id = $${count + 1}`];
  return {
    text: readRows(given),
    unprotected: { text: readRows({ ...given, where }), added: ({ tenant }) => [tenant] },
  };
}

const own = ["org_id = $2", "user_id = $3"];
const addOwn = ({ tenant }: Place, person: string) => [tenant, person];
const unread: Pick<Read, "table" | "where"> = { table: notifications, where: ["status = $1"] };
const ownUnread = { table: notifications, where: ["status = $1", ...own] };
const newestUnread = { order: "created_at DESC", limit: 50 };

/** Draws that do not repeat, however often and in however many runs on the same rows. */
const drawNew = (draw: Draw) =>
  `${draw.between(0, 0x7fff_ffff).toString(36)}${draw.between(0, 0x7fff_ffff).toString(36)}`;

/** What P1 names, as PostgREST sends it. */
export const queries: readonly Query[] = [
  {
    id: "contacts-recent",
    title: "the 50 contacts last updated",
    asker: "member",
    ...read({ table: contacts, order: "updated_at DESC", limit: 50 }, 0),
    values: () => [],
    targetMs: 10,
  },
  {
    id: "contacts-status",
    title: "the 50 contacts of one lead_status last updated",
    asker: "member",
    ...read({ table: contacts, where: ["lead_status = $1"], order: "updated_at DESC", limit: 50 }, 1),
    values: (_, draw) => [drawStatus(draw)],
    targetMs: 10,
  },
  {
    id: "appointments-week",
    title: "the appointments of one week, at most 100",
    asker: "member",
    ...read(
      {
        table: appointments,
        where: ["scheduled_at >= $1", "scheduled_at < $2", "deleted_at IS NULL"],
        order: "scheduled_at ASC",
        limit: 100,
      },
      2,
    ),
    values({ today }, draw) {
      const monday = draw.between(-calendar.before, calendar.after - 7) * dayMinutes;
      return [minutesAfter(today, monday), minutesAfter(today, monday + 7 * dayMinutes)];
    },
    targetMs: 10,
  },
  {
    id: "appointments-upcoming",
    title: "the next 100 appointments that are pending or confirmed",
    asker: "member",
    ...read(
      {
        table: appointments,
        where: ["status = ANY ($1)", "scheduled_at > $2"],
        order: "scheduled_at ASC",
        limit: 100,
      },
      2,
    ),
    values: () => ["{pending,confirmed}", "now"],
    targetMs: 10,
  },
  {
    id: "notifications-count",
    title: "how many unread notifications",
    asker: "member",
    text: countRows(unread),
    unprotected: { text: countRows(ownUnread), added: addOwn },
    values: () => ["unread"],
    targetMs: 5,
  },
  {
    id: "notifications-unread",
    title: "the 50 newest unread notifications",
    asker: "member",
    text: readRows({ ...unread, ...newestUnread }),
    unprotected: { text: readRows({ ...ownUnread, ...newestUnread }), added: addOwn },
    values: () => ["unread"],
    targetMs: 5,
  },
  {
    id: "webhook-look-up",
    title: "a webhook event by its key",
    asker: "service",
    text: readRows({ table: events, where: ["org_id = $1", "event_id = $2"] }),
    values: (place, draw) => [place.tenant, eventId(place, draw.between(0, place.rows - 1))],
    targetMs: 5,
  },
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
