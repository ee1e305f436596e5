// Entry: one message of the server log; DETAIL, HINT and STATEMENT of it are entries of their own.
// AUDIT entry: what pgAudit says of one statement and relation, as comma-separated values in a message.

import { parse } from "csv-parse/sync";
import { severities } from "./settings.ts";

/** One entry of a server log. User, database and application are absent where the process served no session. */
export interface LogEntry {
  readonly time: string;
  readonly pid: number;
  readonly sqlstate: string;
  readonly user?: string;
  readonly database?: string;
  readonly application?: string;
  /** LOG, ERROR, ..., or DETAIL, HINT, STATEMENT, CONTEXT of the entry before. */
  readonly severity: string;
  /** All of its lines. */
  readonly message: string;
}

/** https://github.com/pgaudit/pgaudit#format */
export interface AuditEntry {
  readonly entry: LogEntry;
  /** SESSION or OBJECT. */
  readonly type: string;
  /** READ, WRITE, DDL, ROLE, FUNCTION, MISC. */
  readonly class: string;
  readonly command: string;
  /** Empty where the statement has none, or pgAudit does not tell. */
  readonly objectType: string;
  /** With its schema; empty where the statement has none, or pgAudit does not tell. */
  readonly object: string;
  readonly statement: string;
  /** The values of the statement's parameters, as pgAudit writes them, or why there are none. */
  readonly parameters: string;
}

const head = new RegExp(
  `^(\\S+ \\S+ \\S+) \\[(\\d+)\\] ([0-9A-Z]{5}) (?:([^@\\n]*)@([^/\\n]*)/(.*?) )?(${severities.join("|")}):  ([^]*)$`,
);

/**
 * The entries of `log`, whose lines begin with `logLinePrefix`; of one database only when it is given. What is no entry
 * is left out, and so is what a last line without its end begins.
 */
export function readLogEntries(log: string, database?: string): LogEntry[] {
  return log
    .slice(0, log.lastIndexOf("\n") + 1)
    .split(/\n(?!\t)/)
    .filter((text) => database === undefined || text.includes(`@${database}/`))
    .flatMap((text) => {
      const [, time, pid, sqlstate, user, of, application, severity, message] = head.exec(text) ?? [];
      if (time === undefined || sqlstate === undefined || severity === undefined || message === undefined)
        return [];
      if (database !== undefined && of !== database) return [];
      const session =
        user === undefined || of === undefined || application === undefined
          ? {}
          : { user, database: of, application };
      return [
        {
          ...{ time, pid: Number(pid), sqlstate, ...session, severity },
          message: message.replaceAll("\n\t", "\n"),
        },
      ];
    });
}

/** The AUDIT entries among them; one that is not whole is left out. */
export function auditEntriesOf(entries: readonly LogEntry[]): AuditEntry[] {
  return entries.flatMap((entry) => {
    if (entry.severity !== "LOG" || !entry.message.startsWith("AUDIT: ")) return [];
    const [type, , , kind, command, objectType, object, statement, parameters] = fieldsOf(
      entry.message.slice("AUDIT: ".length),
    );
    if (type === undefined || kind === undefined || command === undefined) return [];
    if (objectType === undefined || object === undefined) return [];
    if (statement === undefined || parameters === undefined) return [];
    return [{ entry, type, class: kind, command, objectType, object, statement, parameters }];
  });
}

/** Of text that ends inside quotes: none. */
function fieldsOf(text: string): readonly string[] {
  try {
    const [first = []] = parse(text, { relaxColumnCount: true }) as string[][];
    return first;
  } catch {
    return [];
  }
}
