import { key } from "../../harness/catalog/schema.ts";
import { sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";
import { endOf } from "../../harness/guarantees/trial.ts";
import type { Actor } from "../../harness/session/actor.ts";
import { quoteIdentifier, quoteLiteral } from "../../harness/sql/identifier.ts";
import { argumentsOf, callOf } from "./audit-calls.ts";

const tables = ["audit_logs", "audit_logs_archive"] as const;
const elsewhere = "203.0.113.9";

/** What everybody says of themselves, and nobody can know to be true. */
const headers = { "x-forwarded-for": elsewhere, "x-real-ip": elsewhere, "cf-connecting-ip": elsewhere };

/** The record says what was handed over, and of who and where from what the server knows. */
export async function provesTrueRecords(trial: Trial): Promise<void> {
  const { tenant, otherTenant, memberId, outsiderId, proof } = trial;
  const claims = (sub: unknown, more = {}) => ({ sub, app_metadata: { org_id: tenant }, ...more });
  const said = {
    ...{ event_type: "data_read", operation: "SELECT", schema_name: "public", table_name: "contacts" },
    ...{ record_id: trial.uuid(), org_id: otherTenant, statement_text: "a report" },
  };
  // Not for a caller to say.
  const forged = {
    ...{ authenticated_user: outsiderId, database_user: "forged", client_addr: elsewhere },
    ...{ event_time: "2001-02-03T04:05:06Z", created_at: "2001-02-03T04:05:06Z", user_id: outsiderId },
  };
  const people = ["authenticated_user", "user_id", "user", "sub", "actor", "actor_id", "acting_user"];
  const data = {
    ...Object.fromEntries(people.map((name) => [name, outsiderId])),
    ...{ rows: 7, database_user: "forged", client_addr: elsewhere },
  };
  const log = callOf(trial, "log_audit_event", { ...said, ...forged, row_data: JSON.stringify(data) });
  for (const [who, actor, user] of [
    ["acting for a member", serviceWith(claims(memberId)), memberId],
    ["acting for nobody", trial.service, null],
    ["acting for somebody who is no user", serviceWith(claims("nobody")), null],
    ["acting for a number", serviceWith(claims(7)), null],
    [
      "acting for whoever says so in their profile",
      serviceWith({ user_metadata: { sub: outsiderId }, user: outsiderId, user_id: outsiderId }),
      null,
    ],
  ] as const)
    await provesRecord(trial, who, actor, log, { ...said, authenticated_user: user });
  await provesRecord(
    trial,
    "naming no organization",
    trial.service,
    callOf(trial, "log_audit_event", { event_type: "sign_in", operation: "LOGIN" }),
    { event_type: "sign_in", operation: "LOGIN", org_id: null, authenticated_user: null },
  );
  const taken = argumentsOf(trial, "log_audit_event").map((argument) => argument.replace(/^p_/, ""));
  for (const column of ["event_type", "operation", "table_name", "org_id"])
    if (!taken.includes(column)) proof.doubted(`log_audit_event takes no ${column}`);
}

async function provesRecord(
  trial: Trial,
  who: string,
  actor: Actor,
  call: string,
  expected: Readonly<Record<string, string | null>>,
): Promise<void> {
  const { site, proof } = trial;
  const outcome = await site.sessions
    .as(actor, { headers })
    .does(`select ${call}::text as id, session_user::text as login, inet_client_addr()::text as address`);
  if (!outcome.ok) return proof.broke(`the service, ${who}, logs an event: ${endOf(outcome)}`, outcome);
  const { id, login, address } = outcome.rows[0] as {
    id: string | null;
    login: string;
    address: string | null;
  };
  const { rows } = await trial.asks<{ record: Readonly<Record<string, unknown>>; fresh: boolean }>(
    sql`select to_jsonb(a) || jsonb_build_object('client_addr', client_addr::text) as record,
          event_time between now() - interval '5 minutes' and clock_timestamp() as fresh
        from public.audit_logs a where id::text = ${id}`,
  );
  const [found] = rows;
  if (!found) return proof.broke(`log_audit_event, ${who}, answers ${id}, which is no record's id`, outcome);
  for (const [column, value] of Object.entries({ ...expected, database_user: login, client_addr: address }))
    proof.weigh(
      found.record[column] === value,
      `a record of the service, ${who}, has ${column} ${found.record[column]}, where ${value} is the truth`,
      outcome,
    );
  proof.weigh(found.fresh, `a record of the service, ${who}, is of ${found.record.event_time}`, outcome);
  if (address === null) provesSourceOfAddress(trial);
}

/** A unix socket has no address: over it the truth is NULL, and what is left to see is where an address is taken from. */
function provesSourceOfAddress({ ground, proof }: Trial): void {
  const routines = ground.schema.routines.filter(({ schema }) => schema === "public");
  const table = ground.schema.tables.find((one) => key(one) === "public.audit_logs");
  const logging = routines.find(({ name }) => name === "log_audit_event")?.source ?? "";
  const triggers = new Set(table?.triggers.map((trigger) => trigger.function.name));
  const sources = [
    logging,
    table?.columns.find(({ name }) => name === "client_addr")?.default ?? "",
    ...routines
      .filter(({ name }) => triggers.has(name) || logging.includes(`${name}(`))
      .map(({ source }) => source),
  ].map((source) => source.replace(/--.*/g, ""));
  proof.weigh(
    sources.some((source) =>
      /\b(inet_client_addr|pg_stat_activity|pg_stat_get_activity|pg_stat_get_backend_client_addr)\b/.test(
        source,
      ),
    ),
    "log_audit_event does not ask the server for the client's address",
    "\\sf public.log_audit_event",
  );
}

/** Everybody else reads no record, writes none, and calls nothing that does. */
export async function provesServiceOnly(trial: Trial): Promise<void> {
  const { ground, site, proof, tenant, memberId, service } = trial;
  const acting = serviceWith({ sub: memberId, app_metadata: { org_id: tenant } });
  const event = { event_type: "data_read", operation: "SELECT", org_id: tenant };
  const log = `select ${callOf(trial, "log_audit_event", event)}`;
  for (const actor of [acting, service]) await site.sessions.as(actor).does(log);
  // Whoever archives sees all; a day's old record of the member's own is one that might be shown to them.
  await site.superuser.does(`insert into public.audit_logs (event_time, event_type, operation, org_id, authenticated_user)
    select now() - make_interval(days => 200), 'data_read', 'SELECT', org, '${memberId}' from unnest(array['${tenant}', null]::uuid[]) org`);
  await site.sessions.as(service).does("select public.archive_old_audit_logs(90)");

  const strangers = [
    trial.member,
    trial.colleague,
    trial.outsider,
    trial.anon,
    trial.as({ id: memberId, tenant: "" }, "a member of nothing"),
  ];
  for (const table of tables) {
    const relation = `public.${table}`;
    const columns = ground.schema.tables.find((one) => key(one) === relation)?.columns ?? [];
    const seen = await site.sessions
      .as(service)
      .tries(`select * from ${relation} where org_id = ${quoteLiteral(tenant)}`);
    proof.weigh(seen.ok && seen.count > 0, `the service reads ${relation}: ${endOf(seen)}`, seen);
    const reads = ["*", ...columns.map(({ name }) => quoteIdentifier(name))].map(
      (what) => `select ${what} from ${relation}`,
    );
    const writes = [
      `insert into ${relation} (id, event_time, event_type, operation, database_user, authenticated_user, org_id)
        values (gen_random_uuid(), now(), 'data_change', 'DELETE', 'authenticator', '${memberId}', '${tenant}')`,
      ...(table === "audit_logs"
        ? [`insert into ${relation} (event_type, operation) values ('x', 'SELECT')`]
        : []),
      `insert into ${relation} default values`,
      `copy ${relation} from stdin`,
      `update ${relation} set operation = 'forged'`,
      `delete from ${relation}`,
    ];
    for (const actor of strangers) {
      await trial.each(actor, `reads ${relation}`, reads, (one) =>
        one.ok ? one.count === 0 : one.sqlstate === "42501",
      );
      await trial.each(actor, `writes ${relation}`, writes, (one) => !one.ok && one.sqlstate === "42501");
    }
  }
  await provesOnlyServiceCalls(trial, [log]);
}

/** The service may call it; members, also of that organization, and anon are refused. */
export async function provesOnlyServiceCalls(trial: Trial, calls: readonly string[]): Promise<void> {
  await trial.each(trial.service, "calls what is the service's", calls, (outcome) => outcome.ok);
  for (const actor of [trial.member, trial.outsider, trial.anon])
    await trial.each(
      actor,
      "calls what is the service's alone",
      calls,
      (outcome) => !outcome.ok && outcome.sqlstate === "42501",
    );
}

/** The backend, acting for whoever the claims name. */
export function serviceWith(claims: Readonly<Record<string, unknown>>): Actor {
  return { name: "the service", role: "service_role", claims };
}
