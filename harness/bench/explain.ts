import { Fault } from "../fault/fault.ts";
import type { Actor } from "../session/actor.ts";
import { rowsOf } from "../session/outcome.ts";
import type { Sessions } from "../session/session.ts";
import type { Run } from "../session/transaction.ts";
import { quoteLiteral } from "../sql/identifier.ts";
import { type Explained, readPlan, readWork, type TriggerRun } from "./plan.ts";
import type { Plan, Work } from "./result.ts";

export type PlanKind = "custom" | "generic";

export interface Explanation {
  readonly plan: Plan;
  readonly work: Work;
  readonly triggers: readonly TriggerRun[];
  /** A psql script that shows the same to anybody. */
  readonly repeat: string;
  /** Milliseconds, with what EXPLAIN adds; for shares of it, never for a latency. */
  readonly executionMs: number;
}

/** A statement with values of several executions. */
export interface Asked {
  readonly actor: Actor;
  readonly text: string;
  /** In text form, of as many executions as there are. */
  readonly draws: readonly (readonly (string | null)[])[];
}

/** How often the server plans for the values at hand before it considers a plan for any. */
const customFirst = 5;

/**
 * Which plan the server uses for the statement once it is prepared and has been run several times with different values.
 * All of it is rolled back. @throws Fault WORKLOAD_REFUSED when the server refuses the statement.
 */
export async function chosenPlan(sessions: Sessions, { actor, text, draws }: Asked): Promise<PlanKind> {
  let generic = 0;
  await within(sessions, actor, async (run) => {
    await prepare(run, text);
    for (let turn = 0; turn < customFirst + 3; turn += 1)
      await told(run(execute(draws[turn % draws.length] ?? [])), text);
    const rows = await told(
      run("select generic_plans from pg_catalog.pg_prepared_statements where name = 'explained'"),
      text,
    );
    generic = Number(rows[0]?.generic_plans);
  });
  return generic > 0 ? "generic" : "custom";
}

/**
 * What the server does for the statement with the first of the draws, as the actor and under row level security; counted
 * the second time, when caches are warm. All of it is rolled back. Functions are counted where track_functions is on.
 * @throws Fault WORKLOAD_REFUSED when the server refuses the statement.
 */
export async function explain(
  sessions: Sessions,
  { actor, text, draws }: Asked,
  kind: PlanKind,
  { timing = false }: { readonly timing?: boolean } = {},
): Promise<Explanation> {
  const options = `analyze, verbose, buffers, wal, timing ${timing ? "on" : "off"}, format json`;
  const command = `explain (${options}) ${execute(draws[0] ?? [])}`;
  let explained: Explained | undefined;
  let calls: Record<string, number> = {};
  let repeat = "";
  // Statistics of functions are those of the whole transaction: the second execution has one to itself.
  for (let turn = 0; turn < 2; turn += 1)
    await within(sessions, actor, async (run) => {
      await told(run(`set local plan_cache_mode = force_${kind}_plan`), text);
      await prepare(run, text);
      const before = await callsOf(run, text);
      const outcome = await run(command);
      const [row] = await told(Promise.resolve(outcome), text);
      repeat = outcome.repeat;
      explained = (row?.["QUERY PLAN"] as readonly Explained[] | undefined)?.[0];
      calls = minus(await callsOf(run, text), before);
    });
  if (explained === undefined) throw new Fault("BUG", "EXPLAIN answered nothing.");
  return {
    plan: readPlan(explained),
    work: readWork(explained, calls),
    triggers: explained.Triggers ?? [],
    repeat,
    executionMs: explained["Execution Time"] ?? 0,
  };
}

async function within(sessions: Sessions, actor: Actor, work: (run: Run) => Promise<void>) {
  return sessions.as(actor).transaction(work);
}

async function prepare(run: Run, text: string): Promise<void> {
  await told(run(`prepare explained as ${text}`), text);
}

function execute(values: readonly (string | null)[]): string {
  if (values.length === 0) return "execute explained";
  return `execute explained (${values.map((value) => (value === null ? "null" : quoteLiteral(value))).join(", ")})`;
}

async function callsOf(run: Run, text: string): Promise<Record<string, number>> {
  const rows = await told(
    run(
      "select schemaname || '.' || funcname as name, calls::int from pg_catalog.pg_stat_xact_user_functions",
    ),
    text,
  );
  const calls: Record<string, number> = {};
  for (const { name, calls: count } of rows as { name: string; calls: number }[])
    calls[name] = (calls[name] ?? 0) + count;
  return calls;
}

function minus(after: Record<string, number>, before: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

async function told(outcome: ReturnType<Run>, text: string): Promise<readonly Record<string, unknown>[]> {
  const done = await outcome;
  if (!done.ok) throw new Fault("WORKLOAD_REFUSED", `${done.message} (${done.sqlstate})`, { where: text });
  return rowsOf(done);
}
