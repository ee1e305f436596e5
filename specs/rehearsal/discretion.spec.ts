import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseScript } from "../../harness/migrations/script.ts";
import { Discretion, withheld } from "../../harness/rehearsal/watch/told.ts";

const text = `do $$ begin
  raise exception 'events stand twice: %', 'x' using hint = 'Delete all but one row of each';
  raise notice 'backfill part 1, by call_log: % rows', 3;
end $$;`;
const discretion = new Discretion(
  [text],
  ["public.contacts", "public.contacts.phone", "uq_contacts_org_phone"],
);

describe("what is told of a message", () => {
  it.each([
    ["events stand twice: evt_9, evt_10", `events stand twice: ${withheld}`],
    ["backfill part 1, by call_log: 6,679 rows", "backfill part 1, by call_log: 6,679 rows"],
    ['invalid input syntax for type integer: "ada"', `invalid input syntax for type integer: "${withheld}"`],
    [
      'duplicate key value violates unique constraint "uq_contacts_org_phone"',
      'duplicate key value violates unique constraint "uq_contacts_org_phone"',
    ],
    ["column phone of relation contacts: +15550001111", `column phone of relation contacts: ${withheld}`],
    ["events stand twice: 5550001", `events stand twice: ${withheld}`],
  ])("of %s is %s", (message, told) => {
    expect(discretion.tell(message)).toBe(told);
  });

  it("holds no word that is neither the migration's, the catalog's nor the server's", () => {
    const word = fc.stringMatching(/^[a-z]{5,12}q[0-9]{4,9}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (values) => {
        const told = discretion.tell(`events stand twice: ${values.join(", ")} in contacts, "${values[0]}"`);
        return values.every((value) => !told.includes(value));
      }),
    );
  });

  it("names the place, the table and the constraint of an error, and never its detail", async () => {
    const script = await parseScript("select 1;\nalter table contacts add unique (phone);", "x.sql", "x.sql");
    const said = {
      ...{
        message: "could not create unique index",
        code: "23505",
        detail: "Key (phone)=(+1555) is duplicated.",
      },
      ...{ schema: "public", table: "contacts", constraint: "uq_contacts_org_phone" },
    };
    const error = discretion.tellError(said, script, script.statements[1]);
    expect(error).toEqual({
      sqlstate: "23505",
      where: "x.sql:2:1",
      what: "could not create unique index (SQLSTATE 23505; table public.contacts, constraint uq_contacts_org_phone)\nin alter table contacts add unique (phone)",
    });
  });
});
