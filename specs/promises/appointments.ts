import { name, type Statement, sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";
import { promise } from "../../harness/guarantees/trial.ts";
import { columnsOf, enumLabels, indexesOf } from "./catalog.ts";
import { provesFullUse } from "./full-use.ts";
import { provesRecovery } from "./recovery.ts";
import { provesTransitions } from "./transitions.ts";
import { provesUpdatedAt } from "./updated-at.ts";

const scheduledAt = "2030-01-15T09:00:00Z";

/** The trial's contact, which every appointment here is for; given once. */
async function givenContact(trial: Trial): Promise<string> {
  const id = trial.uuid();
  await trial.given(
    sql`insert into public.contacts (id, org_id, name) values (${id}, ${trial.tenant}, 'somebody')`,
  );
  return id;
}

function add(trial: Trial, contact: string, id: string, status = "pending"): Statement {
  return sql`insert into public.appointments (id, org_id, contact_id, service_type, scheduled_at, status)
      values (${id}, ${trial.tenant}, ${contact}, 'cleaning', ${scheduledAt}::timestamptz, ${status})`;
}

/** A. Appointments: what a contact is booked for. */
export const appointments = [
  promise({
    id: "A1",
    title: "appointments has the twelve columns; it takes 30 minutes unless said, and never none",
    effect:
      "The application reads and writes columns that are not there, or books an appointment without length.",
    remedy: "Give public.appointments exactly the columns, types, defaults and the check of the promise.",
    async experiment(trial) {
      await columnsOf(trial, "appointments", [
        ["id", "uuid"],
        ["org_id", "uuid", "not null"],
        ["contact_id", "uuid"],
        ["service_type", "text"],
        ["scheduled_at", "timestamp with time zone"],
        ["duration_minutes", "integer"],
        ["status", "public.appointment_status"],
        ["calendar_link", "text"],
        ["confirmation_sent", "boolean"],
        ["created_at", "timestamp with time zone"],
        ["updated_at", "timestamp with time zone"],
        ["deleted_at", "timestamp with time zone"],
      ]);
      const contact = await givenContact(trial);
      await trial.sees(
        trial.member,
        "an appointment has the defaults",
        sql`insert into public.appointments (org_id, contact_id, service_type, scheduled_at)
            values (${trial.tenant}, ${contact}, 'cleaning', ${scheduledAt}::timestamptz)
            returning duration_minutes, status::text, confirmation_sent, deleted_at`,
        [{ duration_minutes: 30, status: "pending", confirmation_sent: false, deleted_at: null }],
      );
      for (const minutes of [0, -30])
        await trial.mayNot(
          trial.member,
          `books ${minutes} minutes`,
          sql`insert into public.appointments (org_id, contact_id, service_type, scheduled_at, duration_minutes)
              values (${trial.tenant}, ${contact}, 'cleaning', ${scheduledAt}::timestamptz, ${minutes})`,
          { sqlstate: "23514" },
        );
      const id = trial.uuid();
      await trial.mayNot(
        trial.member,
        "shortens an appointment to nothing",
        [add(trial, contact, id), sql`update public.appointments set duration_minutes = 0 where id = ${id}`],
        { sqlstate: "23514" },
      );
      for (const column of ["duration_minutes", "confirmation_sent"])
        await trial.mayNot(
          trial.member,
          `books without a ${column}`,
          [
            add(trial, contact, id),
            sql`update public.appointments set ${name(column)} = null where id = ${id}`,
          ],
          { sqlstate: ["23502", "23514"] },
        );
    },
  }),

  promise({
    id: "A2",
    title:
      "an appointment moves from pending over confirmed and in_progress to completed, and final states stay",
    effect: "A cancelled appointment comes back, or one is completed that nobody confirmed.",
    remedy: "Create the enum with six labels and refuse every other transition in a BEFORE UPDATE trigger.",
    async experiment(trial) {
      const states = ["pending", "confirmed", "in_progress", "completed", "cancelled", "no_show"];
      await enumLabels(trial, "appointment_status", states);
      const contact = await givenContact(trial);
      await provesTransitions(trial, {
        table: "appointments",
        column: "status",
        states,
        moves: {
          pending: ["confirmed", "cancelled", "no_show"],
          confirmed: ["in_progress", "cancelled", "no_show"],
          in_progress: ["completed"],
          completed: [],
          cancelled: [],
          no_show: [],
        },
        insert: (id, state) => add(trial, contact, id, state),
        besides: "service_type = 'other', deleted_at = now()",
      });
    },
  }),

  promise({
    id: "A3",
    title: "a soft-deleted appointment stays, can be recovered, and is in no index",
    effect: "An appointment that was deleted by mistake is lost.",
    remedy: "Mark it in deleted_at, and create the indexes with WHERE deleted_at IS NULL.",
    async experiment(trial) {
      const contact = await givenContact(trial);
      const id = trial.uuid();
      const mark = sql`update public.appointments set deleted_at = now() where id = ${id}`;
      await trial.sees(
        trial.member,
        "a soft-deleted appointment is still there",
        [
          add(trial, contact, id),
          mark,
          sql`select deleted_at is not null as deleted from public.appointments where id = ${id}`,
        ],
        [{ deleted: true }],
      );
      await trial.sees(
        trial.member,
        "a soft-deleted appointment is recovered",
        [
          add(trial, contact, id),
          mark,
          sql`update public.appointments set deleted_at = null where id = ${id} returning deleted_at, status::text`,
        ],
        [{ deleted_at: null, status: "pending" }],
      );
      await provesRecovery(trial);
      await indexesOf(trial, "appointments", {
        atLeast: 4,
        leading: "org_id",
        columns: 2,
        predicate: "deleted_at IS NULL",
      });
    },
  }),

  promise({
    id: "A4",
    title: "appointments has four composite indexes that lead with org_id, without deleted rows",
    effect: "The calendar reads every appointment there ever was.",
    remedy: "Create the indexes as (org_id, filter, sort) WHERE deleted_at IS NULL.",
    leavesNothing: true,
    async experiment(trial) {
      await indexesOf(trial, "appointments", {
        atLeast: 4,
        leading: "org_id",
        columns: 2,
        predicate: "deleted_at IS NULL",
      });
    },
  }),

  promise({
    id: "A5",
    title:
      "a member selects, inserts, updates and deletes the appointments of their tenant; updated_at is true",
    effect: "The application cannot do its work, or misses changes.",
    remedy: "Grant the four privileges to authenticated with a policy for each; set updated_at in a trigger.",
    async experiment(trial) {
      const contact = await givenContact(trial);
      await provesFullUse(trial, "appointments", (id) => add(trial, contact, id), "service_type");
      await provesUpdatedAt(trial, "appointments", "service_type", (id) => add(trial, contact, id));
    },
  }),

  promise({
    id: "A6",
    title: "a contact with appointments cannot be deleted, unless the whole organization is",
    effect: "Deleting a contact silently takes the history of their appointments with it.",
    remedy: "Reference contacts with ON DELETE NO ACTION, and organizations with ON DELETE CASCADE.",
    async experiment(trial) {
      const contact = await givenContact(trial);
      const id = trial.uuid();
      const remove = sql`delete from public.contacts where id = ${contact}`;
      for (const actor of [trial.member, trial.service]) {
        await trial.mayNot(
          actor,
          "deletes a contact with an appointment",
          [add(trial, contact, id), remove],
          {
            sqlstate: ["23503", "23001"],
          },
        );
        await trial.mayNot(
          actor,
          "deletes a contact whose only appointment is soft-deleted",
          [
            add(trial, contact, id),
            sql`update public.appointments set deleted_at = now() where id = ${id}`,
            remove,
          ],
          { sqlstate: ["23503", "23001"] },
        );
        await trial.may(actor, "deletes a contact without appointments", remove);
      }
      // History is kept whatever came of the appointment.
      const statuses = ["pending", "confirmed", "in_progress", "completed", "cancelled", "no_show"];
      const contacts: string[] = [];
      for (const status of statuses) {
        contacts.push(await givenContact(trial));
        await trial.given(add(trial, contacts.at(-1) ?? "", trial.uuid(), status));
      }
      for (const actor of [trial.member, trial.service])
        await trial.each(
          actor,
          "deletes a contact with an appointment in any state",
          contacts.map((one) => `delete from public.contacts where id = '${one}'`),
          (outcome) => !outcome.ok && ["23503", "23001"].includes(outcome.sqlstate),
        );
      await trial.sees(
        trial.service,
        "an organization is deleted with its contacts and appointments",
        [
          add(trial, contact, id),
          sql`delete from public.organizations where id = ${trial.tenant}`,
          sql`select (select count(*) from public.contacts where org_id = ${trial.tenant})::int as contacts,
              (select count(*) from public.appointments where org_id = ${trial.tenant})::int as appointments`,
        ],
        [{ contacts: 0, appointments: 0 }],
      );
    },
  }),
];
