import { Fault } from "../fault/fault.ts";
import { quoteLiteral } from "../sql/identifier.ts";
import { failureFault } from "./failure.ts";
import type { Script } from "./script.ts";
import { type Connection, send } from "./simple-query.ts";

/** What a session may do while it runs one file; a file may set its own. */
export interface Limits {
  /** The longest wait for one lock; default 5,000. */
  readonly lockTimeoutMs?: number;
  /** The longest run of one statement; default 60,000. */
  readonly statementTimeoutMs?: number;
  /** Further settings, such as `tenantproof.allow_data_loss`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** `limits` as settings of the server: name and value. */
export function settingsOf(limits: Limits): readonly (readonly [string, string])[] {
  return Object.entries({
    lock_timeout: `${limits.lockTimeoutMs ?? 5_000}ms`,
    statement_timeout: `${limits.statementTimeoutMs ?? 60_000}ms`,
    ...limits.settings,
  });
}

const roleBefore = "tenantproof.role_before";

/** Afterwards the session runs under `limits`, and remembers its role. */
export async function imposeLimits(connection: Connection, limits: Limits, script: Script): Promise<void> {
  const calls = settingsOf(limits).map(([name, value]) => setConfig(name, quoteLiteral(value)));
  calls.push(setConfig(roleBefore, "pg_catalog.current_setting('role')"));
  await sendOwn(connection, `select ${calls.join(", ")}`, script);
}

/** Afterwards the session has its defaults and its role again: a dump sets search_path, others SET ROLE. */
export async function liftLimits(connection: Connection, script: Script): Promise<void> {
  const role = `pg_catalog.current_setting(${quoteLiteral(roleBefore)})`;
  await sendOwn(connection, `select ${setConfig("role", role)}`, script);
  await sendOwn(connection, "reset all", script);
}

/**
 * Sends a command of ours around `script`, which has no reason to fail.
 * @throws Fault ENGINE_LOST, BUG.
 */
export async function sendOwn(connection: Connection, text: string, script: Script): Promise<void> {
  const { error } = await send(connection, text);
  if (error === undefined) return;
  const fault = failureFault(script, { error, statement: undefined, sentFrom: 0, undone: true });
  if (fault.code === "ENGINE_LOST") throw fault;
  throw new Fault("BUG", `'${text}' failed: ${error.message}`, { where: script.file, cause: error });
}

function setConfig(name: string, value: string): string {
  return `pg_catalog.set_config(${quoteLiteral(name)}, ${value}, false)`;
}
