// Script: plain SQL as pg_dump writes it: statements, comments, commands of psql, and the rows below COPY ... FROM stdin.
// Piece: one of them. Rows come as bytes and are never looked into.
import { Fault } from "../../fault/fault.ts";
import { SqlLexer } from "./sql-lexer.ts";
import { decodeText, isReadable } from "./text-encoding.ts";

interface Placed {
  readonly text: string;
  /** The line it begins on, counted from 1. */
  readonly line: number;
}

export type Piece =
  | (Placed & { readonly kind: "statement" | "comment" | "command" })
  /** `rows` must be read, or are passed over, before the next piece comes. `encoding` is the dump's, as PostgreSQL calls it. */
  | (Placed & { readonly kind: "copy"; readonly encoding: string; readonly rows: AsyncIterable<Buffer> });

/** Whether it really is what it looks like, a parser has to say: see `OutlineMaker`. */
const copyIn = /^copy\b.*\bfrom\s+stdin\s*;$/is;

/**
 * The pieces of the script that `chunks` are, in order; every statement with its semicolon, without the comments before it.
 * @throws Fault SNAPSHOT_UNREADABLE when it ends inside a statement, a quote or the rows of a table; `file` is named then.
 */
export async function* readScript(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<Piece> {
  const reader = new ScriptReader(chunks, file);
  try {
    for (let piece = await reader.next(); piece !== undefined; piece = await reader.next()) yield piece;
  } finally {
    await reader.close();
  }
}

class ScriptReader {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #file: string;
  readonly #lexer = new SqlLexer();
  #bytes: Buffer = Buffer.alloc(0);
  /** The same bytes, one character each. */
  #text = "";
  #at = 0;
  #ended = false;
  #line = 1;
  #encoding = "UTF8";
  /** The parts of the statement at hand, and the line on which it began. */
  #held: string[] = [];
  #heldLine = 1;
  #rows: AsyncGenerator<Buffer> | undefined;

  constructor(chunks: AsyncIterable<Buffer>, file: string) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#file = file;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async next(): Promise<Piece | undefined> {
    if (this.#rows !== undefined) for await (const _ of this.#rows);
    this.#rows = undefined;
    for (;;) {
      const start = this.#at;
      const found = this.#lexer.next(this.#text, start, this.#ended);
      this.#at = found.end;
      this.#hold(this.#text.slice(start, found.end));
      if (found.what === "comment") return this.#comment();
      if (found.what === "statement") return this.#statement();
      if (found.what === "backslash") {
        if (this.#lexer.begun) {
          throw this.#unreadable(`has a backslash inside a statement (line ${this.#line})`);
        }
        return await this.#command();
      }
      if (!(await this.#more())) {
        const open = this.#lexer.open;
        if (open !== undefined) throw this.#unreadable(`breaks off ${open} (line ${this.#heldLine})`);
        return undefined;
      }
    }
  }

  #hold(part: string): void {
    if (this.#held.length === 0) {
      const blank = /^\s*/.exec(part)?.[0] ?? "";
      this.#count(blank);
      if (blank.length === part.length) return;
      this.#heldLine = this.#line;
      this.#held.push(part.slice(blank.length));
      this.#count(part.slice(blank.length));
      return;
    }
    this.#held.push(part);
    this.#count(part);
  }

  #statement(): Piece {
    const text = decodeText(withoutLeadingComments(this.#held.join("")), this.#encoding);
    const line = this.#heldLine;
    this.#held = [];
    const setting = /^set (client_encoding|standard_conforming_strings) *(?:=|to) *'?(\w+)'? *;$/i.exec(text);
    if (setting?.[1]?.toLowerCase() === "client_encoding") this.#takeEncoding(setting[2] ?? "", line);
    else if (setting !== null) this.#lexer.escapes = /^(off|false|0|no)$/i.test(setting[2] ?? "");
    if (!copyIn.test(text)) return { kind: "statement", text, line };
    this.#rows = this.#readRows();
    return { kind: "copy", text, line, encoding: this.#encoding, rows: this.#rows };
  }

  #takeEncoding(name: string, line: number): void {
    if (!isReadable(name))
      throw this.#unreadable(`is written in ${name} (line ${line}), which is not read here`);
    this.#encoding = name.toUpperCase();
  }

  #comment(): Piece {
    const text = decodeText(withoutLeadingComments(this.#held.join("")).trim(), this.#encoding);
    this.#held = [];
    return { kind: "comment", text, line: this.#heldLine };
  }

  /** A line that begins with a backslash. */
  async #command(): Promise<Piece> {
    this.#held = [];
    const line = this.#line;
    return { kind: "command", text: (await this.#takeLine()).trim(), line };
  }

  async #takeLine(): Promise<string> {
    let end = this.#text.indexOf("\n", this.#at);
    while (end < 0 && (await this.#more())) end = this.#text.indexOf("\n", this.#at);
    const text = this.#text.slice(this.#at, end < 0 ? undefined : end + 1);
    this.#at += text.length;
    this.#count(text);
    return text;
  }

  /** The bytes up to the line that is \. alone, without it. */
  async *#readRows(): AsyncGenerator<Buffer> {
    const began = this.#line;
    await this.#takeLine();
    for (let lineStarts = true; ; ) {
      if (lineStarts && (await this.#takeEnd())) return;
      const found = this.#bytes.indexOf("\n\\.", this.#at);
      lineStarts = found >= 0;
      // The end may stand across two chunks.
      const stop = lineStarts ? found + 1 : Math.max(this.#at, this.#bytes.length - 2);
      const rows = this.#bytes.subarray(this.#at, stop);
      this.#at = stop;
      for (let at = rows.indexOf(10); at >= 0; at = rows.indexOf(10, at + 1)) this.#line++;
      if (rows.length > 0) yield rows;
      if (!lineStarts && !(await this.#more())) {
        throw this.#unreadable(`breaks off in the rows of the COPY on line ${began}`);
      }
    }
  }

  async #takeEnd(): Promise<boolean> {
    while (this.#text.length - this.#at < "\\.\r\n".length && (await this.#more()));
    const end = /\\\.(?:\r?\n|$)/y;
    end.lastIndex = this.#at;
    if (!end.test(this.#text)) return false;
    this.#at = end.lastIndex;
    this.#line++;
    return true;
  }

  /** Whether there is more text; what was passed is let go. */
  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    const { done, value } = await this.#chunks.next();
    const rest = this.#bytes.subarray(this.#at);
    this.#at = 0;
    if (done) this.#ended = true;
    this.#bytes = done ? rest : rest.length === 0 ? value : Buffer.concat([rest, value]);
    this.#text = this.#bytes.toString("latin1");
    // Once more, now that the text is known to end here.
    return !done || this.#bytes.length > 0;
  }

  #count(text: string): void {
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#line++;
  }

  #unreadable(what: string): Fault {
    return new Fault("SNAPSHOT_UNREADABLE", `The snapshot ${what}.`, { where: this.#file });
  }
}

/** Block comments may stand before a statement, and are held with it. */
function withoutLeadingComments(text: string): string {
  let rest = text;
  while (rest.startsWith("/*")) {
    let depth = 0;
    let end = rest.length;
    for (const sign of rest.matchAll(/\/\*|\*\//g)) {
      depth += sign[0] === "/*" ? 1 : -1;
      if (depth > 0) continue;
      end = sign.index + 2;
      break;
    }
    rest = rest.slice(end).trimStart();
  }
  return rest;
}
