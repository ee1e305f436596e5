// What a server says may quote rows: "duplicate events: 17, 23", "invalid input syntax for type integer: ...". What may be
// told is what stands in the migration itself or in the catalog; every other word is left out.

import type { Script } from "../../migrations/script.ts";
import { positionAt } from "../../sql/position.ts";
import type { Statement } from "../../sql/statements.ts";
import type { ToldError } from "./facts.ts";

/** The fields of pg's DatabaseError that are looked at; DETAIL never is. */
export interface Said {
  readonly message: string;
  readonly code?: string | undefined;
  readonly position?: string | undefined;
  readonly table?: string | undefined;
  readonly schema?: string | undefined;
  readonly column?: string | undefined;
  readonly constraint?: string | undefined;
}

/** What stands for words that are not told. */
export const withheld = "…";

/** A count is no value of a row where it counts: "1,000 rows". */
const counted = /^ ?(rows?|records?|events?|entr(y|ies)|ms|s|kB|MB|GB)\b/;
const number = /^\d[\d,.]*$/;

/** Knows which words may be told: those of the migration and of the catalog. */
export class Discretion {
  private readonly words: ReadonlySet<string>;
  /** Those of a migration's own text, where they are too short to be anybody's. */
  private readonly numbers: ReadonlySet<string>;

  /** `names` are those of the catalog: tables, columns, constraints, functions, roles. */
  constructor(texts: readonly string[], names: readonly string[]) {
    this.words = new Set([...texts, ...names].flatMap((text) => wordsOf(text.toLowerCase())));
    this.numbers = new Set(texts.flatMap((text) => text.match(/\b\d{1,3}\b/g) ?? []));
  }

  /** `message` with all that is neither a word of the migration or of the catalog, nor a count, left out. */
  tell(message: string): string {
    const parts = message.replaceAll(/\s+/g, " ").split(/([A-Za-z0-9_$\u0080-\uffff.,+@-]+)/);
    const told = parts.map((part, index) => {
      if (index % 2 === 0) return part;
      // "1,000 rows" counts; no other number is told unless the migration itself has it.
      if (number.test(part) && counted.test(parts.slice(index + 1).join(""))) return part;
      return tokensOf(part.toLowerCase()).every((token) => this.isKnown(token)) ? part : withheld;
    });
    return told.join("").replaceAll(new RegExp(`${withheld}([^A-Za-z0-9]*${withheld})+`, "g"), withheld);
  }

  private isKnown(token: string): boolean {
    return /^\d+$/.test(token) ? this.numbers.has(token) : this.words.has(token) || serverWords.has(token);
  }

  /** The error as it may be told, with its place in the script. */
  tellError(said: Said, script: Script, statement: Statement | undefined): ToldError {
    const { code = "", schema, table, column, constraint } = said;
    const about = [
      ...(table ? [`table ${schema ? `${schema}.` : ""}${table}`] : []),
      ...(column ? [`column ${column}`] : []),
      ...(constraint ? [`constraint ${constraint}`] : []),
    ];
    const what = `${this.tell(said.message)} (SQLSTATE ${code || "none"}${about.length > 0 ? `; ${about.join(", ")}` : ""})`;
    if (statement === undefined) return { sqlstate: code, what, where: script.file };
    const { line, column: at } = positionAt(script.text, statement.start.offset);
    const where = `${script.file}:${line}:${at}`;
    return { sqlstate: code, what: `${what}\nin ${beginningOf(statement.text)}`, where };
  }
}

const shownLength = 120;

/** A statement's beginning in one line; it stands in the migration, so it holds no value of a row. */
export function beginningOf(text: string): string {
  const line = text
    .replaceAll(/--[^\n]*\n/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return line.length > shownLength ? `${line.slice(0, shownLength - 1)}…` : line;
}

function tokensOf(text: string): string[] {
  return text.split(/[^\p{L}\p{N}_$]+/u).filter((token) => token !== "");
}

function wordsOf(text: string): string[] {
  return tokensOf(text).filter((token) => !/^\d+$/.test(token));
}

/** The words of the server's own messages that a migration meets. Others are left out, which loses no more than a word. */
const serverWords: ReadonlySet<string> = new Set(
  wordsOf(`
    a after all allowed already an and another any are argument arguments as at attempt available be because been before being
    block but by cache called canceling cancelled cannot cast change changed check column columns command commands concurrently
    conflicts connection constraint contains could create created current data database deadlock default defined definition delete
    denied depend depends detected different divided does done drop duplicate enough enum error event exceeded exclusion execute exist exists expected
    expression extension failed field file for foreign found from function generated given greater has have hint identity if implemented in index input
    insert insufficient integer into invalid is isolation it json key label large least length level limit lock log long many match matching memory
    message missing more must name named new no not null null_value object objects of on one only open operation operator or other out outside
    overflow owner parameter parent partition permission place policy position precision primary privilege privileges procedure publication query range read
    reached recovery recursion referenced references relation relations replica required row rows running schema security sequence serialize server set
    setting size some still stop stopped subquery superuser supported syntax system table tables than that the there this time timeout to too transaction trigger
    type types unexpected unique unrecognized update updated use used user using valid value values version view violates wait waiting was while will with within without
    write wrong you zero due near end violated able obtain statement process shared kb mb gb tb bytes s ms memory disk full no space left device numeric character varying text
    timestamp date uuid boolean bigint smallint jsonb row_level new would`),
);
