import { countRows, readRows } from "../harness/workload/postgrest.ts";
import type { Place } from "../harness/workload/scale.ts";
import type { Query } from "../harness/workload/workload.ts";
import { calendar } from "./rows/appointments.ts";
import { drawStatus } from "./rows/contacts.ts";
import { dayMinutes, minutesAfter } from "./rows/times.ts";
import { eventId } from "./rows/webhooks.ts";

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

/** The reads of P1, as PostgREST sends them. */
export const reads: readonly Query[] = [
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
];
