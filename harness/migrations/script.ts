import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { Fault, messageOf } from "../fault/fault.ts";
import { type Statement, splitStatements } from "../sql/statements.ts";
import { type Header, readHeader } from "./header.ts";

/** A file of SQL, read and parsed. */
export interface Script {
  /** The file's name, as messages show it: "20250110_x.sql", "rollback/20250110_x.sql". */
  readonly file: string;
  readonly path: string;
  /** Without a byte order mark; offsets of the statements count in it. */
  readonly text: string;
  readonly statements: readonly Statement[];
  readonly header: Header;
  /** Whether it begins and ends its own transactions, so that none must be put around it. */
  readonly ownTransaction: boolean;
}

/**
 * The script at `path`.
 * @throws Fault MIGRATIONS_UNREADABLE when it cannot be read or is not UTF-8; otherwise as `parseScript`.
 */
export async function readScript(path: string, file = basename(path)): Promise<Script> {
  return await parseScript(await readText(path, file), file, path);
}

/**
 * The script that `text` is.
 * @throws Fault SQL_SYNTAX when it does not parse or has data to copy; MIGRATION_HEADER when its header is malformed
 * or contradicts its statements.
 */
export async function parseScript(text: string, file: string, path: string): Promise<Script> {
  const header = readHeader(text, file);
  const statements = await splitStatements(text, file);
  checkTransactions(file, header, statements);
  refuseCopyData(file, statements);
  const ownTransaction = header.ownTransaction || statements.some((statement) => statement.control);
  return { file, path, text, statements, header, ownTransaction };
}

async function readText(path: string, file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new Fault("MIGRATIONS_UNREADABLE", `${file} cannot be read: ${messageOf(cause)}`, {
      where: path,
      cause,
    });
  }
  const hint = "Save the file as UTF-8 text.";
  // The server's protocol ends a statement at a zero byte: what follows would silently not run.
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    throw new Fault("MIGRATIONS_UNREADABLE", `${file} holds a zero byte at offset ${zero}.`, {
      where: path,
      hint,
    });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Fault("MIGRATIONS_UNREADABLE", `${file} is not UTF-8.`, { where: path, hint, cause });
  }
}

function refuseCopyData(file: string, statements: readonly Statement[]): void {
  const copy = statements.find(({ kind, text }) => kind === "CopyStmt" && /\bfrom\s+stdin\b/i.test(text));
  if (copy === undefined) return;
  throw new Fault("SQL_SYNTAX", `${file} copies from stdin, which a migration does not have.`, {
    where: `${file}:${copy.start.line}:${copy.start.column}`,
    hint: "Write INSERT instead: only psql reads data from the file itself.",
  });
}

function checkTransactions(file: string, header: Header, statements: readonly Statement[]): void {
  const controls = statements.filter((statement) => statement.control);
  const left = controls.at(-1);
  if (left?.control === "opens") {
    throw new Fault("MIGRATION_HEADER", `${file} begins a transaction and does not end it.`, {
      where: `${file}:${left.start.line}:${left.start.column}`,
      hint: "Add the missing COMMIT: what follows this line would be rolled back.",
    });
  }
  const manages = statements.some(
    ({ control, refusesTransaction, kind }) => control || refusesTransaction || kind === "CallStmt",
  );
  if (header.ownTransaction && !manages) {
    throw new Fault("MIGRATION_HEADER", `${file} says '-- transaction: own', but begins and commits none.`, {
      where: file,
      hint: "Remove the header line, or write BEGIN and COMMIT.",
    });
  }
}
