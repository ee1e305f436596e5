import fc from "fast-check";
import { sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";

/** Spaces, dashes, dots and parentheses, as telephones, keyboards and spreadsheets write them. */
const separators = [
  ...[" ", "  ", "\t", "\u00a0", "\u2009", "\u202f"],
  ...["-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212"],
  ...[".", "(", ")", ") ", " ("],
];

/** A tenant has a number once, in whatever spelling and however many write it at once; two tenants may share it. */
export async function provesOnePhone(trial: Trial): Promise<void> {
  const { member, outsider, tenant, otherTenant } = trial;
  const addPhone = (org: string, phone: string | null) =>
    sql`insert into public.contacts (org_id, name, phone) values (${org}, 'somebody', ${phone})`;
  await trial.mayNot(
    member,
    "adds a phone twice",
    [addPhone(tenant, "+15550100"), addPhone(tenant, "+15550100")],
    {
      sqlstate: "23505",
    },
  );
  await trial.may(member, "adds two contacts without a phone", [
    addPhone(tenant, null),
    addPhone(tenant, null),
  ]);
  await trial.may(member, "adds two contacts with an empty phone", [
    addPhone(tenant, ""),
    addPhone(tenant, " - "),
  ]);
  await trial.given(addPhone(tenant, "+15550177"));
  await trial.may(outsider, "adds a phone that another tenant has", addPhone(otherTenant, "+15550177"));
  await trial.sees(
    member,
    "an upsert on (org_id, phone) finds the row that is there",
    [
      addPhone(tenant, "+15550100"),
      sql`insert into public.contacts (org_id, name, phone) values (${tenant}, 'renamed', '+1 (555) 0100')
          on conflict (org_id, phone) do update set name = excluded.name returning name, phone`,
    ],
    [{ name: "renamed", phone: "+15550100" }],
  );

  const written = "+15550188";
  await trial.given(addPhone(tenant, written));
  const again = (phone: string) =>
    `insert into public.contacts (org_id, name, phone) values ('${tenant}', 'somebody', '${phone}')`;
  const spelled = [
    ...separators.map((separator) => `+1${separator}555${separator}0188`),
    ...fc.sample(spellingsOf(written), { numRuns: 40, seed: trial.seed }),
  ];
  for (const actor of [member, trial.service])
    await trial.each(
      actor,
      `adds ${written} again in another spelling`,
      spelled.map(again),
      (outcome) => !outcome.ok && outcome.sqlstate === "23505",
    );
  // What differs in a digit is another number.
  for (const [one, other] of [
    ["+15550100200300", "+25550100200300"],
    ["5550100", "05550100"],
    ["5550100", "55501000"],
  ] as const)
    await trial.may(member, `adds both ${one} and ${other}`, [
      addPhone(tenant, one),
      addPhone(tenant, other),
    ]);
  await trial.mayNot(
    member,
    "changes a contact's phone to another spelling of a phone that is taken",
    [
      addPhone(tenant, "+15550100"),
      addPhone(tenant, "+15550101"),
      sql`update public.contacts set phone = '+1 555.0100' where org_id = ${tenant} and phone = '+15550101'`,
    ],
    { sqlstate: "23505" },
  );

  const upsert = sql`insert into public.contacts (org_id, name, phone) values (${tenant}, 'caller', '+1 555 0142')
      on conflict (org_id, phone) do update set last_contact_at = now()`;
  await trial.concurrently(50, member, "upserts one phone", upsert);
  await trial.sees(
    member,
    "50 upserts of one phone at the same time leave one row",
    sql`select count(*)::int as rows from public.contacts where phone = '+15550142'`,
    [{ rows: 1 }],
  );
}

/** Other ways to write the number: separators before, between and after its characters. */
function spellingsOf(phone: string): fc.Arbitrary<string> {
  const between = fc.constantFrom("", "", "", ...separators);
  return fc
    .array(between, { minLength: phone.length + 1, maxLength: phone.length + 1 })
    .map((all) => all[0] + [...phone].map((character, index) => character + all[index + 1]).join(""));
}
