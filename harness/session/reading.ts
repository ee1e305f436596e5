import pg from "pg";
import type { Address } from "../engine/cluster.ts";
import { Fault, messageOf } from "../fault/fault.ts";
import type { Reply } from "./exchange.ts";
import type { Outcome } from "./outcome.ts";

/** The sqlstate of a statement that was cancelled or ran into statement_timeout. */
const queryCanceled = "57014";

/**
 * What `reply` says of its step number `step`, or of the error that came instead or right after it. `repeat` is asked
 * for only when somebody reads it.
 * @throws Fault ENGINE_LOST when the server is gone; SESSION_REFUSED when a step before failed; USAGE when the
 * statement ended its transaction.
 */
export function readOutcome(reply: Reply, step: number, address: Address, repeat: () => string): Outcome {
  if (reply.error) return readError(reply.error, reply.completed.length >= step, address, repeat);
  const { tag = "", rows = [] } = reply.completed[step] ?? {};
  if (/^(commit|rollback|prepare transaction)$/i.test(tag)) {
    throw new Fault("USAGE", `The statement ended its own transaction: ${tag}.`, {
      where: whereIs(address),
      hint: "Say how it ends by does, tries or the options of transaction.",
    });
  }
  return {
    ok: true,
    rows,
    count: Number(/\d+$/.exec(tag)?.[0] ?? 0),
    get repeat() {
      return repeat();
    },
  };
}

/** @throws Fault ENGINE_LOST when the server is gone; SESSION_REFUSED when any step failed. */
export function refuseFailure(reply: Reply, address: Address): void {
  if (reply.error) readError(reply.error, false, address, () => "");
}

/** `error` as a Fault when it says that the server or the connection is gone. */
export function lossOf(error: Error, address: Address): Fault | undefined {
  const answered = error instanceof pg.DatabaseError;
  // Class 57P: the server shuts down, crashed, or ended this session.
  if (answered && !error.code?.startsWith("57P")) return undefined;
  return new Fault("ENGINE_LOST", `The server ended the session: ${messageOf(error)}`, {
    where: whereIs(address),
    cause: error,
  });
}

/** Who is connected to what, for messages. */
export function whereIs({ user, host, port, database }: Address): string {
  return `${user} at ${host}:${port}, database ${database}`;
}

function readError(error: Error, reached: boolean, address: Address, repeat: () => string): Outcome {
  const loss = lossOf(error, address);
  if (loss) throw loss;
  const { code = "XX000", message, constraint, schema, table } = error as pg.DatabaseError;
  // A cancel request that arrives early is still a cancel of the statement.
  if (!reached && code !== queryCanceled) {
    throw new Fault("SESSION_REFUSED", `The transaction could not be prepared: ${message} (${code})`, {
      where: whereIs(address),
      cause: error,
    });
  }
  return {
    ok: false,
    sqlstate: code,
    message,
    ...(constraint === undefined ? {} : { constraint }),
    ...(table === undefined ? {} : { table: schema === undefined ? table : `${schema}.${table}` }),
    get repeat() {
      return repeat();
    },
  };
}
