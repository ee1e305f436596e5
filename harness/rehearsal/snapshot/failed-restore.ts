import { Fault } from "../../fault/fault.ts";
import { type RestoreError, tellError } from "./told.ts";

export interface Failed {
  readonly error: RestoreError;
  readonly statement: string;
  readonly where: string;
  /** Of a COPY, counted from 1. */
  readonly row?: number | undefined;
  readonly missing: ReadonlyMap<string, string>;
}

const lost = /^(08|57P0[1235])/;

/** The fault that an unexplained error of a statement is; it names what was being made and quotes no row. */
export function failedRestore({ error, statement, where, row, missing }: Failed): Fault {
  const { code = "" } = error;
  const subject = subjectOf(statement);
  const told = tellError(error, /^insert\b/i.test(statement));
  // Whoever prints a cause prints all its fields, and pg's error has DETAIL among them.
  const cause = Object.assign(new Error(told), { code });
  if (code === "53100")
    return new Fault("NO_SPACE", `The disk is full during ${subject}: ${told}`, { where, cause });
  if (!/^[0-9A-Z]{5}$/.test(code) || lost.test(code)) {
    return new Fault("ENGINE_LOST", `The server ended during ${subject}.`, { where, cause });
  }
  const at = row === undefined ? "" : `, row ${row}`;
  return new Fault("RESTORE_INCOMPLETE", `${subject}${at}: ${told}`, {
    where,
    hint: missingHint(missing),
    cause,
  });
}

/** What to do where the failure may come of an extension that the server lacks; undefined where it lacks none. */
export function missingHint(missing: ReadonlyMap<string, string>): string | undefined {
  if (missing.size === 0) return undefined;
  const names = [...missing.keys()].join(", ");
  return `The server lacks ${names}, which the snapshot makes: use --engine docker with an image that has ${missing.size === 1 ? "it" : "them"} (TENANTPROOF_IMAGE).`;
}

/** The words that name what a statement makes: "CREATE TABLE public.contacts". Names only, never a value. */
export function subjectOf(statement: string): string {
  const text = statement.slice(0, 1000).replaceAll(/\s+/g, " ").trim();
  const insert = /^(insert into [\w."$]+)/i.exec(text)?.[1];
  if (insert !== undefined) return insert;
  if (/^select pg_catalog\.setval/i.test(text)) return "setval of a sequence";
  // pg_dump writes keywords in capitals, and what follows them is the name.
  const [named] = /^(?:[A-Z]+ )+(?:[\w."$]+)?(?: ON (?:ONLY )?[\w."$]+)?/.exec(text) ?? [];
  return (named ?? /^\w+(?: \w+)?/.exec(text)?.[0] ?? "a statement").trim();
}
