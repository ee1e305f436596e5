import { type Statement, sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";
import { promise } from "../../harness/guarantees/trial.ts";
import { columnsOf, enumLabels, indexesOf } from "./catalog.ts";
import { provesCreation } from "./creation.ts";
import { provesExpiry } from "./expiry.ts";
import { provesNoColumnIsWritten, provesNoWayAround, provesPrivateInbox } from "./inbox.ts";
import { provesIndexOnlyCount } from "./unread-count.ts";

function create(tenant: string, person: string): Statement {
  return sql`select public.create_notification(${tenant}, ${person}, 'system_alert', 'title', 'message') as id`;
}

/** One unread notification for the trial's member, written by the service; its id. */
async function givenNotification(trial: Trial): Promise<string> {
  const id = trial.uuid();
  await trial.given(sql`insert into public.notifications (id, org_id, user_id, type, title, message)
      values (${id}, ${trial.tenant}, ${trial.memberId}, 'system_alert', 'title', 'message')`);
  return id;
}

/** N. Notifications: what a member is told; written by the service alone. */
export const notifications = [
  promise({
    id: "N1",
    title: "notifications has the sixteen columns",
    effect: "The dashboard reads and writes columns that are not there.",
    remedy: "Give public.notifications exactly the columns and types of the promise.",
    leavesNothing: true,
    async experiment(trial) {
      await columnsOf(trial, "notifications", [
        ["id", "uuid"],
        ["org_id", "uuid", "not null"],
        ["user_id", "uuid", "not null"],
        ["type", "public.notification_type"],
        ["title", "text"],
        ["message", "text"],
        ["related_entity_id", "uuid"],
        ["related_entity_type", "text"],
        ["status", "public.notification_status"],
        ["read_at", "timestamp with time zone"],
        ["action_url", "text"],
        ["priority", "public.notification_priority"],
        ["channels", undefined],
        ["created_at", "timestamp with time zone"],
        ["updated_at", "timestamp with time zone"],
        ["expires_at", "timestamp with time zone"],
      ]);
    },
  }),

  promise({
    id: "N2",
    title: "a notification's type, status and priority are the labels of the promise",
    effect: "The dashboard meets a type that it cannot draw.",
    remedy: "Create the three enums with these labels in this order.",
    leavesNothing: true,
    async experiment(trial) {
      await enumLabels(trial, "notification_type", [
        "hot_lead",
        "appointment_booked",
        "appointment_reminder",
        "missed_call",
        "system_alert",
        "voicemail",
      ]);
      await enumLabels(trial, "notification_status", ["unread", "read", "archived"]);
      await enumLabels(trial, "notification_priority", ["low", "normal", "high", "urgent"]);
      await trial.sees(
        trial.service,
        "a notification is unread unless said",
        sql`insert into public.notifications (org_id, user_id, type, title, message)
            values (${trial.tenant}, ${trial.memberId}, 'voicemail', 'title', 'message') returning status::text`,
        [{ status: "unread" }],
      );
    },
  }),

  promise({
    id: "N3",
    title: "a member sees their own notifications of their own tenant, and no other",
    effect: "A colleague, or a former employer's patients, show up on somebody's dashboard.",
    remedy: "Let the SELECT policy ask for both user_id = auth.uid() and org_id = the tenant of the claims.",
    async experiment(trial) {
      const id = await givenNotification(trial);
      const look = sql`select count(*)::int as rows from public.notifications where id = ${id}`;
      const all = sql`select count(*)::int as rows from public.notifications where user_id = ${trial.memberId}`;
      await trial.sees(trial.member, "a member sees their own notification", look, [{ rows: 1 }]);
      await trial.sees(trial.colleague, "a colleague sees it not", look, [{ rows: 0 }]);
      await trial.sees(trial.outsider, "an outsider sees it not", look, [{ rows: 0 }]);
      for (const query of [look, all])
        await trial.sees(
          trial.as({ id: trial.memberId, tenant: trial.otherTenant }, "member who moved"),
          "a member who moved to another tenant sees none of the old tenant's",
          query,
          [{ rows: 0 }],
        );
      await provesPrivateInbox(trial);
      await provesNoWayAround(trial);
    },
  }),

  promise({
    id: "N4",
    title: "members write no notification; the service does",
    effect: "A member forges an alert to a colleague, or hides one.",
    remedy: "Grant authenticated SELECT alone.",
    async experiment(trial) {
      const id = await givenNotification(trial);
      const insert = sql`insert into public.notifications (org_id, user_id, type, title, message)
          values (${trial.tenant}, ${trial.memberId}, 'hot_lead', 'title', 'message')`;
      const read = sql`update public.notifications set status = 'read', read_at = now() where id = ${id}`;
      const remove = sql`delete from public.notifications where id = ${id}`;
      for (const actor of [trial.member, trial.colleague, trial.outsider, trial.anon])
        for (const [fact, statement] of [
          ["writes a notification", insert],
          ["marks a notification as read", read],
          ["deletes a notification", remove],
        ] as const)
          await trial.mayNot(actor, fact, statement, { sqlstate: "42501" });
      await provesNoColumnIsWritten(trial);
      await provesNoWayAround(trial);
      await trial.may(trial.service, "writes a notification", insert);
      await trial.changes(trial.service, "marks a notification as read", read, 1);
      await trial.changes(trial.service, "deletes a notification", remove, 1);
    },
  }),

  promise({
    id: "N5",
    title: "create_notification answers the new id, for members of the organization, to the service alone",
    effect: "Somebody is told about another clinic's patients.",
    remedy:
      "Compare the user's app_metadata.org_id in auth.users with the organization, and grant EXECUTE to service_role alone.",
    async experiment(trial) {
      const { tenant, memberId } = trial;
      await trial.sees(
        trial.service,
        "create_notification answers the id of the row that it wrote",
        [
          sql`select set_config('tenantproof.id', public.create_notification(${tenant}, ${memberId}, 'hot_lead', 'title', 'message')::text, true)`,
          sql`select org_id, user_id, type::text, title, message, status::text from public.notifications
              where id = current_setting('tenantproof.id')::uuid`,
        ],
        [
          {
            org_id: tenant,
            user_id: memberId,
            type: "hot_lead",
            title: "title",
            message: "message",
            status: "unread",
          },
        ],
      );
      await provesCreation(trial);
      for (const actor of [trial.member, trial.outsider, trial.anon])
        await trial.mayNot(actor, "calls create_notification", create(tenant, memberId), {
          sqlstate: "42501",
        });
    },
  }),

  promise({
    id: "N6",
    title:
      "a notification expires after 30 days; expire_old_notifications archives, counts, and can run twice",
    effect: "Old alerts pile up on the dashboard, or new ones vanish.",
    remedy:
      "Default expires_at to thirty days, archive only what has expired and is not archived, and answer the count.",
    leavesNothing: true,
    async experiment(trial) {
      const { service, tenant, memberId } = trial;
      const add = (expires: string, status: string) =>
        sql`insert into public.notifications (org_id, user_id, type, title, message, status, expires_at)
            values (${tenant}, ${memberId}, 'voicemail', 'probe', 'message', ${status}, now() + ${expires}::interval)`;
      const expire = sql`select public.expire_old_notifications()::int as archived`;
      await trial.sees(
        service,
        "expires_at is 30 days after creation",
        sql`insert into public.notifications (org_id, user_id, type, title, message)
            values (${tenant}, ${memberId}, 'voicemail', 'probe', 'message')
            returning expires_at - created_at between interval '30 days' - interval '1 minute'
              and interval '30 days' + interval '1 minute' as thirty_days`,
        [{ thirty_days: true }],
      );
      const seeded = [
        sql`delete from public.notifications`,
        add("-1 day", "unread"),
        add("-1 second", "read"),
        add("-1 day", "archived"),
        add("1 day", "unread"),
      ];
      await trial.sees(
        service,
        "two of four notifications are archived",
        [...seeded, expire],
        [{ archived: 2 }],
      );
      await trial.sees(service, "a second run archives none", [...seeded, expire, expire], [{ archived: 0 }]);
      await trial.sees(
        service,
        "what has not expired stays unread, and nothing is deleted",
        [
          ...seeded,
          expire,
          sql`select count(*) filter (where status = 'archived')::int as archived,
              count(*) filter (where status = 'unread')::int as unread from public.notifications`,
        ],
        [{ archived: 3, unread: 1 }],
      );
      await provesExpiry(trial);
      for (const actor of [trial.member, trial.outsider, trial.anon])
        await trial.mayNot(actor, "calls expire_old_notifications", expire, { sqlstate: "42501" });
    },
  }),

  promise({
    id: "N7",
    title: "notifications has five indexes for a user's queries, and the unread count reads an index alone",
    effect: "The badge on every screen reads the whole table, many times a minute.",
    remedy: "Keep a partial index of unread rows by (user_id, org_id), whose predicate the query implies.",
    async experiment(trial) {
      await indexesOf(trial, "notifications", { atLeast: 5, containing: "user_id" });
      await provesIndexOnlyCount(trial);
    },
  }),
];
