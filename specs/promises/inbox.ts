import { changedTables, digestData } from "../../harness/guarantees/digest.ts";
import { insertRow } from "../../harness/guarantees/isolation/target.ts";
import { callsOf } from "../../harness/guarantees/side-doors/calls.ts";
import { markerIn } from "../../harness/guarantees/side-doors/question.ts";
import { readsOf } from "../../harness/guarantees/side-doors/relations.ts";
import { callable } from "../../harness/guarantees/side-doors/routines.ts";
import { sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";
import { quoteIdentifier } from "../../harness/sql/identifier.ts";

/** Occurs in the member's notifications only. */
const secret = "for the eyes of one member";

/** Whatever a notification holds, its owner sees it, and a colleague or somebody who moved away does not. */
export async function provesPrivateInbox(trial: Trial): Promise<void> {
  const ids = await trial.givenShapes("notifications");
  const look = sql`select count(*)::int as rows from public.notifications where id = any (${ids})`;
  const moved = trial.as({ id: trial.memberId, tenant: trial.otherTenant }, "a member who moved");
  for (const [actor, rows] of [
    [trial.member, ids.length],
    [trial.colleague, 0],
    [moved, 0],
  ] as const)
    await trial.sees(actor, `${actor.name} sees ${rows} of a member's notifications of any shape`, look, [
      { rows },
    ]);
}

/** No function or view that members may use tells a colleague what a member's notification says, or changes it. */
export async function provesNoWayAround(trial: Trial): Promise<void> {
  const { ground, site, proof } = trial;
  const target = trial.target("notifications");
  const row = ground.population.newRow(target.table, trial.tenant, ground.society.member);
  if (!row) return proof.doubted(`no row could be made in ${target.label}`);
  const id = trial.uuid();
  const known = { ...row, id, title: secret };
  await site.superuser.does(insertRow(target, known));
  const prey = {
    ids: [trial.memberId, id],
    rows: [{ table: target.table, row: known }],
    markers: [secret],
  };
  const actors = [trial.colleague, trial.member];
  const calls = callable(ground).flatMap((routine) => callsOf(ground, routine, actors, prey));
  const asked = [...readsOf(ground, actors), ...calls].filter(({ actor }) => actor === trial.colleague);
  (await site.sessions.attempt(asked)).forEach((outcome, index) => {
    const question = asked[index];
    if (question)
      proof.weigh(
        markerIn(outcome, question, prey) === undefined,
        `a colleague reads a member's notification through ${question.door}`,
        outcome,
      );
  });
  // The server lets only volatile functions write.
  const superuser = await site.connection("superuser");
  const before = await digestData(superuser, [target.table]);
  for (const routine of callable(ground).filter(({ volatility }) => volatility === "volatile"))
    for (const { actor, sql: call } of callsOf(ground, routine, actors, prey))
      await site.sessions.as(actor).does(call);
  proof.weigh(
    changedTables(before, await digestData(superuser, [target.table])).length === 0,
    `notifications change when a member calls ${calls[0]?.door}`,
    calls.map(({ sql: call }) => `${call};`).join("\n"),
  );
}

/** Nobody but the service changes any column of a notification. */
export async function provesNoColumnIsWritten(trial: Trial): Promise<void> {
  const { table, relation } = trial.target("notifications");
  await trial.each(
    trial.member,
    "writes one column of their notifications",
    table.columns
      .filter(({ generated }) => generated === null)
      .map(({ name }) => `update ${relation} set ${quoteIdentifier(name)} = default`),
    (outcome) => !outcome.ok && outcome.sqlstate === "42501",
  );
}
