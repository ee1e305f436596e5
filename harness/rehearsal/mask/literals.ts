// Literal: a string that SQL spells out, and what it is there for: a word to compare with, or a pattern to match.
// Read by its tokens, not parsed: the bodies of functions are in languages that have no parser here.

export type Use = "word" | "regex" | "like" | "similar" | "prefix";

export interface Literal {
  readonly text: string;
  readonly use: Use;
}

// Comments and quoted identifiers hold no literals; what stands between dollars is code that may hold some.
const token =
  /--[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"|\$(?:[a-z_]\w*)?\$|(?:(?<!\w)e)?'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'/gi;

/** The strings that `sql` spells out, in order; `sql` may hold functions with their bodies. */
export function literalsIn(sql: string): readonly Literal[] {
  const literals: Literal[] = [];
  let code = "";
  let end = 0;
  let last: Use = "word";
  token.lastIndex = 0;
  for (let match = token.exec(sql); match !== null; match = token.exec(sql)) {
    code += sql.slice(end, match.index);
    end = token.lastIndex;
    const body = bodyOf(sql, match);
    if (body === undefined) {
      code += match[0].startsWith('"') ? '"x"' : " ";
      continue;
    }
    end = token.lastIndex;
    last = useAfter(code, last);
    literals.push({ text: body, use: last });
    code = `${code.slice(-400)}${literalMark}`;
  }
  return literals;
}

/** What the matched literal says; a backslash means something only after E. */
function bodyOf(sql: string, match: RegExpExecArray): string | undefined {
  const written = match[0];
  if (!/^e?'/i.test(written)) return undefined;
  if (/^e'/i.test(written)) return withoutEscapes(written.slice(2, -1));
  const plain = /'((?:[^']|'')*)'/y;
  plain.lastIndex = match.index;
  const body = plain.exec(sql)?.[1];
  if (body === undefined) return undefined;
  token.lastIndex = plain.lastIndex;
  return body.replaceAll("''", "'");
}

const escapes: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

function withoutEscapes(body: string): string {
  return body.replace(
    /''|\\(?:x([0-9a-f]{1,2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([0-7]{1,3})|([\s\S]))/gi,
    (whole, hex?: string, short?: string, long?: string, octal?: string, other?: string) => {
      if (whole === "''") return "'";
      if (other !== undefined) return escapes[other] ?? other;
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
      const code = Number.parseInt(hex ?? short ?? long ?? "", 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : "";
    },
  );
}

/** Stands in the code for a literal that was passed. */
const literalMark = "\ufffc";

const beforePattern = /(\^@|!?~~?\*?|\b(?:i?like|similar\s+to))\s*(?:any\b|all\b)?\s*(?:\(|array\s*\[|\s)*$/i;
const callBefore = /\b(similar_to_escape\s*\(|(?:regexp_\w+|starts_with)\s*\((?:[^()]|\([^()]*\))*,)\s*$/i;
/** Between two elements of one list. */
const nextElement = /\ufffc\s*(?:::[\w ."]+(?:\(\d+\))?(?:\[\])?\s*\)?)*\s*,\s*\(?\s*$/;

function useAfter(code: string, last: Use): Use {
  const tail = code.slice(-400);
  const operator = beforePattern.exec(tail)?.[1]?.toLowerCase();
  if (operator !== undefined) {
    if (operator === "^@") return "prefix";
    if (operator.includes("~~") || operator.endsWith("like")) return "like";
    return operator.startsWith("similar") ? "similar" : "regex";
  }
  const call = callBefore.exec(tail)?.[1]?.toLowerCase();
  if (call?.startsWith("similar")) return "similar";
  if (call?.startsWith("starts_with")) return "prefix";
  // A replacement of regexp_replace is no pattern, and a second element of a list is what the first is.
  if (call !== undefined && !tail.slice(tail.lastIndexOf("regexp_")).includes(literalMark)) return "regex";
  return nextElement.test(tail) && call === undefined ? last : "word";
}
