import type { Address } from "../../engine/cluster.ts";
import { Fault } from "../../fault/fault.ts";

/** What every session of a restore sets from its start on, so that no RESET ALL of a dump undoes it. */
const settings: Readonly<Record<string, string>> = {
  // An error quotes rows, and the server's log is read by people.
  log_min_messages: "fatal",
  log_min_error_statement: "panic",
  log_statement: "none",
  log_min_duration_statement: "-1",
  log_duration: "off",
  "pgaudit.log": "none",
  // Messages are told by their words.
  lc_messages: "C",
  client_min_messages: "error",
  statement_timeout: "0",
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  default_transaction_read_only: "off",
  synchronous_commit: "off",
  maintenance_work_mem: "256MB",
};

/** The settings as libpq's PGOPTIONS takes them. */
export const sessionOptions = Object.entries(settings)
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(" ");

/** `address` for a session that says nothing of rows in the server's log. */
export function quietly(address: Address): Address {
  // pg hands them on as they are.
  const quiet = { ...address, options: sessionOptions };
  return quiet;
}

/** @throws Fault INTERRUPTED, or what `signal` was aborted with, when it was. */
export function heed(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  const { reason } = signal;
  throw reason instanceof Fault ? reason : new Fault("INTERRUPTED", "The restore was stopped.");
}
