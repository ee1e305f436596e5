import type { AuditEntry } from "../../harness/engine/log-entries.ts";
import { targetsOf } from "../../harness/guarantees/isolation/isolation.ts";
import { insertRow, type Target } from "../../harness/guarantees/isolation/target.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { type Statement, sql } from "../../harness/guarantees/sql.ts";
import type { Command } from "../../harness/guarantees/tenancy.ts";
import { endOf, type Trial } from "../../harness/guarantees/trial.ts";
import type { Actor } from "../../harness/session/actor.ts";
import { quoteIdentifier } from "../../harness/sql/identifier.ts";
import { type Audited, marked, provesAudited } from "./audit-log.ts";

const commands = ["SELECT", "INSERT", "UPDATE", "DELETE"] as const;

/** What a patient says; handed over as a parameter it must not be in the log. */
export const patient = {
  name: "a-patients-name-7391",
  phone: "+15550198437",
  notes: "allergic to xylocaine",
};

/** Members, the service and the deployer leave their entries in the server log, and parameters are in none of them. */
export async function provesLogging(trial: Trial): Promise<void> {
  const { ground, site, proof } = trial;
  await trial.finds(
    "pgAudit is installed",
    sql`select count(*)::int as installed from pg_catalog.pg_extension where extname = 'pgaudit'`,
    [{ installed: 1 }],
  );
  const requests = requestsOf(trial);
  const outcomes = await site.sessions.attempt(
    requests.map(({ actor, statement }) => ({ actor, sql: statement })),
  );
  outcomes.forEach((outcome, index) => {
    if (!outcome.ok) proof.doubted(`${requests[index]?.who} was ${endOf(outcome)}`);
  });
  const deployed = deploymentsOf(trial);
  for (const { statement } of deployed) {
    const outcome = await site.deployer.does(statement);
    if (!outcome.ok) proof.doubted(`the deployer was ${endOf(outcome)}`);
  }
  const bound = await bind(trial);
  const entries = await provesAudited(ground, site, proof, [...requests, ...deployed, ...bound]);
  if (entries) provesNoParameters(proof, entries);
  for (const [who, speaker] of [
    ["members", site.sessions.as(trial.member)],
    ["the deployer", site.deployer],
  ] as const) {
    const outcome = await speaker.tries("show pgaudit.log_parameter");
    proof.weigh(
      outcome.ok && outcome.rows[0]?.["pgaudit.log_parameter"] === "off",
      `pgaudit.log_parameter is not off for ${who}`,
      outcome,
    );
  }
}

/** No AUDIT entry says what a patient said, or admits that it logs parameters. */
export function provesNoParameters(proof: Proof, entries: readonly AuditEntry[]): void {
  for (const [what, value] of Object.entries(patient)) {
    const [found] = entries.filter(({ entry }) => entry.message.includes(value));
    proof.weigh(
      found === undefined,
      `a patient's ${what}, handed over as a parameter, is in the log: ${found?.entry.message}`,
      `prepare it as ${found?.statement};`,
    );
  }
}

/** Every command on every tenant table, by a member who has access to it and by the service. */
function requestsOf(trial: Trial): readonly (Audited & { readonly actor: Actor })[] {
  const { ground, site } = trial;
  return [trial.member, trial.service].flatMap((actor) =>
    targetsOf(ground)
      .filter(({ label }) => !(label in ground.tenancy.records))
      .flatMap((target) =>
        commands.flatMap((command) => {
          const may = actor === trial.service || ground.tenancy.access[target.label]?.includes(command);
          const text = may ? statementOn(trial, target, command) : undefined;
          if (text === undefined) return [];
          return [
            {
              ...{ actor, command, object: target.label, class: command === "SELECT" ? "READ" : "WRITE" },
              who: `${actor.name}'s ${command}`,
              statement: marked(site, `${actor.role} ${command} ${target.label}`, text),
            } as const,
          ];
        }),
      ),
  );
}

function statementOn({ ground, tenant }: Trial, target: Target, command: Command): string | undefined {
  const { relation, touch, table } = target;
  if (command === "SELECT") return `select * from ${relation} limit 1`;
  if (command === "UPDATE")
    return `update ${relation} set ${quoteIdentifier(touch)} = ${quoteIdentifier(touch)} where false`;
  if (command === "DELETE") return `delete from ${relation} where false`;
  const row = target.label.endsWith(".organizations")
    ? undefined
    : ground.population.newRow(table, tenant, ground.society.member);
  return row && insertRow(target, row);
}

function deploymentsOf({ site }: Trial): readonly Audited[] {
  const ddl = (command: string, object: string, statement: string): Audited => ({
    ...{ who: "the deployer's DDL", class: "DDL", command, object, statement },
  });
  const all: readonly Audited[] = [
    ddl("CREATE TABLE", "public.probe", "create table public.probe (id int)"),
    ddl("ALTER TABLE", "public.probe", "alter table public.probe add column patient text"),
    ddl("CREATE INDEX", "public.idx_probe", "create index idx_probe on public.probe (id)"),
    {
      ...{ who: "the deployer's WRITE", class: "WRITE", command: "INSERT", object: "public.probe" },
      statement: "insert into public.probe (id) values (1)",
    },
    ddl("DROP TABLE", "public.probe", "drop table public.probe"),
  ];
  return all.map((one) => ({ ...one, statement: marked(site, one.command, one.statement) }));
}

/** Statements with a patient's data as their parameters, by a member, the service and the deployer. */
async function bind(trial: Trial): Promise<readonly Audited[]> {
  const { site, tenant, memberId } = trial;
  const { name, phone, notes } = patient;
  const insert = sql`insert into public.contacts (org_id, name, phone, notes) values (${tenant}, ${name}, ${phone}, ${notes})`;
  const find = sql`select id from public.contacts where name = ${name} or phone = ${phone} or notes = ${notes}`;
  const tell = sql`select public.create_notification(${tenant}, ${memberId}, 'hot_lead', ${name}, ${notes})`;
  const [member, service] = [site.sessions.as(trial.member), site.sessions.as(trial.service)];
  const runs = [
    [member, "a member's INSERT", "WRITE", "INSERT", "public.contacts", insert],
    [member, "a member's SELECT", "READ", "SELECT", "public.contacts", find],
    [service, "the service's SELECT", "READ", "SELECT", "public.contacts", find],
    [site.deployer, "the deployer's INSERT", "WRITE", "INSERT", "public.contacts", insert],
  ] as const;
  const audited: Audited[] = [];
  for (const [speaker, who, kind, command, object, statement] of runs) {
    const { template, text } = prepared(trial, `bound ${audited.length}`, statement);
    const outcome = await speaker.tries(template, ...statement.values);
    if (!outcome.ok) trial.proof.doubted(`${who} was ${endOf(outcome)}`);
    audited.push({ who: `${who} with parameters`, class: kind, command, object, statement: text });
  }
  // What a function does with its arguments are statements of its own, with parameters of their own.
  await service.tries(tell.template, ...tell.values);
  return audited;
}

/** The statement with a marker behind it, and its text as the server receives it. */
function prepared(trial: Trial, ordinal: string, { template }: Statement) {
  const parts = template.with(-1, marked(trial.site, ordinal, template.at(-1) ?? ""));
  return {
    template: Object.assign(parts, { raw: parts }),
    text: parts.reduce((text, part, index) => `${text}$${index}${part}`),
  };
}
