import type { Statement } from "../sql/statements.ts";
import { type Failure, failureFault } from "./failure.ts";
import { imposeLimits, type Limits, liftLimits, sendOwn } from "./limits.ts";
import type { Script } from "./script.ts";
import { type Connection, type Notice, type NoticeListener, send } from "./simple-query.ts";

/**
 * How a file goes to the server.
 * - `pasted`: whole, in one query, as an SQL editor sends it.
 * - `psql`: statement by statement; after an error the rest is sent too, as `psql < file` does.
 * - `wrapped`: whole between BEGIN and COMMIT; a file that manages its own transactions, or holds what no transaction
 *   takes, goes statement by statement and stops at the first error.
 */
export type Way = "pasted" | "psql" | "wrapped";

export interface ApplyOptions<S extends Script = Script> extends Limits {
  /** Default `wrapped`. */
  readonly way?: Way;
  /** Called after each file. */
  readonly onApplied?: (applied: Applied<S>) => void;
  /** Called for each notice as it comes, also those of a file that then fails. */
  readonly onNotice?: (notice: Notice, script: S) => void;
}

/** A file that was applied. */
export interface Applied<S extends Script = Script> {
  readonly script: S;
  readonly elapsedMs: number;
  readonly notices: readonly Notice[];
}

/**
 * Every script of `plan`, in its order, is applied through `connection`. The session's settings are its defaults
 * afterwards, its role is what it was, and no transaction is open, also after a failure.
 * @throws Fault MIGRATION_FAILED, MIGRATION_TIMEOUT, ENGINE_LOST at the first file that fails; later ones are not sent.
 */
export async function applyPlan<S extends Script>(
  connection: Connection,
  plan: readonly S[],
  options: ApplyOptions<S> = {},
): Promise<readonly Applied<S>[]> {
  const applied: Applied<S>[] = [];
  for (const script of plan) {
    const one = await applyScript(connection, script, options);
    applied.push(one);
    options.onApplied?.(one);
  }
  return applied;
}

async function applyScript<S extends Script>(
  connection: Connection,
  script: S,
  options: ApplyOptions<S>,
): Promise<Applied<S>> {
  const notices: Notice[] = [];
  const listen: NoticeListener = ({ severity = "NOTICE", code = "00000", message = "" }) => {
    const notice = { severity, code, message };
    notices.push(notice);
    options.onNotice?.(notice, script);
  };
  await imposeLimits(connection, options, script);
  connection.on("notice", listen);
  const started = performance.now();
  const failure = await ways[options.way ?? "wrapped"](connection, script).finally(() => {
    connection.off("notice", listen);
  });
  const elapsedMs = performance.now() - started;
  const fault = failure && failureFault(script, failure);
  if (fault?.code === "ENGINE_LOST") throw fault;
  if (fault !== undefined) await sendOwn(connection, "rollback", script);
  await liftLimits(connection, script);
  if (fault !== undefined) throw fault;
  return { script, elapsedMs, notices };
}

const ways: Readonly<Record<Way, (connection: Connection, script: Script) => Promise<Failure | undefined>>> =
  {
    pasted: sendWhole,
    psql: (connection, script) => sendStatements(connection, script, { goOn: true }),
    wrapped: (connection, script) =>
      script.ownTransaction || script.statements.some((statement) => statement.refusesTransaction)
        ? sendStatements(connection, script, { goOn: false })
        : sendWrapped(connection, script),
  };

async function sendWhole(connection: Connection, script: Script): Promise<Failure | undefined> {
  const { error, completed } = await send(connection, script.text);
  const undone = !script.ownTransaction || isOneTransaction(script.statements);
  return error && { error, statement: script.statements[completed], sentFrom: 0, undone };
}

async function sendWrapped(connection: Connection, script: Script): Promise<Failure | undefined> {
  await sendOwn(connection, "begin", script);
  const failure = await sendWhole(connection, script);
  if (failure !== undefined) return failure;
  const { error } = await send(connection, "commit");
  return error && { error, statement: undefined, sentFrom: 0, undone: true };
}

async function sendStatements(
  connection: Connection,
  script: Script,
  { goOn }: { readonly goOn: boolean },
): Promise<Failure | undefined> {
  const undone = isOneTransaction(script.statements);
  let first: Failure | undefined;
  for (const statement of script.statements) {
    const { error } = await send(connection, statement.text);
    if (error === undefined) continue;
    first ??= { error, statement, sentFrom: statement.start.offset, undone };
    // Without an SQLSTATE the connection is gone.
    if (!goOn || error.code === undefined) return first;
  }
  return first;
}

/** Whether nothing can stay of `statements` sent one by one when one of them fails: SET leaves nothing in a database. */
function isOneTransaction(statements: readonly Statement[]): boolean {
  const [first, ...others] = statements.filter((statement) => statement.kind !== "VariableSetStmt");
  if (first === undefined || others.length === 0) return true;
  const closing = others.findIndex((statement) => statement.control === "closes");
  return first.control === "opens" && closing === others.length - 1;
}
