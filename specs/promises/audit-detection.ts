import type { Trial } from "../../harness/guarantees/trial.ts";
import { endOf } from "../../harness/guarantees/trial.ts";
import { quoteLiteral } from "../../harness/sql/identifier.ts";
import { argumentsOf, callOf, plain } from "./audit-calls.ts";
import {
  type Colleague,
  leave,
  ordinaryDays,
  type Patterns,
  rowsInPattern,
  type Stretch,
} from "./audit-days.ts";
import { provesOnlyServiceCalls } from "./audit-records.ts";

const routine = "detect_suspicious_activity";

/** How a finding may call itself. */
const kinds = {
  delete: /delet/i,
  read: /read|select/i,
  denied: /foreign|cross|outside|denied|refused/i,
} as const;

interface Case {
  readonly what: string;
  /** What is done beyond an ordinary day, as statements. */
  readonly done: readonly string[];
  readonly finds: keyof typeof kinds | "nothing";
  /** Of the function's arguments, beyond its defaults. */
  readonly given?: string;
}

/** True cases are found among ordinary days, under the name of who did it; ordinary days are not. */
export async function provesDetection(trial: Trial): Promise<void> {
  const { site, proof } = trial;
  const patterns = await patternsOf(trial);
  const { people, work } = ordinaryDays(trial);
  const suspect = people.find(({ org, reads }) => org === trial.tenant && reads <= 20);
  if (!patterns || !suspect) return proof.doubted("there is no record that others could be made like");
  await trial.given(plain(leave(trial, patterns, work)));
  for (const one of casesOf(trial, patterns, suspect)) {
    const { outcome } = await site.superuser.triesInTurn([
      ...one.done.map((statement) => [statement] as const),
      ["select set_config('role', 'service_role', true)"],
      [`select f::text as told from public.${routine}(${one.given ?? ""}) f`],
    ]);
    if (!outcome.ok) {
      proof.broke(`${routine}: ${one.what}: ${endOf(outcome)}`, outcome);
      continue;
    }
    const found = outcome.rows.map(({ told }) => told as string);
    const others = found.filter((told) => !told.includes(suspect.id));
    proof.weigh(
      others.length === 0,
      `${one.what}, and found is what nobody did: ${others.join(" and ")}`,
      outcome,
    );
    const own = found.filter((told) => told.includes(suspect.id));
    const asPromised =
      one.finds === "nothing"
        ? own.length === 0
        : own.length > 0 && own.every((told) => kinds[one.finds as keyof typeof kinds].test(told));
    proof.weigh(
      asPromised,
      `${one.what}, where ${one.finds} is to be found; found: ${own.join(" and ") || "nothing"}`,
      outcome,
    );
  }
  await provesOnlyServiceCalls(trial, [`select * from public.${routine}()`]);
}

function casesOf(trial: Trial, patterns: Patterns, { id, org, reads }: Colleague): readonly Case[] {
  const foreign = trial.otherTenant;
  const stretch = (
    kind: Stretch["kind"],
    rows: number,
    records: number,
    minutesAgo: number,
    minutes: number,
  ) => [leave(trial, patterns, [{ kind, user: id, org, rows, records, minutesAgo, minutes }])];
  const burst = stretch("delete", 1, 200, 120, 5);
  const longAgo = stretch("delete", 1, 200, 50 * 60, 5);
  const as = (user: string, tenant: string) =>
    `select set_config('request.jwt.claims', ${quoteLiteral(JSON.stringify({ sub: user, role: "service_role", app_metadata: { org_id: tenant } }))}, true)`;
  const contact = trial.uuid();
  const named = argumentsOf(trial, routine);
  const since = named.find((name) => /since|from|after|start/i.test(name));
  const tenant = named.find((name) => /org|tenant/i.test(name));
  return [
    { what: "ordinary days", done: [], finds: "nothing" },
    { what: "a user deletes 200 rows one by one within five minutes", done: burst, finds: "delete" },
    {
      what: "a user deletes 200 rows in one statement",
      done: [
        as(id, org),
        `insert into public.contacts (org_id, name) select '${org}', 'somebody else' from generate_series(1, 200)`,
        "delete from public.contacts where name = 'somebody else'",
      ],
      finds: "delete",
    },
    {
      what: "a user deletes 40 rows of each of five tables within five minutes",
      done: [
        "contacts",
        "appointments",
        "notifications",
        "processed_webhook_events",
        "organizations",
      ].flatMap((table) =>
        stretch("delete", 1, 40, 120, 5).map((sql) =>
          sql.replaceAll('"table_name": "contacts"', `"table_name": "${table}"`),
        ),
      ),
      finds: "delete",
    },
    {
      what: "a user deletes 60 rows in the course of a day",
      done: stretch("delete", 1, 60, 22 * 60, 20 * 60),
      finds: "nothing",
    },
    {
      what: `a user reads 5,000 rows, and ${reads} on other days`,
      done: stretch("read", 1_000, 5, 120, 30),
      finds: "read",
    },
    {
      what: `a user reads 5,000 rows at once, and ${reads} on other days`,
      done: stretch("read", 5_000, 1, 120, 0),
      finds: "read",
    },
    {
      what: `a user reads 5,000 rows, 50 at a time, and ${reads} on other days`,
      done: stretch("read", 50, 100, 120, 30),
      finds: "read",
    },
    {
      what: `a user reads 10 rows more than the ${reads} of other days`,
      done: stretch("read", 5, 2, 120, 30),
      finds: "nothing",
    },
    { what: "a user is refused ten times", done: stretch("denied", 0, 10, 120, 10), finds: "denied" },
    {
      what: "a user changes a row of another organization",
      done: [
        as(trial.outsiderId, foreign),
        `insert into public.contacts (id, org_id, name) values ('${contact}', '${foreign}', 'somebody')`,
        as(id, org),
        `update public.contacts set notes = 'mine' where id = '${contact}'`,
      ],
      finds: "denied",
    },
    {
      what: "a job without a user changes rows of two organizations",
      done: [
        "select set_config('request.jwt.claims', '{}', true)",
        "update public.contacts set notes = 'seen'",
      ],
      finds: "nothing",
    },
    ...(since === undefined
      ? []
      : ([
          {
            what: "a burst of two days ago, asked since three",
            done: longAgo,
            finds: "delete",
            given: `${since} => now() - interval '3 days'`,
          },
          ...[burst, stretch("denied", 0, 10, 120, 10)].map(
            (done, index) =>
              ({
                what: `${index === 0 ? "a burst" : "refusals"} of two hours ago, asked since one`,
                done,
                finds: "nothing",
                given: `${since} => now() - interval '1 hour'`,
              }) as const,
          ),
        ] as const)),
    ...(tenant === undefined
      ? []
      : ([
          {
            what: "a burst in the organization that is asked for",
            done: burst,
            finds: "delete",
            given: `${tenant} => '${org}'`,
          },
          {
            what: "a burst in another organization than is asked for",
            done: burst,
            finds: "nothing",
            given: `${tenant} => '${foreign}'`,
          },
          {
            what: "reads in another organization than is asked for",
            done: stretch("read", 5_000, 1, 120, 0),
            finds: "nothing",
            given: `${tenant} => '${foreign}'`,
          },
        ] as const)),
  ];
}

/** What a member's read, delete and refusal leave, made by the functions and triggers of the set. */
async function patternsOf(trial: Trial): Promise<Patterns | undefined> {
  const { site, proof, memberId, tenant, otherTenant } = trial;
  const claims = JSON.stringify({ sub: memberId, role: "service_role", app_metadata: { org_id: tenant } });
  const contact = trial.uuid();
  const of = (event: Readonly<Record<string, string>>) =>
    callOf(trial, "log_audit_event", {
      operation: "SELECT",
      schema_name: "public",
      table_name: "contacts",
      ...event,
    });
  const read = of({
    event_type: "data_read",
    org_id: tenant,
    row_data: JSON.stringify({ rows: rowsInPattern }),
  });
  const denied = of({ event_type: "access_denied", org_id: otherTenant });
  const { outcome } = await site.superuser.triesInTurn([
    [`select set_config('request.jwt.claims', ${quoteLiteral(claims)}, true)`],
    [`insert into public.contacts (id, org_id, name) values ('${contact}', '${tenant}', 'somebody')`],
    [`delete from public.contacts where id = '${contact}'`],
    [
      `select set_config('tenantproof.read', ${read}::text, true), set_config('tenantproof.denied', ${denied}::text, true)`,
    ],
    [
      `select
        (select to_jsonb(a)::text from public.audit_logs a where id::text = current_setting('tenantproof.read')) as read,
        (select to_jsonb(a)::text from public.audit_logs a where id::text = current_setting('tenantproof.denied')) as denied,
        (select to_jsonb(a)::text from public.audit_logs a where operation = 'DELETE' and a::text like '%${contact}%' limit 1) as delete`,
    ],
  ]);
  if (!outcome.ok) proof.doubted(`records to copy: ${endOf(outcome)}`);
  const [row] = outcome.ok
    ? (outcome.rows as unknown as [Readonly<Record<Stretch["kind"], string | null>>])
    : [];
  const { read: one, denied: two, delete: three } = row ?? {};
  return one && two && three ? { read: one, denied: two, delete: three } : undefined;
}
