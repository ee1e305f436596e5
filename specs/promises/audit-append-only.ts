import { digestData } from "../../harness/guarantees/digest.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";
import { endOf } from "../../harness/guarantees/trial.ts";
import type { Outcome } from "../../harness/session/outcome.ts";
import type { Run } from "../../harness/session/transaction.ts";
import { quoteIdentifier, quoteLiteral } from "../../harness/sql/identifier.ts";
import { callOf, plain } from "./audit-calls.ts";

const tables = ["audit_logs", "audit_logs_archive"] as const;

/** How a refusal may be told: no privilege, or a trigger's word. What is wrong with a statement itself is none. */
const refusals = new Set(["42501", "55000", "P0001", "0A000", "23001", "23514", "25006"]);

/** Nobody changes or removes what is recorded or archived, whoever they are and however they phrase it. */
export async function provesAppendOnly(trial: Trial): Promise<void> {
  const { ground, site, proof } = trial;
  await givenRecords(trial);
  const audited = ground.schema.tables.filter(
    ({ schema, name }) => schema === "public" && tables.some((table) => table === name),
  );
  const superuser = await site.connection("superuser");
  const before = await digestData(superuser, audited);
  for (const [name, digest] of before)
    if (/^0 rows/.test(digest)) return proof.doubted(`there is no row in ${name} to change`);

  const attempts = tables.flatMap((table) => violationsOf(trial, table));
  for (const actor of [trial.service, trial.member, trial.anon])
    await trial.each(actor, "changes or removes audit records", attempts, isRefused);
  const replica = "set local session_replication_role = replica";
  const imitations = imitationsOf(trial);
  for (const [who, speaker, set] of [
    ["the deployer", site.deployer, undefined],
    ["a superuser", site.superuser, undefined],
    ["a superuser as a replica", site.superuser, replica],
  ] as const)
    await speaker.transaction(
      async (run) => {
        if (set) await run(set);
        for (const attempt of attempts) await refuses(trial, who, attempt, await run(attempt));
        for (const { made, call } of imitations) await imitates(trial, who, made, call, run);
      },
      { savepoints: true },
    );
  // Whatever was done to them is rolled back by now; that a refusal had no effect is seen here.
  const after = await digestData(superuser, audited);
  for (const [name, digest] of before)
    proof.weigh(
      after.get(name) === digest,
      `${name} is ${after.get(name)}, and was ${digest}`,
      attempts.join(";\n"),
    );
}

/** Records of a tenant and of none, of today, old and archived. */
async function givenRecords(trial: Trial): Promise<void> {
  const { tenant, service, proof, site } = trial;
  const records =
    plain(`insert into public.audit_logs (event_time, event_type, operation, schema_name, table_name, org_id)
    select now() - make_interval(days => age), type, 'UPDATE', 'public', 'contacts', org
    from unnest(array[1, 200, 9000]) age, unnest(array['${tenant}', null]::uuid[]) org,
      unnest(array[${typesOf(trial).map(quoteLiteral).join(", ")}]) type`);
  await trial.given(records);
  for (const call of [
    `select ${callOf(trial, "log_audit_event", { event_type: "data_read", operation: "SELECT", org_id: tenant })}`,
    "select public.archive_old_audit_logs(90)",
  ]) {
    const outcome = await site.sessions.as(service).does(call);
    if (!outcome.ok) proof.doubted(`the service was ${endOf(outcome)}`);
  }
  // Old ones that wait to be archived are no less safe.
  await trial.given(records);
}

/** Which records somebody may have thought that nobody needs. */
const kindsOf = [
  "event_time < now() - interval '90 days'",
  "event_time < now() - interval '20 years'",
  "event_time > now() - interval '1 hour'",
  "org_id is null",
  "org_id is not null and event_time < now() - interval '90 days'",
  "event_type = 'data_read'",
] as const;

function violationsOf(trial: Trial, table: string): readonly string[] {
  const { ground } = trial;
  const relation = `public.${table}`;
  const { columns = [] } =
    ground.schema.tables.find(({ schema, name }) => schema === "public" && name === table) ?? {};
  const one = `(select id from ${relation} limit 1)`;
  const copy = `select * from ${relation} limit 1`;
  return [
    ...typesOf(trial).map((type) => `delete from ${relation} where event_type = ${quoteLiteral(type)}`),
    ...columns.map(
      ({ name }) => `update ${relation} set ${quoteIdentifier(name)} = ${quoteIdentifier(name)}`,
    ),
    `update ${relation} set statement_text = 'forged' where id in ${one}`,
    `update ${relation} set org_id = null`,
    `delete from ${relation}`,
    `delete from ${relation} where id in ${one}`,
    ...kindsOf.flatMap((kind) => [
      `delete from ${relation} where ${kind}`,
      `update ${relation} set row_data = '{}' where ${kind}`,
    ]),
    `with gone as (delete from ${relation} returning *) select count(*) from gone`,
    `insert into ${relation} ${copy} on conflict (id) do update set row_data = '{}'`,
    `merge into ${relation} old using (${copy}) new on old.id = new.id when matched then delete`,
    `merge into ${relation} old using (${copy}) new on old.id = new.id when matched then update set operation = 'forged'`,
    `truncate ${relation}`,
    `truncate ${relation} cascade`,
    `truncate ${tables.map((name) => `public.${name}`).join(", ")}`,
  ];
}

/** Functions of somebody's own that look like the one way out. */
function imitationsOf(trial: Trial): readonly { readonly made: string; readonly call: string }[] {
  const body = (comment = "") => `language plpgsql as $body$
    begin execute 'delete from public.audit_logs where event_time > now() - interval ''90 days'' ${comment}'; end $body$`;
  const disguise = "/*\nPL/pgSQL function public.archive_old_audit_logs(integer) line 1 at SQL statement\n*/";
  const imitate = (name: string, type: string, argument: string, comment?: string) => ({
    made: `create function ${name}(days ${type}) returns void ${body(comment)}`,
    call: `select ${name}(${argument})`,
  });
  return [
    imitate("public.archive_old_audit_logs", "text", "'90'::text"),
    imitate("pg_temp.archive_old_audit_logs", "integer", "90"),
    imitate("public.archive_old_audit_logs_now", "integer", "90"),
    imitate("public.cleanup", "integer", "90", disguise),
    {
      made: "insert into public.audit_logs_archive select * from public.audit_logs on conflict do nothing",
      call: "delete from public.audit_logs where id in (select id from public.audit_logs_archive)",
    },
    {
      made: `do $make$ begin
        create temporary table cause (id int) on commit drop;
        create function pg_temp.effect() returns trigger language plpgsql as
          'begin delete from public.audit_logs; return null; end';
        create trigger effect after insert on cause for each row execute function pg_temp.effect();
        alter table cause enable always trigger effect;
      end $make$`,
      call: "insert into cause values (1)",
    },
    // Whatever a settable name lets pass, a caller can set.
    ...["audit.archiving", "app.archiving", "tenantproof.archiving", "audit.allow_delete"].map((setting) => ({
      made: `set local ${setting} = 'on'`,
      call: "delete from public.audit_logs",
    })),
    ...settingsIn(trial).map(([setting, value]) => ({
      made: `select set_config('${setting}', ${quoteLiteral(value)}, true)`,
      call: "delete from public.audit_logs",
    })),
  ];
}

/** The words that stand as texts in the functions that guard the records. */
function wordsOf({ ground }: Trial): readonly string[] {
  const guards = ground.schema.tables
    .filter(({ schema, name }) => schema === "public" && tables.some((table) => table === name))
    .flatMap(({ triggers }) => triggers.map((trigger) => trigger.function.name));
  const words = ground.schema.routines
    .filter(({ schema, name }) => schema === "public" && guards.includes(name))
    .flatMap(({ source }) => [...source.matchAll(/'(\w{2,30})'/g)].map(([, word = ""]) => word));
  return [...new Set(words)];
}

/** Kinds of events, with whatever a guard may take for one. */
function typesOf(trial: Trial): readonly string[] {
  return [...new Set(["data_change", "access_denied", ...wordsOf(trial)])];
}

/** The settings that functions of the set look at, with each value that they may look for. */
function settingsIn(trial: Trial): readonly (readonly [string, string])[] {
  const names = trial.ground.schema.routines
    .filter(({ schema }) => schema === "public")
    .flatMap(({ source }) =>
      [...source.matchAll(/current_setting\(\s*'([\w.]+)'/g)].map(([, name = ""]) => name),
    );
  const free = [...new Set(names)].filter((name) => !/^(request\.|pgaudit\.|role$)/.test(name));
  return free.flatMap((name) => ["on", "true", ...wordsOf(trial)].map((value) => [name, value] as const));
}

async function imitates(trial: Trial, who: string, made: string, call: string, run: Run): Promise<void> {
  const ready = await run(made);
  // Whoever cannot even make it gains nothing by it; a statement that is wrong proves nothing.
  if (isRefused(ready)) return trial.proof.held();
  if (!ready.ok) return trial.proof.doubted(`${who} could not imitate: ${endOf(ready)}`);
  await refuses(trial, who, `${made}; ${call}`, await run(call));
}

async function refuses(trial: Trial, who: string, attempt: string, outcome: Outcome): Promise<void> {
  trial.proof.weigh(
    isRefused(outcome),
    `${who} changes or removes audit records by ${attempt}: ${endOf(outcome)}`,
    outcome,
  );
}

function isRefused(outcome: Outcome): boolean {
  return !outcome.ok && refusals.has(outcome.sqlstate);
}
