import { Fault } from "../fault/fault.ts";
import type { FaultCode } from "../fault/faults.ts";
import { excerptAt, lineStart, offsetAfter, type Position, positionAt, printable } from "../sql/position.ts";
import type { Statement } from "../sql/statements.ts";
import type { Script } from "./script.ts";
import type { ServerError } from "./simple-query.ts";

/** An error of the server, and what was being sent when it came. */
export interface Failure {
  readonly error: ServerError;
  /** The statement that failed; undefined for the final commit. */
  readonly statement: Statement | undefined;
  /** The offset in the script's text at which the sent text began. */
  readonly sentFrom: number;
  /** Whether everything that the script did was rolled back. */
  readonly undone: boolean;
}

/** The SQLSTATEs of statement_timeout (or a cancel), lock_timeout (or NOWAIT) and transaction_timeout. */
export const timeouts: ReadonlySet<string> = new Set(["57014", "55P03", "25P04"]);
const diskFull = "53100";
const lost = /^(08|57P0[1235])/;

const hints: Readonly<Record<string, string>> = {
  "25001": "This statement runs in no transaction block: put it in a file of its own.",
  "2D000": "A procedure or block that commits needs '-- transaction: own' at the top of the file.",
  "55P04": "A new enum value cannot be used in the transaction that adds it: use it in the next file.",
};

/** The fault that `failure` of `script` is: file, line, column, caret, SQLSTATE and the server's hint; never its DETAIL. */
export function failureFault(script: Script, failure: Failure): Fault {
  const { error, undone } = failure;
  const code = error.code ?? "";
  if (code === "" || lost.test(code)) {
    return new Fault("ENGINE_LOST", `The server ended during ${script.file}: ${error.message}`, {
      where: script.file,
      cause: error,
    });
  }
  const position = placeOf(script, failure);
  const lines = [`${printable(error.message)} (SQLSTATE ${code})`];
  if (position === undefined) lines.push("at the commit of the file");
  else lines.push(excerptAt(script.text, position));
  lines.push(...contextOf(error));
  if (error.hint) lines.push(`The server's hint: ${printable(error.hint)}`);
  const faultCode = faultCodeOf(code);
  return new Fault(faultCode, lines.join("\n"), {
    where: position === undefined ? script.file : `${script.file}:${position.line}:${position.column}`,
    hint: hints[code] ?? (undone || faultCode !== "MIGRATION_FAILED" ? undefined : partialHint),
    cause: withoutRows(error),
  });
}

function faultCodeOf(sqlstate: string): FaultCode {
  if (sqlstate === diskFull) return "NO_SPACE";
  return timeouts.has(sqlstate) ? "MIGRATION_TIMEOUT" : "MIGRATION_FAILED";
}

const partialHint =
  "The file did not run as one transaction: what it committed before this statement stays. Mend it and run again.";

function placeOf(script: Script, { error, statement, sentFrom }: Failure): Position | undefined {
  if (error.position !== undefined) {
    return positionAt(script.text, offsetAfter(script.text, sentFrom, Number(error.position) - 1));
  }
  return statement && (placeInBlock(script.text, statement, error.where ?? "") ?? statement.start);
}

// The server counts the lines of a DO block from its opening quote; the outermost context comes last.
function placeInBlock(text: string, statement: Statement, context: string): Position | undefined {
  const found = /function inline_code_block line (\d+)/.exec(context.split("\n").at(-1) ?? "");
  const body = statement.text.search(/\$\w*\$|'/);
  if (found === null || statement.kind !== "DoStmt" || body < 0) return undefined;
  const line = positionAt(text, statement.start.offset + body).line + Number(found[1]) - 1;
  const place = lineStart(text, line);
  return place.offset < statement.end ? place : undefined;
}

// Only lines that name functions: other context quotes statements and COPY data, with the values of rows in them.
function contextOf(error: ServerError): string[] {
  const lines = (error.where ?? "").split("\n").filter((line) => /^(PL\/pgSQL|SQL) function /.test(line));
  return lines.map((line) => `in ${line}`);
}

// Whoever prints a cause prints all its fields, and pg's error has DETAIL among them.
function withoutRows({ message, code }: ServerError): Error {
  return Object.assign(new Error(message), { code });
}
