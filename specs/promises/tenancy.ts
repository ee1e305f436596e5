import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import { proveImmutability } from "../../harness/guarantees/immutability.ts";
import { proveIsolation } from "../../harness/guarantees/isolation/isolation.ts";
import { whereRow } from "../../harness/guarantees/isolation/target.ts";
import { provePooling } from "../../harness/guarantees/pooling.ts";
import { proveLeastPrivilege } from "../../harness/guarantees/privileges.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { proveReferences } from "../../harness/guarantees/references.ts";
import { proveSideDoors } from "../../harness/guarantees/side-doors/side-doors.ts";
import { sql } from "../../harness/guarantees/sql.ts";
import { ownedTargets, proveTenantColumn } from "../../harness/guarantees/tenant-column.ts";
import { endOf, promise } from "../../harness/guarantees/trial.ts";
import { withClaims } from "../../harness/session/actor.ts";
import { apply } from "./application.ts";
import { provesNoOtherSource, provesOneSource } from "./claim-sources.ts";
import { provesFailingClosed } from "./claims.ts";
import { provesOneEvaluation } from "./evaluation.ts";

const answer = sql`select public.auth_org_id() as org`;

/** T. Tenancy: whose row it is, and who may reach it. */
export const tenancy: readonly Guarantee[] = [
  {
    id: "T1",
    title: "every row of every tenant table has a tenant, and one that exists",
    effect: "A row that belongs to nobody is shown to everybody, or to no one ever again.",
    remedy: "Declare org_id uuid NOT NULL REFERENCES organizations in every tenant table.",
    experiment: proveTenantColumn,
  },

  promise({
    id: "T2",
    title: "the tenant is read from app_metadata.org_id of the request's claims, and from nowhere else",
    effect: "A user who edits their own profile becomes a member of any clinic.",
    remedy: "Let public.auth_org_id() read that one path, and every policy call that one function.",
    async experiment(trial) {
      const { tenant, memberId } = trial;
      await trial.sees(trial.member, "the function answers the tenant of the claims", answer, [
        { org: tenant },
      ]);
      const upper = { sub: memberId, app_metadata: { org_id: tenant.toUpperCase() } };
      await trial.sees(
        withClaims(JSON.stringify(upper), "a member whose tenant is written in capitals"),
        "capitals are the same tenant",
        answer,
        [{ org: tenant }],
      );
      await provesNoOtherSource(trial);
      provesOneSource(trial);
      await provesAuthOrgId(trial.ground, trial.proof);
    },
  }),

  promise({
    id: "T3",
    title: "claims of any malformed shape give no tenant, raise nothing, and reach nothing",
    effect: "A token that nobody expected opens every clinic, or takes the application down.",
    remedy:
      "Parse in one function that answers NULL whatever goes wrong, and compare with = in every policy.",
    experiment: provesFailingClosed,
  }),

  promise({
    id: "T4",
    title: "policies evaluate the tenant once a statement, not once a row",
    effect: "Every list parses the claims again for each row that it looks at.",
    remedy: "Write (SELECT public.auth_org_id()) in every policy.",
    experiment: provesOneEvaluation,
  }),

  {
    id: "T5",
    title: "org_id cannot be changed or emptied once written, by anybody and in no way",
    effect: "One UPDATE moves a patient's record to another clinic.",
    remedy: "Put the prevent_org_id_change() trigger on every tenant table.",
    async experiment(ground, proof) {
      await proveImmutability(ground, proof);
      await provesImmutableWithoutTriggers(ground, proof);
    },
  },
  {
    id: "T6",
    title: "members reach their own tenant's rows and no other's, and nobody else reaches any",
    effect: "One clinic reads, changes or deletes another clinic's patients.",
    remedy:
      "Enable row-level security, with a policy for each command that compares org_id with the tenant of the claims.",
    experiment: proveIsolation,
  },
  {
    id: "T7",
    title: "no function, view, sequence, key or publication is a side door to another tenant's rows",
    effect: "The policies are right, and a function beside them answers anybody's question.",
    remedy:
      "Revoke EXECUTE from PUBLIC and the API roles, fix search_path, make views security_invoker, put the tenant into keys.",
    async experiment(ground, proof) {
      await proveSideDoors(ground, proof);
      // No promise has a visitor without a token call what bypasses policies.
      for (const routine of ground.schema.routines.filter(
        ({ schema, securityDefiner }) => schema === "public" && securityDefiner,
      ))
        proof.weigh(
          !routine.executableBy.includes("anon"),
          `${routine.name}(${routine.identityArguments}) is SECURITY DEFINER and anon may execute it, who needs none`,
          `\\df+ public.${routine.name}`,
        );
    },
  },
  {
    id: "T8",
    title: "no row points to a row of another tenant, and trying to says nothing of whether it exists",
    effect: "An appointment shows another clinic's patient.",
    remedy:
      "Make foreign keys between tenant tables composite: (org_id, contact_id) REFERENCES contacts (org_id, id).",
    experiment: proveReferences,
  },
  {
    id: "T9",
    title: "anon holds no privilege on any table of the set, and members hold what a promise needs",
    effect: "TRUNCATE, which no policy covers, is granted to everybody by the host's defaults.",
    remedy: "REVOKE ALL from PUBLIC, anon and authenticated, then grant what is needed.",
    experiment: proveLeastPrivilege,
  },

  promise({
    id: "T10",
    title: "a member sees their own organization's row and no other, and changes none",
    effect: "A clinic sees who else is a customer, or renames itself into one.",
    remedy: "Grant SELECT alone, with a policy on id = the tenant of the claims.",
    leavesNothing: true,
    async experiment(trial) {
      const { tenant, otherTenant, member } = trial;
      await trial.sees(
        member,
        "a member sees one organization, their own",
        sql`select id from public.organizations`,
        [{ id: tenant }],
      );
      await trial.sees(
        member,
        "a member does not find another organization by its id",
        sql`select id from public.organizations where id = ${otherTenant}`,
        [],
      );
      for (const [fact, statement] of [
        [
          "renames their organization",
          sql`update public.organizations set name = 'renamed' where id = ${tenant}`,
        ],
        [
          "renames another organization",
          sql`update public.organizations set name = 'renamed' where id = ${otherTenant}`,
        ],
        ["deletes their organization", sql`delete from public.organizations where id = ${tenant}`],
        [
          "founds an organization",
          sql`insert into public.organizations (id, name) values (${trial.uuid()}, 'new')`,
        ],
      ] as const)
        await trial.mayNot(member, fact, statement, { sqlstate: "42501" });
      await trial.changes(
        trial.service,
        "renames an organization",
        sql`update public.organizations set name = 'renamed' where id = ${tenant}`,
        1,
      );
    },
  }),

  {
    id: "T11",
    title: "claims hold for one transaction, whatever ran before or beside it on the same connections",
    effect: "Under load, one clinic's request is answered with another clinic's patients.",
    remedy: "Keep the tenant in transaction-local settings, and mark the function that reads it STABLE.",
    experiment: provePooling,
  },
];

/** Where the deployer may create in schema auth, auth.org_id() is there and answers the same; where not, the set applies. */
async function provesAuthOrgId(ground: Ground, proof: Proof): Promise<void> {
  const grant = "grant create on schema auth to";
  await using site = await ground.open("before");
  const superuser = await site.connection("superuser");
  await superuser.query(`${grant} "${site.deployerRole}"`);
  const { fault } = await apply(ground, site, ground.plan);
  if (fault)
    return proof.broke(`where the deployer may create in schema auth: ${fault.what}`, `${grant} postgres;`);
  const claims = [
    JSON.stringify(ground.tenancy.claims(ground.society.member)),
    JSON.stringify({ org_id: ground.society.member.tenant }),
    "not json",
  ];
  for (const text of claims) {
    const outcome = await site.sessions
      .as(withClaims(text))
      .tries("select auth.org_id() is not distinct from public.auth_org_id() as same");
    proof.weigh(
      outcome.ok && outcome.rows[0]?.same === true,
      `auth.org_id() ${outcome.ok ? "answers otherwise" : `fails: ${outcome.message}`} for claims ${text}`,
      outcome,
    );
  }
}

/** Not even a session that skips ordinary triggers, as restores and replication do, changes whose a row is. */
async function provesImmutableWithoutTriggers(ground: Ground, proof: Proof): Promise<void> {
  const { society, tenancy, population } = ground;
  await using site = await ground.open("populated");
  for (const target of ownedTargets(ground)) {
    const [row] = population.rows(target.table, society.member.tenant);
    if (!row) continue;
    const outcome = await site.superuser.transaction(async (run) => {
      await run("set local session_replication_role = replica");
      await run(
        `update ${target.relation} set ${tenancy.column} = '${society.outsider.tenant}' where ${whereRow(target, row)}`,
      );
    });
    proof.weigh(
      !outcome.ok && outcome.message === tenancy.immutable.message,
      `with session_replication_role = replica, a superuser changes the tenant of ${target.label}: ${endOf(outcome)}`,
      outcome,
    );
  }
}
