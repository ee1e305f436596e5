import type { Fault } from "../../harness/fault/fault.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { sql } from "../../harness/guarantees/sql.ts";
import { promise } from "../../harness/guarantees/trial.ts";
import { apply } from "./application.ts";
import { type Substitution, substitutionsIn } from "./substitutions.ts";
import { collisions, type Obstacle } from "./taken-names.ts";

const tables = ["contacts", "appointments", "notifications"];

/** S5, S6, S10: what the set is called, and what happens where a name is taken. */
export const naming: readonly Guarantee[] = [
  promise({
    id: "S5",
    title: "the summary's verification checklist passes, line by line",
    effect: "The team ticks off a checklist that does not describe what it has.",
    remedy: "Create what the checklist counts; each line is a query in the summary.",
    leavesNothing: true,
    async experiment(trial) {
      const { member, service, tenant, otherTenant, memberId } = trial;
      await trial.finds(
        "all three tables exist",
        sql`select count(*)::int as count from information_schema.tables where table_name = any (${tables})`,
        [{ count: 3 }],
      );
      await trial.finds(
        "all six enum types exist",
        sql`select count(*)::int as count from pg_type where typtype = 'e' and typname in ('lead_score_type', 'lead_status_type',
            'appointment_status', 'notification_type', 'notification_status', 'notification_priority')`,
        [{ count: 6 }],
      );
      await trial.finds(
        "there are twelve policies or more",
        sql`select count(*) >= 12 as enough from pg_policies where tablename = any (${tables})`,
        [{ enough: true }],
      );
      await trial.finds(
        "there are fourteen indexes or more",
        sql`select count(*) >= 14 as enough from pg_indexes where tablename = any (${tables})`,
        [{ enough: true }],
      );
      const id = trial.uuid();
      const add = sql`insert into public.contacts (id, org_id, name, phone) values (${id}, ${tenant}, 'somebody', '+15550123')`;
      await trial.mayNot(
        member,
        "moves a contact to another organization",
        [add, sql`update public.contacts set org_id = ${otherTenant} where id = ${id}`],
        { sqlstate: "23514", message: /^org_id is immutable$/ },
      );
      await trial.sees(
        member,
        "updated_at shows the time of the write",
        [
          add,
          sql`select abs(extract(epoch from clock_timestamp() - updated_at)) < 60 as now from public.contacts where id = ${id}`,
        ],
        [{ now: true }],
      );
      await trial.sees(
        member,
        "row-level security hides every contact of another organization",
        sql`select count(*)::int as count from public.contacts where org_id <> public.auth_org_id()`,
        [{ count: 0 }],
      );
      await trial.sees(
        service,
        "create_notification answers an id",
        sql`select public.create_notification(${tenant}, ${memberId}, 'hot_lead', 'title', 'message') is not null as id`,
        [{ id: true }],
      );
      await trial.sees(
        service,
        "log_audit_event answers an id",
        sql`select public.log_audit_event('checklist', 'INSERT', 'contacts') is not null as id`,
        [{ id: true }],
      );
    },
  }),

  promise({
    id: "S6",
    title: "constraints and indexes carry their kind in their name, and those that maintenance names exist",
    effect: "The quarterly maintenance fails on a name that is not there.",
    remedy: "Name them idx_, pk_, fk_, uq_ and chk_, and keep the two that the summary quotes.",
    async experiment(trial) {
      const { rows, repeat } = await trial.asks<Named>(namesOfKinds);
      await using before = await trial.ground.open("before");
      const legacy = await before.superuser.tries(namesOfKinds.template);
      // The set names what it makes; what a legacy table brought keeps its name.
      const known = new Set(legacy.ok ? legacy.rows.map((row) => `${row.on_table} ${row.name}`) : []);
      for (const { name, on_table, kind, prefix } of rows.filter(
        (row) => !known.has(`${row.on_table} ${row.name}`),
      ))
        trial.proof.weigh(
          name.startsWith(prefix),
          `the ${kind} ${name} of ${on_table} does not begin with ${prefix}`,
          repeat,
        );
      for (const index of ["idx_contacts_org_status_updated", "idx_appointments_org_scheduled_at"]) {
        const outcome = await trial.site.deployer.does(`reindex index public.${index}`);
        trial.proof.weigh(
          outcome.ok,
          `REINDEX INDEX ${index} fails: ${outcome.ok ? "" : outcome.message}`,
          outcome,
        );
      }
      for (const table of tables) {
        const outcome = await trial.site.deployer.does(`analyze public.${table}`);
        trial.proof.weigh(
          outcome.ok,
          `ANALYZE ${table} fails: ${outcome.ok ? "" : outcome.message}`,
          outcome,
        );
      }
    },
  }),

  {
    id: "S10",
    title:
      "a name that is taken by another shape, or in another schema, is an error that names the difference",
    effect: "CREATE TABLE IF NOT EXISTS keeps somebody else's table, and everything seems to work.",
    remedy: "Compare what exists with what it should be, and raise what differs.",
    async experiment(ground, proof) {
      // In the order of the plan on one site: each obstacle is put in the way of the file that it concerns.
      const obstacles = collisions(ground.schema, ground.schemaBefore);
      await using site = await ground.open("before");
      const superuser = await site.connection("superuser");
      for (const migration of ground.plan) {
        for (const obstacle of obstacles.filter(({ concerns }) => concerns.test(migration.text))) {
          await superuser.query(obstacle.sql);
          weighSaying(proof, obstacle, (await apply(ground, site, [migration], { way: "psql" })).fault);
          await superuser.query(obstacle.undo);
        }
        const { fault } = await apply(ground, site, [migration]);
        if (fault)
          return proof.broke(`${migration.file} fails after its obstacles are gone: ${fault.what}`, "");
      }
      for (const obstacle of obstacles)
        if (!ground.plan.some(({ text }) => obstacle.concerns.test(text)))
          proof.doubted(`no file was found to put ${obstacle.name} in the way of`);
      await provesSubstitutions(ground, proof);
    },
  },
];

/** feature_not_supported and dependent_objects_still_exist. */
const holding = ["0A000", "2BP01"];

/** Each object that the set made, given another shape, is told when its file is applied again. */
async function provesSubstitutions(ground: Ground, proof: Proof): Promise<void> {
  await using site = await ground.open("migrated");
  const superuser = await site.connection("superuser");
  /** Makes the changes that the server lets be made, and answers what their files say to them. */
  const faultOf = async (changes: readonly Substitution[]) => {
    const made: Substitution[] = [];
    for (const change of changes) {
      try {
        await superuser.query(change.sql);
        made.push(change);
      } catch (thrown) {
        // A view or a policy may hold a column as it is.
        if (!holding.includes((thrown as { code?: string }).code ?? "")) throw thrown;
      }
    }
    const files = ground.plan.filter(({ text }) => made.some(({ concerns }) => concerns.test(text)));
    const { fault } = await apply(ground, site, files, { way: "psql" });
    for (const { undo } of [...made].reverse()) await superuser.query(undo);
    return { made, fault };
  };
  const groups = new Map<string, Substitution[]>();
  for (const change of substitutionsIn(ground))
    groups.set(change.group, [...(groups.get(change.group) ?? []), change]);
  for (const changes of groups.values()) {
    // One error usually names them all; where it does not, each is tried by itself.
    const { made, fault } = await faultOf(changes);
    const told = made.every((change) => isNamed(change, fault));
    for (const change of made) weighSaying(proof, change, told ? fault : (await faultOf([change])).fault);
  }
}

function isNamed({ names }: Obstacle, fault: Fault | undefined): boolean {
  return fault !== undefined && names.every((word) => namesOne(sayingOf(fault), word));
}

function weighSaying(proof: Proof, obstacle: Obstacle, fault: Fault | undefined): void {
  const wanted = obstacle.names.map((word) => [word].flat().join(" or ")).join(" and ");
  proof.weigh(
    isNamed(obstacle, fault),
    `${obstacle.name}: ${fault === undefined ? "kept in silence" : `the error does not name ${wanted}: ${fault.what}`}`,
    obstacle.sql,
  );
}

/** Whether the text names the word, or one of several of which any will do. */
function namesOne(text: string, word: string | readonly string[]): boolean {
  return [word].flat().some((one) => text.includes(one));
}

function sayingOf(fault: Fault): string {
  return `${fault.what} ${fault.hint}`;
}

interface Named {
  readonly name: string;
  readonly on_table: string;
  readonly kind: string;
  readonly prefix: string;
}

/** Every constraint and index in public, with the prefix that its kind asks for; NOT NULL is no constraint of ours to name. */
const namesOfKinds = sql`
  select c.conname as name, c.conrelid::regclass::text as on_table, 'constraint' as kind,
    case c.contype when 'p' then 'pk_' when 'f' then 'fk_' when 'u' then 'uq_' when 'c' then 'chk_' else 'ex_' end as prefix
  from pg_catalog.pg_constraint c
  where c.contype in ('p', 'f', 'u', 'c', 'x') and c.conrelid <> 0 and c.connamespace = 'public'::regnamespace
  union all
  select i.relname, x.indrelid::regclass::text, 'index', case when x.indisunique then 'uq_' else 'idx_' end
  from pg_catalog.pg_index x join pg_catalog.pg_class i on i.oid = x.indexrelid
  where i.relnamespace = 'public'::regnamespace
    and not exists (select from pg_catalog.pg_constraint c where c.conindid = i.oid)
  order by 2, 1`;
