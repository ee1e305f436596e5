import { setTimeout as pause } from "node:timers/promises";
import { connect } from "../../harness/engine/connection.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { makeStage, provesRecovery } from "../promises/interruption.ts";
import { first } from "../promises/legacy.ts";

/** So many events that the backfill needs several batches. */
const many = `insert into public.processed_webhook_events (event_id, event_type, call_log_id)
select 'one of many ' || n, (select string_agg(md5(n || ' ' || part), '') from generate_series(1, 30) part), log.id
from generate_series(1, 2000) n, (select id from public.call_logs where org_id = '${first}' limit 1) log;`;

/** The backend goes while it waits for a row of the last batch, when the first have been committed. */
export async function provesBackfillCut(ground: Ground, proof: Proof): Promise<void> {
  const migration = ground.plan.find(({ file }) => file.includes("processed_webhook_events"));
  if (migration === undefined) throw new Error("no migration names processed_webhook_events");
  await using stage = await makeStage(ground, migration, many);
  const undisturbed = await stage.undisturbed();
  await using site = await stage.open();
  const superuser = await site.connection("superuser");
  await using connection = await connect(site.database.address(site.deployerRole));
  const { rows: own } = await connection.query("select pg_catalog.pg_backend_pid() as pid");
  const pid = own[0].pid as number;

  // Whoever holds a row keeps the first part out as well, so that comes first.
  const begins = migration.statements.findIndex(({ control }) => control === "closes") + 1;
  for (const { text } of migration.statements.slice(0, begins)) await connection.query(text);
  await superuser.query(
    "begin; select from public.processed_webhook_events where event_id = 'one of many 2000' for update",
  );
  const gone = new Promise((resolve) => connection.once("end", resolve));
  const rest = (async () => {
    for (const { text } of migration.statements.slice(begins)) await connection.query(text);
  })().catch(() => {});
  await waitsForLock(ground, pid);
  await superuser.query(`select pg_catalog.pg_terminate_backend(${pid})`);
  await Promise.all([gone, rest]);
  await superuser.query("rollback");

  const { rows } = await superuser.query(
    "select count(org_id)::int as filled, count(*)::int as all from public.processed_webhook_events",
  );
  const { filled, all } = rows[0];
  if (filled === 0 || filled === all)
    proof.doubted(`of ${all} events ${filled} had an organization when it was cut off`);
  const when = `while it filled the last of several batches, ${filled} of ${all} events done`;
  const repeat = `${many}\n-- then kill the backend while somebody holds the last row`;
  await provesRecovery(ground, site, proof, migration, { ...undisturbed, when, repeat });
}

/** @throws Error when it does not within five seconds. */
async function waitsForLock(ground: Ground, pid: number): Promise<void> {
  await using observer = await connect(ground.cluster.superuser);
  for (let attempt = 0; attempt < 250; attempt += 1) {
    const { rows } = await observer.query(
      "select from pg_catalog.pg_stat_activity where pid = $1 and wait_event_type = 'Lock'",
      [pid],
    );
    if (rows.length > 0) return;
    await pause(20);
  }
  throw new Error("the backfill waited for nobody");
}
