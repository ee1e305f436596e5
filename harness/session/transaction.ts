import pLimit from "p-limit";
import type pg from "pg";
import type { Address } from "../engine/cluster.ts";
import { Fault } from "../fault/fault.ts";
import { exchange, type Step } from "./exchange.ts";
import type { Outcome } from "./outcome.ts";
import { readOutcome, refuseFailure } from "./reading.ts";
import { type Preamble, repeatScript } from "./request.ts";
import { compose, type Sql, type Statement } from "./statement.ts";

export type Ending = "commit" | "rollback";

/** Runs one statement inside a transaction; the answer comes when the server has run it. */
export type Run = (sql: Sql, ...values: unknown[]) => Promise<Outcome>;

export interface TransactionOptions {
  /** Default false: whatever happened is rolled back. */
  readonly commit?: boolean;
  /** Default false. */
  readonly readOnly?: boolean;
  /** Whether the transaction goes on after a refused statement, as if that had not been tried; default false. */
  readonly savepoints?: boolean;
}

/** Before a rollback, deferred constraints and triggers have their say, as they would in a commit. */
const endings: Record<Ending, Step> = {
  commit: { text: "commit" },
  rollback: { text: "set constraints all immediate" },
};

/**
 * One transaction of one statement, sent in one write. Unless it commits, the connection is left inside it.
 * @throws Fault ENGINE_LOST, SESSION_REFUSED, USAGE as `readOutcome` does.
 */
export async function perform(
  client: pg.Client,
  address: Address,
  preamble: Preamble,
  statement: Statement,
  ending: Ending,
  details: Pick<Step, "name" | "parsed" | "input"> = {},
): Promise<Outcome> {
  const step = { ...asStep(statement), ...details };
  const reply = await exchange(client, [...preamble.steps, step, endings[ending]]);
  return readOutcome(reply, preamble.steps.length, address, () =>
    repeatScript(preamble, address.user, [statement.literal]),
  );
}

/** How several statements of one transaction ended: the first refusal, or the last one's success. */
export interface Sequel {
  readonly outcome: Outcome;
  /** Which of the statements it is of, from 0. */
  readonly at: number;
}

/**
 * One transaction of several statements, sent in one write; those behind a refused one are not run. The connection is
 * left inside it. @throws Fault as `perform` does.
 */
export async function performInTurn(
  client: pg.Client,
  address: Address,
  preamble: Preamble,
  statements: readonly Statement[],
): Promise<Sequel> {
  const before = preamble.steps.length;
  const steps = [...preamble.steps, ...statements.map(asStep), endings.rollback];
  const reply = await exchange(client, steps);
  const ran = reply.error ? reply.completed.length - before : statements.length;
  const at = Math.max(0, Math.min(ran, statements.length - 1));
  const script = statements.slice(0, at + 1).map(({ literal }) => literal);
  const outcome = readOutcome(reply, before + at, address, () =>
    repeatScript(preamble, address.user, script),
  );
  return { outcome, at };
}

/**
 * One transaction of the statements that `work` runs. Answers with the first refusal, that of the commit included,
 * and else with the last statement's outcome. Where refused statements are undone by savepoints they count for nothing.
 * @throws whatever `work` throws, rolled back; Fault as `perform` does.
 */
export async function converse(
  client: pg.Client,
  address: Address,
  preamble: Preamble,
  work: (run: Run) => Promise<unknown>,
  { commit = false, savepoints = false }: TransactionOptions,
): Promise<Outcome> {
  const script: string[] = [];
  const inTurn = pLimit(1);
  let over = false;
  let refused: Outcome | undefined;
  let last: Outcome | undefined;

  const tell = async (steps: readonly Step[], lines: readonly string[]): Promise<Outcome> => {
    script.push(...lines);
    const soFar = [...script];
    const reply = await exchange(client, steps);
    return readOutcome(reply, steps.length - 1, address, () => repeatScript(preamble, address.user, soFar));
  };
  const run: Run = (sql, ...values) =>
    inTurn(async () => {
      // Whoever holds the connection by now must not run somebody else's statement.
      if (over) throw new Fault("USAGE", "A statement came after its transaction had ended.");
      const statement = compose(sql, values);
      if (savepoints) await tell([{ text: "savepoint before_it" }], ["savepoint before_it"]);
      const outcome = await tell([asStep(statement)], [statement.literal]);
      if (!savepoints) refused ??= outcome.ok ? undefined : outcome;
      else if (!outcome.ok) {
        script.push("rollback to before_it");
        refuseFailure(await exchange(client, [{ text: "rollback to before_it" }]), address);
      }
      last = outcome;
      return outcome;
    });

  refuseFailure(await exchange(client, preamble.steps), address);
  try {
    await work(run);
  } finally {
    await inTurn(() => {
      over = true;
    });
  }
  if (refused) return refused;
  const { completed, error } = await exchange(client, [endings[commit ? "commit" : "rollback"]]);
  const ended = readOutcome(error ? { completed, error } : { completed: [] }, 0, address, () =>
    repeatScript(preamble, address.user, script),
  );
  return ended.ok ? (last ?? ended) : ended;
}

function asStep({ text, values }: Statement): Step {
  return { text, values, returns: true };
}
