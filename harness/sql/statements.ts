// Statement: one SQL statement of a text, without the comments before it and without its semicolon.
// Control: whether it begins or ends a transaction. Refusal: why it cannot run inside one.
// The parser is PostgreSQL's own: it counts bytes of UTF-8 for statements, and characters for errors.
import { hasSqlDetails, type ParseResult, parse, type RawStmt } from "libpg-query";
import { Fault } from "../fault/fault.ts";
import { excerptAt, offsetAfter, type Position, positionAt, printable } from "./position.ts";
import { type TransactionControl, transactionControl, transactionRefusal } from "./transaction.ts";

export interface Statement {
  /** The parser's name of the node: "CreateStmt", "DoStmt". */
  readonly kind: string;
  readonly text: string;
  /** Where its first word stands. */
  readonly start: Position;
  /** The offset behind its last character. */
  readonly end: number;
  readonly control: TransactionControl | undefined;
  /** What it is, in words, when the server refuses it inside a transaction block. */
  readonly refusesTransaction: string | undefined;
}

/**
 * The statements of `text` in order; between them stand only blanks, comments and semicolons.
 * `file` is the name that messages show.
 * @throws Fault SQL_SYNTAX when it does not parse, with line, column and caret.
 */
export async function splitStatements(text: string, file: string): Promise<readonly Statement[]> {
  if (text.trim() === "") return [];
  const bytes = Buffer.from(text, "utf8");
  const statements: Statement[] = [];
  let passed = { byte: 0, offset: 0, line: 1, column: 1 };
  for (const raw of (await parseText(text, file)).stmts ?? []) {
    const start = raw.stmt_location ?? 0;
    // Counting on from the last statement keeps a long file linear.
    const between = bytes.toString("utf8", passed.byte, start);
    const step = positionAt(between, between.length);
    const position = {
      offset: passed.offset + between.length,
      line: passed.line + step.line - 1,
      column: step.line === 1 ? passed.column + step.column - 1 : step.column,
    };
    passed = { byte: start, ...position };
    statements.push(await readStatement(raw, position, bytes));
  }
  return statements;
}

async function readStatement(raw: RawStmt, start: Position, bytes: Buffer): Promise<Statement> {
  const first = raw.stmt_location ?? 0;
  const text = bytes.toString("utf8", first, raw.stmt_len ? first + raw.stmt_len : undefined);
  const node = raw.stmt;
  if (node === undefined) throw new Fault("BUG", "The SQL parser gave a statement without a node.");
  return {
    kind: Object.keys(node)[0] ?? "",
    text,
    start,
    end: start.offset + text.length,
    control: transactionControl(node),
    refusesTransaction: await transactionRefusal(node, text),
  };
}

async function parseText(text: string, file: string): Promise<ParseResult> {
  try {
    return await parse(text);
  } catch (cause) {
    if (!hasSqlDetails(cause)) throw new Fault("SQL_SYNTAX", String(cause), { where: file, cause });
    throw syntaxFault(text, file, cause.sqlDetails?.cursorPosition ?? 0, cause);
  }
}

function syntaxFault(text: string, file: string, characters: number, cause: Error): Fault {
  const position = positionAt(text, offsetAfter(text, 0, Math.max(0, characters)));
  const metaCommand = /^\\\S*/.exec(text.slice(position.offset))?.[0];
  const copiesData = /\bcopy\b[^;]*\bfrom\s+stdin\b[^;]*;/i.test(text.slice(0, position.offset));
  const what = metaCommand ? `${metaCommand} is a command of psql, not SQL` : firstLine(cause.message);
  let hint: string | undefined;
  if (metaCommand)
    hint = "Remove the line: only psql understands it, and a migration also goes through other clients.";
  else if (copiesData) hint = "Data below COPY ... FROM stdin is for psql alone; write INSERT instead.";
  return new Fault("SQL_SYNTAX", `${what}\n${excerptAt(text, position)}`, {
    where: `${file}:${position.line}:${position.column}`,
    hint,
    cause,
  });
}

// An unterminated quote is near everything up to the end of the file.
function firstLine(message: string): string {
  const [line = ""] = printable(message).split("\n");
  return line === message && line.length <= 160 ? line : `${line.slice(0, 160)}…`;
}
