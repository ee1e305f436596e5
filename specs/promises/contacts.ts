import { type Statement, sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";
import { promise } from "../../harness/guarantees/trial.ts";
import { columnsOf, enumLabels, indexesOf } from "./catalog.ts";
import { provesFullUse } from "./full-use.ts";
import { provesOnePhone } from "./phones.ts";
import { provesTransitions } from "./transitions.ts";
import { provesUpdatedAt } from "./updated-at.ts";

function add(trial: Trial, id: string, status = "new"): Statement {
  return sql`insert into public.contacts (id, org_id, name, lead_status) values (${id}, ${trial.tenant}, 'somebody', ${status})`;
}

/** C. Contacts: leads and customers of a clinic. */
export const contacts = [
  promise({
    id: "C1",
    title:
      "contacts has the twelve columns; name is required, phone is not, service_interests is a JSON array",
    effect:
      "The application reads and writes columns that are not there, or stores what it cannot read back.",
    remedy: "Give public.contacts exactly the columns, types and defaults of the promise.",
    leavesNothing: true,
    async experiment(trial) {
      await columnsOf(trial, "contacts", [
        ["id", "uuid"],
        ["org_id", "uuid", "not null"],
        ["name", "text", "not null"],
        ["phone", "text", "null"],
        ["email", "text"],
        ["service_interests", "jsonb"],
        ["lead_score", "public.lead_score_type"],
        ["lead_status", "public.lead_status_type"],
        ["last_contact_at", "timestamp with time zone"],
        ["notes", "text"],
        ["created_at", "timestamp with time zone"],
        ["updated_at", "timestamp with time zone"],
      ]);
      const { member, tenant } = trial;
      await trial.mayNot(
        member,
        "adds a contact without a name",
        sql`insert into public.contacts (org_id, name) values (${tenant}, null)`,
        { sqlstate: "23502" },
      );
      await trial.sees(
        member,
        "a contact with a name alone has the defaults",
        sql`insert into public.contacts (org_id, name) values (${tenant}, 'somebody')
            returning phone, service_interests, lead_score::text, lead_status::text, id is not null as id`,
        [{ phone: null, service_interests: [], lead_score: "cold", lead_status: "new", id: true }],
      );
      for (const value of ['{"a": 1}', '"text"', "7", "null"])
        await trial.mayNot(
          member,
          `stores ${value} as service_interests`,
          sql`insert into public.contacts (org_id, name, service_interests)
              values (${tenant}, 'somebody', ${value}::jsonb)`,
          { sqlstate: "23514" },
        );
      await trial.mayNot(
        member,
        "changes service_interests into an object",
        [
          sql`insert into public.contacts (org_id, name) values (${tenant}, 'somebody')`,
          sql`update public.contacts set service_interests = '{}' where org_id = ${tenant} and name = 'somebody'`,
        ],
        { sqlstate: "23514" },
      );
      await trial.mayNot(
        member,
        "stores no service_interests at all",
        sql`insert into public.contacts (org_id, name, service_interests) values (${tenant}, 'somebody', null)`,
        { sqlstate: ["23502", "23514"] },
      );
      await trial.may(
        member,
        "stores a list of interests",
        sql`insert into public.contacts (org_id, name, service_interests)
            values (${tenant}, 'somebody', '["whitening", "implants"]')`,
      );
    },
  }),

  promise({
    id: "C2",
    title:
      "lead_score is hot, warm or cold, and cold unless said; lead_status has six states, and new unless said",
    effect: "A lead carries a score or a state that no screen knows.",
    remedy: "Create both enums with these labels in this order, and the defaults cold and new.",
    leavesNothing: true,
    async experiment(trial) {
      await enumLabels(trial, "lead_score_type", ["hot", "warm", "cold"]);
      await enumLabels(trial, "lead_status_type", [
        "new",
        "contacted",
        "qualified",
        "booked",
        "converted",
        "lost",
      ]);
      await trial.sees(
        trial.member,
        "a new contact is cold and new",
        sql`insert into public.contacts (org_id, name) values (${trial.tenant}, 'somebody')
            returning lead_score::text, lead_status::text`,
        [{ lead_score: "cold", lead_status: "new" }],
      );
      await trial.mayNot(
        trial.member,
        "stores a lead_score that is no label",
        sql`insert into public.contacts (org_id, name, lead_score) values (${trial.tenant}, 'somebody', 'lukewarm')`,
        { sqlstate: "22P02" },
      );
      await trial.mayNot(
        trial.member,
        "stores a lead_status that is no label",
        sql`insert into public.contacts (org_id, name, lead_status) values (${trial.tenant}, 'somebody', 'sold')`,
        { sqlstate: "22P02" },
      );
    },
  }),

  promise({
    id: "C3",
    title: "a tenant has a phone number once, however it is spelled",
    effect: "One caller becomes two contacts, and the receptionist greets a patient as a stranger.",
    remedy: "Normalise the phone in a BEFORE trigger and keep UNIQUE (org_id, phone).",
    experiment: provesOnePhone,
  }),

  promise({
    id: "C4",
    title: "contacts has five composite indexes that lead with org_id and end in a sort column",
    effect: "Lists read every row of the tenant, and slow down as the clinic grows.",
    remedy: "Create the indexes as (org_id, filter, sort DESC).",
    leavesNothing: true,
    async experiment(trial) {
      await indexesOf(trial, "contacts", {
        atLeast: 5,
        leading: "org_id",
        columns: 3,
        descending: true,
        predicate: null,
      });
    },
  }),

  promise({
    id: "C5",
    title: "a member selects, inserts, updates and deletes the contacts of their tenant",
    effect: "The application cannot do its work.",
    remedy: "Grant the four privileges to authenticated, with a policy for each.",
    async experiment(trial) {
      await provesFullUse(trial, "contacts", (id) => add(trial, id), "notes");
    },
  }),

  promise({
    id: "C6",
    title: "updated_at of a contact moves on every update and cannot be forged",
    effect: "Changes go unseen by everything that asks what is new since then.",
    remedy: "Set updated_at in a BEFORE INSERT OR UPDATE trigger, whatever was written.",
    leavesNothing: true,
    async experiment(trial) {
      await provesUpdatedAt(trial, "contacts", "notes", (id) => add(trial, id));
    },
  }),

  promise({
    id: "C7",
    title: "a lead moves through its states in order, or is lost",
    effect: "A lead is counted as converted that nobody ever booked.",
    remedy: "Refuse every other transition in a BEFORE UPDATE trigger that names both states.",
    async experiment(trial) {
      await provesTransitions(trial, {
        table: "contacts",
        column: "lead_status",
        states: ["new", "contacted", "qualified", "booked", "converted", "lost"],
        moves: {
          new: ["contacted", "lost"],
          contacted: ["qualified", "lost"],
          qualified: ["booked", "lost"],
          booked: ["converted", "lost"],
          converted: [],
          lost: [],
        },
        insert: (id, state) => add(trial, id, state),
        besides: "name = 'other', notes = 'other'",
      });
    },
  }),
];
