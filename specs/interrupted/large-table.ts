import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { apply, applyAgain, pictureOf, tellDifference } from "../promises/application.ts";
import { makeStage } from "../promises/interruption.ts";
import { first } from "../promises/legacy.ts";

/** One more than the file takes for a small table. */
const many = `insert into public.processed_webhook_events (event_id, call_log_id)
select 'one of many ' || n, log.id
from generate_series(1, 100001) n, (select id from public.call_logs where org_id = '${first}' limit 1) log;
analyze public.processed_webhook_events;`;

/**
 * On a large table the file stops before it would hold up the writers, and names what to run; after that it ends as where
 * they were allowed to wait.
 */
export async function provesLargeTable(ground: Ground, proof: Proof): Promise<void> {
  const migration = ground.plan.find(({ file }) => file.includes("processed_webhook_events"));
  if (migration === undefined) throw new Error("no migration names processed_webhook_events");
  const again = applyAgain(migration);
  await using stage = await makeStage(ground, migration, many);
  await using stopping = await stage.open();
  const { fault } = await apply(ground, stopping, [migration], { way: "psql" });
  const commands = fault?.what.match(/create (unique )?index concurrently[^;]+/g) ?? [];
  proof.weigh(
    commands.length === 2,
    `on a large table it ${fault ? `says ${fault.what}` : "builds its indexes at once"}`,
    `${many}\n${again}`,
  );
  const deployer = await stopping.connection("deployer");
  for (const command of commands) await deployer.query(command);
  const { fault: second } = await apply(ground, stopping, [migration], { way: "psql" });

  await using waiting = await stage.open();
  const settings = { "tenantproof.allow_write_pause": "on" };
  const { fault: third } = await apply(ground, waiting, [migration], { way: "psql", settings });
  const refused = second?.what ?? third?.what;
  const told = refused ?? tellDifference(await pictureOf(waiting), await pictureOf(stopping));
  proof.weigh(told === "", `with the indexes built beside the traffic it ends differently: ${told}`, again);
}
