// Explained: an error of a restore that is known to lose nothing, and why. All others make the restore incomplete.
import { hostedExtensions } from "./hosted-extensions.ts";
import type { Outline } from "./outline.ts";

export interface FailedStatement {
  /** Its text, or the beginning of it. */
  readonly statement: string;
  /** The server's message, or as much of it as was understood. */
  readonly message: string;
}

interface Known {
  readonly outline: Outline;
  /** Extensions that were left out. */
  readonly missing: ReadonlyMap<string, string>;
}

/** What an object that is not there is called in a message. */
const undefinedObject = /\b(?:does not exist|is not available)$/;
/** Statements that say something of an object, and change no row nor what there is. */
const remark =
  /^\s*(?:grant|revoke|comment on|security label|alter default privileges|alter (?:function|extension|schema|table|type|view|sequence)\b.*\bowner to)\b/i;

/** Why the failure of the statement loses nothing, as a line for people; undefined when nothing explains it. */
export function explain(
  { statement, message }: FailedStatement,
  { outline, missing }: Known,
): string | undefined {
  const text = statement.slice(0, 2000).replaceAll(/\s+/g, " ").trim();
  const schema = /^create schema (?:if not exists )?"?([\w$-]+)"?/i.exec(text)?.[1];
  if (schema !== undefined && message === `schema "${schema}" already exists`) {
    return `CREATE SCHEMA ${schema}: every database has it already`;
  }
  const role = /^create role "?([\w$.-]+)"?/i.exec(text)?.[1];
  if (role !== undefined && message === `role "${role}" already exists`) {
    return `CREATE ROLE ${role}: the platform has made it already`;
  }
  if (
    /^set transaction_timeout\b/i.test(text) &&
    message.startsWith("unrecognized configuration parameter")
  ) {
    return "SET transaction_timeout: a setting of PostgreSQL 17, written by a newer pg_dump";
  }
  if (!undefinedObject.test(message)) return undefined;
  if (/^select pg_catalog\.setval\(/i.test(text) && ofStrangeSchema(text, outline)) {
    return "setval of a sequence that the platform's own services have, and nothing here uses";
  }
  const rows = /^copy "?([\w$ -]+?)"?\."?([\w$ -]+?)"?(?: ?\(|$)/i.exec(text);
  const strange = rows !== null && !outline.tables.has(`${rows[1]}.${rows[2]}`);
  const hosted = [...missing.keys()].filter((name) => hostedExtensions.has(name));
  if (hosted.length === 0) return undefined;
  const [verb = ""] = text.toUpperCase().split(" ");
  const left = `an extension that was left out (${hosted.join(", ")}): ${message}`;
  if (remark.test(text)) return `${verb} on an object of ${left}`;
  return strange ? `COPY on a table of ${left}` : undefined;
}

/** Whether the sequence that setval names is in a schema that the snapshot does not make, and that is not public. */
function ofStrangeSchema(text: string, { schemas }: Outline): boolean {
  const schema = /setval\(\s*'"?([\w$-]+)"?\."?[\w$ -]+"?'/i.exec(text)?.[1];
  return schema !== undefined && schema !== "public" && !schemas.has(schema);
}
