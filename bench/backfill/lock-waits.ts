import type { Connection } from "../../harness/engine/connection.ts";
import type { Kind } from "./traffic.ts";

/** A wait for a lock that came to its end. */
export interface LockWait {
  readonly kind: Kind;
  readonly waitedMs: number;
  /** As the server words it: "ShareLock on transaction 123". */
  readonly lock: string;
}

const shortestLoggedMs = 20;

/** The server logs every wait for a lock that takes longer than 20 ms, when it ends. */
export async function logLockWaits(superuser: Connection): Promise<void> {
  await superuser.query("alter system set log_lock_waits = on");
  await superuser.query(`alter system set deadlock_timeout = '${shortestLoggedMs}ms'`);
  await superuser.query("select pg_reload_conf()");
}

// https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-LOCK-WAITS
const acquired = /\/tenantproof (reader|writer) LOG: {2}process \d+ acquired (.+) after ([0-9.]+) ms$/;

/** The waits of the traffic in `log`, the server's. */
export function lockWaitsIn(log: string): LockWait[] {
  return log.split("\n").flatMap((line) => {
    const [, kind, lock = "", waited] = acquired.exec(line) ?? [];
    return kind === undefined ? [] : [{ kind: kind as Kind, lock, waitedMs: Number(waited) }];
  });
}
