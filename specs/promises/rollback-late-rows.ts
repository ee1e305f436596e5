import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../../harness/engine/connection.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { apply, applyAgain } from "./application.ts";
import { requirementsOf } from "./requirements.ts";
import { scriptsOf } from "./rollback-catalog.ts";

const patienceMs = 3_000;
const lookEveryMs = 20;
const organization = "f2000000-0000-4000-8000-000000000001";

/** A row that is the first of its table, and committed while the script waits for whoever writes it. */
const lateRows = {
  create_organizations_table_foundation: {
    given: "",
    sql: `insert into public.organizations (id, name) values ('${organization}', 'late')`,
  },
  create_contacts_table: {
    given: `insert into public.organizations (id, name) values ('${organization}', 'somebody')`,
    sql: `insert into public.contacts (org_id, name) values ('${organization}', 'late')`,
  },
} as const;

/** What is counted is what is lost: a row that is written until the script has its lock counts too. */
export async function provesLateRows(ground: Ground, proof: Proof): Promise<void> {
  await Promise.all(
    Object.entries(lateRows).map(async ([name, { given, sql }]) => {
      const migration = ground.plan.find(({ file }) => file.includes(name));
      if (migration === undefined) return proof.broke(`no migration is called ${name}`, "ls migrations");
      await using site = await ground.open("before");
      const superuser = await site.connection("superuser");
      await apply(ground, site, [...requirementsOf(ground.plan, migration), migration]);
      if (given) await superuser.query(given);
      await using writer = await connect(site.database.address(superuser.user ?? ""));
      await writer.query(`begin; ${sql}`);
      const running = apply(ground, site, scriptsOf([migration]));
      await waitDuring(superuser, running);
      await writer.query("commit");
      const { fault } = await running;
      proof.weigh(
        fault !== undefined,
        `rollback of ${migration.file} drops a row that was committed while it waited for its lock`,
        `-- in one session:\nbegin; ${sql};\n-- in another, while the first one commits:\n${applyAgain(migration.rollback)}`,
      );
    }),
  );
}

/** Comes back when somebody in this database waits for a lock, or when `running` has ended. */
async function waitDuring(
  superuser: { query(text: string): Promise<{ rowCount: number | null }> },
  running: Promise<unknown>,
): Promise<void> {
  let over = false;
  const ended = running.finally(() => {
    over = true;
  });
  const deadline = performance.now() + patienceMs;
  while (!over && performance.now() < deadline) {
    const { rowCount } = await superuser.query(
      "select from pg_catalog.pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    if (rowCount) return;
    await Promise.race([ended, sleep(lookEveryMs)]);
  }
}
