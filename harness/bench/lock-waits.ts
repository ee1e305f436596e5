import type { Connection } from "../engine/connection.ts";
import { quoteIdentifier } from "../sql/identifier.ts";

/** A wait for a lock that came to its end. */
export interface LockWait {
  /** Whose it was: the name of the application. */
  readonly application: string;
  readonly waitedMs: number;
  /** As the server words it: "ShareLock on transaction 123". */
  readonly lock: string;
}

/** A wait that is shorter is not logged. */
export const shortestLoggedMs = 20;

/** The server logs every wait for a lock in that database that takes longer than 20 ms, when it ends; of new sessions. */
export async function logLockWaits(superuser: Connection, database: string): Promise<void> {
  const quoted = quoteIdentifier(database);
  await superuser.query(`alter database ${quoted} set log_lock_waits = on`);
  await superuser.query(`alter database ${quoted} set deadlock_timeout = '${shortestLoggedMs}ms'`);
}

// https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-LOCK-WAITS
const acquired = /@([^/\s]+)\/(.+?) LOG: {2}process \d+ acquired (.+) after ([0-9.]+) ms$/;

/** The waits of the database's sessions in `log`, the server's. */
export function lockWaitsIn(log: string, database: string): LockWait[] {
  return log.split("\n").flatMap((line) => {
    const [, of, application, lock, waited] = acquired.exec(line) ?? [];
    if (of !== database || application === undefined || lock === undefined) return [];
    return [{ application, lock, waitedMs: Number(waited) }];
  });
}
