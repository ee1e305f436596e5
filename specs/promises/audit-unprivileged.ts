import { randomBytes } from "node:crypto";
import { connect, withConnection } from "../../harness/engine/connection.ts";
import { Fault } from "../../harness/fault/fault.ts";
import { exits } from "../../harness/fault/faults.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import { applyPlan } from "../../harness/migrations/apply.ts";
import { signedIn } from "../../harness/session/actor.ts";
import { quoteIdentifier, quoteLiteral } from "../../harness/sql/identifier.ts";
import { apply, applyAgain, filesBefore } from "./application.ts";
import { type Audited, marked, provesAudited } from "./audit-log.ts";
import { patient, provesNoParameters } from "./audit-log-lines.ts";

/**
 * Applied by a deployer who may set nothing of pgAudit, on a database where parameters are logged, the audit migration
 * says which commands are missing; once a superuser has run them, everything is logged but parameters.
 */
export async function provesUnprivilegedDeployer(ground: Ground, proof: Proof): Promise<void> {
  const file = ground.plan.find(({ text }) => /create extension pgaudit/i.test(text));
  if (file === undefined) return proof.broke("no migration creates pgaudit", "ls migrations");
  // Roles are the whole server's, and others are proving something there too.
  const role = `tenantproof_deployer_${randomBytes(6).toString("hex")}`;
  try {
    await using site = await ground.open("before");
    await apply(ground, site, filesBefore(ground.plan, file.file));
    await handOver(site, role);
    const said: string[] = [];
    {
      await using deployer = await connect(site.database.address(role));
      const refused = await deployer
        .query(`alter role authenticator in database ${site.database.name} set pgaudit.log = 'none'`)
        .then(
          () => false,
          ({ code }) => code === "42501",
        );
      if (!refused) return proof.doubted("this server lets every role set what pgAudit writes");
      deployer.on("notice", ({ severity, message = "", detail = "", hint = "" }) => {
        if (severity === "WARNING") said.push(message, detail, hint);
      });
      try {
        await applyPlan(deployer, [file], ground.limits);
      } catch (thrown) {
        if (!(thrown instanceof Fault) || thrown.exit !== exits.migration) throw thrown;
        return proof.broke(
          `a deployer who may not set what pgAudit writes cannot apply ${file.file}: ${thrown.what}`,
          applyAgain(file),
        );
      }
    }
    proof.held();
    await obey(ground, proof, site, role, said.join("\n"));
  } finally {
    if (!ground.cluster.kept)
      await withConnection(ground.cluster.superuser, (superuser) =>
        superuser.query(`drop role if exists ${quoteIdentifier(role)}`),
      );
  }
}

/** Everything of the deployer's in the site belongs to the new role, who may set nothing; parameters are logged there. */
async function handOver(site: Site, role: string): Promise<void> {
  const superuser = await site.connection("superuser");
  const [quoted, database] = [quoteIdentifier(role), quoteIdentifier(site.database.name)];
  await superuser.query(`
    create role ${quoted} login createrole bypassrls;
    -- Whoever logs in does so with the superuser's password: a SCRAM verifier holds for any name.
    do $password$
    declare
      verifier text := (select rolpassword from pg_authid where rolname = current_user and rolpassword like 'SCRAM-%');
    begin
      if verifier is not null then execute format('alter role %I password %L', ${quoteLiteral(role)}, verifier); end if;
    end
    $password$;
    alter database ${database} owner to ${quoted};
    alter database ${database} set pgaudit.log_parameter = on;
    grant usage on schema auth, extensions to ${quoted};
    do $owner$
    declare
      command text;
    begin
      for command in
        select format('alter table %s owner to %I', oid::regclass, ${quoteLiteral(role)}) from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
        union all
        select format('alter routine %s owner to %I', oid::regprocedure, ${quoteLiteral(role)}) from pg_proc
        where pronamespace = 'public'::regnamespace
      loop
        execute command;
      end loop;
    end
    $owner$;`);
}

/** What the migration said is enough. */
async function obey(ground: Ground, proof: Proof, site: Site, role: string, said: string): Promise<void> {
  const commands = said.match(/\balter\s+(?:role|user|database|system)\s[^;]*\bpgaudit\.[^;]*/gi) ?? [];
  const [elsewhere] = commands.filter((command) => !command.includes(site.database.name));
  // It would change the server for others, and stay.
  if (elsewhere) return proof.doubted(`the migration asks for more than this database: ${elsewhere}`);
  const superuser = await site.connection("superuser");
  try {
    for (const command of commands) await superuser.query(command);
  } catch (thrown) {
    return proof.broke(
      `what the migration says to run fails: ${(thrown as Error).message}`,
      commands.join(";\n"),
    );
  }
  const [organization, person] = [
    "f0000000-0000-4000-8000-00000000000a",
    "f0000000-0000-4000-8000-00000000000b",
  ];
  await site.superuser.does(
    `insert into public.organizations (id, name) values ('${organization}', 'somebody')`,
  );
  const claims = ground.tenancy.claims({ id: person, tenant: organization });
  const member = site.sessions.as(signedIn("a member", claims));
  const insert = marked(
    site,
    "member",
    "insert into public.contacts (org_id, name, notes) values ($1, $2, $3)",
  );
  const select = marked(site, "member", "select id from public.contacts");
  const create = marked(site, "deployer", "create table public.probe ()");
  await member.tries(templateOf(insert), organization, patient.name, patient.notes);
  await member.tries(select);
  await withConnection(site.database.address(role), (deployer) => deployer.query(create));
  const audited: readonly Audited[] = [
    { who: "a member", class: "WRITE", command: "INSERT", object: "public.contacts", statement: insert },
    { who: "a member", class: "READ", command: "SELECT", object: "public.contacts", statement: select },
    { who: "the deployer", class: "DDL", command: "CREATE TABLE", object: "public.probe", statement: create },
  ];
  const told = `after a superuser ran what the migration said (${commands.join("; ") || "nothing"}), `;
  const entries = await provesAudited(
    ground,
    site,
    proof,
    audited.map((one) => ({ ...one, who: told + one.who })),
  );
  if (entries)
    provesNoParameters(
      proof,
      entries.filter(({ entry }) => entry.user === "authenticator"),
    );
}

/** The text with $1, $2, ... as a template. */
function templateOf(text: string): TemplateStringsArray {
  const parts = text.split(/\$\d+/);
  return Object.assign(parts, { raw: parts });
}
