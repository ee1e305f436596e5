import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, connect } from "../../harness/engine/connection.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import { send } from "../../harness/migrations/simple-query.ts";
import type { Statement } from "../../harness/sql/statements.ts";
import { apply, applyAgain } from "./application.ts";
import { lastOf, openManyEvents } from "./legacy-events.ts";
import { events as table, webhookMigration } from "./webhook-legacy.ts";

/** More than a batch may hold that keeps a writer waiting no longer than people notice. */
const count = 12_000;
/** By then a backfill that commits has filled something; one that does not never will, while a row is in use. */
const patienceMs = 6_000;
const lookEveryMs = 20;

// Before the column is there, to_jsonb has none of that name.
const given = `to_jsonb(event) ->> 'org_id' is not null`;
const filled = `select from ${table} as event where ${given} limit 100 for update skip locked`;
const columnIsThere = `select from pg_catalog.pg_attribute where attrelid = '${table}'::regclass and attname = 'org_id'`;

/**
 * The column is there before the first row is filled, and is filled in transactions that others can look between: with
 * the last row in use by somebody else, what was filled before is there for all to see, and free to be written.
 */
export async function provesBackfillInBatches(ground: Ground, proof: Proof): Promise<void> {
  const migration = webhookMigration(ground);
  await using site = await openManyEvents(ground, count);
  await using deployer = await connect(site.database.address(site.deployerRole));
  const notices: string[] = [];
  deployer.on("notice", ({ message = "" }) => notices.push(message));
  const rest = await runUntilColumn(deployer, migration.statements);
  const seen = rest.length > 0 ? await runBesideSomebody(site, deployer, rest) : 0;
  await send(deployer, "rollback");
  const { fault } = await apply(ground, site, [migration], { way: "psql" });

  const inUse = `begin; select from ${table} where event_id = '${lastOf(count)}' for update;`;
  const repeat = `-- with ${count} events in the table, in one session:\n${applyAgain(migration)}\n-- in another, as soon as the column is there:\n${inUse}\n-- in a third, meanwhile:\nselect count(*) from ${table} where org_id is not null;`;
  proof.weigh(
    seen > 0,
    rest.length === 0
      ? "org_id is made and filled in one transaction: nobody reads or writes meanwhile"
      : `while one of ${count} events is in use, no other is filled for others to see and free to be written`,
    repeat,
  );
  proof.weigh(
    fault === undefined,
    `after one event was in use, ${migration.file} fails: ${fault?.what}`,
    repeat,
  );
  const said = notices.join("; ");
  proof.weigh(
    /\bWAL\b/i.test(said) && /\b\d+(\.\d+)? ?(ms|s|sec|seconds|min|minutes)\b|\d\d:\d\d:\d\d/.test(said),
    `the backfill does not tell its time and how much WAL it wrote; it says: ${said || "nothing"}`,
    applyAgain(migration),
  );
}

/** Runs the statements up to the end of the transaction that makes the column; those that are left, if it leaves rows to fill. */
async function runUntilColumn(
  deployer: Connection,
  statements: readonly Statement[],
): Promise<readonly Statement[]> {
  let inside = false;
  for (const [index, statement] of statements.entries()) {
    const { error } = await send(deployer, statement.text);
    if (error) throw error;
    inside = statement.control === undefined ? inside : statement.control === "opens";
    if (inside || (await deployer.query(columnIsThere)).rowCount === 0) continue;
    const left = await deployer.query(`select from ${table} as event where not (${given}) limit 1`);
    return left.rowCount === 0 ? [] : statements.slice(index + 1);
  }
  return [];
}

/** Runs the statements while somebody uses the last row, until some other is filled; how many were seen then. */
async function runBesideSomebody(
  site: Site,
  deployer: Connection,
  statements: readonly Statement[],
): Promise<number> {
  const superuser = await site.connection("superuser");
  const somebody = await connect(site.database.address(superuser.user ?? ""));
  await somebody.query(`begin; select from ${table} where event_id = '${lastOf(count)}' for update`);
  let over = false;
  const running = runAll(deployer, statements).finally(() => {
    over = true;
  });
  const deadline = performance.now() + patienceMs;
  let seen = 0;
  while (seen === 0 && !over && performance.now() < deadline) {
    seen = (await superuser.query(filled)).rowCount ?? 0;
    await Promise.race([running, sleep(lookEveryMs)]);
  }
  await somebody.end();
  await running;
  return seen;
}

/** What fails for the row in use may fail: the file is run again. */
async function runAll(deployer: Connection, statements: readonly Statement[]): Promise<void> {
  for (const { text } of statements) if ((await send(deployer, text)).error) return;
}
