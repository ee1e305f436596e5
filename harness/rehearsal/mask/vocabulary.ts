// Vocabulary: what a schema itself spells out, and so is nobody's secret, and what its checks and functions look for.
// Word: a value that stays wherever it is found: 'active' of a CHECK, a label, the name of a table.
// Pattern: a value keeps which of them it matches, so that a CHECK that held still holds.

import type { Literal } from "./literals.ts";

export interface Vocabulary {
  /** Whether the value, in whatever case, is a word. */
  isWord(value: string): boolean;
  /** Which patterns the value matches, in whatever case: by their numbers, in order. */
  matches(value: string): readonly number[];
  /** Whether the value matches each of the patterns of these numbers. */
  matchesAll(value: string, patterns: readonly number[]): boolean;
  /** How many patterns there are. */
  readonly patterns: number;
}

/** Longer values are matched with no pattern: whatever checks them by one is a parser, not a shape. */
const longestMatched = 1000;
const none: readonly number[] = [];

/** `names` are words that stand in no literal: labels of enums, roles, tables, columns. */
export function makeVocabulary(literals: readonly Literal[], names: readonly string[] = []): Vocabulary {
  const words = new Set(names.map((name) => name.toLowerCase()));
  const patterns = new Map<string, RegExp>();
  for (const { text, use } of literals) {
    if (use === "word") {
      for (const word of wordsIn(text)) words.add(word.toLowerCase());
      continue;
    }
    const pattern = patternOf(text, use);
    if (pattern !== undefined && looksForText(text)) patterns.set(pattern.source, pattern);
  }
  const list = [...patterns.values()];
  return {
    isWord: (value) => words.has(value.toLowerCase()),
    matches(value) {
      if (value.length > longestMatched) return none;
      let found = none;
      for (let index = 0; index < list.length; index += 1)
        if ((list[index] as RegExp).test(value)) found = [...found, index];
      return found;
    },
    matchesAll: (value, patterns) => patterns.every((index) => (list[index] as RegExp).test(value)),
    patterns: list.length,
  };
}

/** The text, and where it is an array, a document or a path into one, what that spells out. */
function wordsIn(text: string): readonly string[] {
  if (!/^[{[$]/.test(text)) return [text];
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[^\s{}[\],":]+/g) ?? [];
  return [text, ...parts.map((part) => part.replace(/^"|"$/g, ""))];
}

/** Punctuation and blanks stay, so a pattern of these alone needs no watching. */
function looksForText(pattern: string): boolean {
  return /[\p{L}\p{N}\\[.]/u.test(pattern);
}

function patternOf(text: string, use: Literal["use"]): RegExp | undefined {
  const source =
    use === "regex"
      ? fromPosix(text)
      : use === "prefix"
        ? `^${literally(text)}`
        : use === "like"
          ? fromLike(text, literally)
          : fromLike(text, fromSimilar);
  try {
    // Without regard to case, which stays as it is anyway: values that citext calls equal must become equal ones.
    return new RegExp(source, "is");
  } catch {
    return undefined;
  }
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function fromSimilar(text: string): string {
  return text.replace(/[.^$\\]/g, "\\$&");
}

function fromLike(text: string, rest: (text: string) => string): string {
  const parts = text.match(/\\[\s\S]|[%_]|[^\\%_]+/g) ?? [];
  const sources = parts.map((part) => {
    if (part === "%") return ".*";
    if (part === "_") return ".";
    return part.startsWith("\\") && part.length > 1 ? literally(part.slice(1)) : rest(part);
  });
  return `^(?:${sources.join("")})$`;
}

// https://www.postgresql.org/docs/current/functions-matching.html#POSIX-CLASS-SHORTHAND-ESCAPES
const classes: Readonly<Record<string, string>> = {
  alpha: "a-zA-Z\\u00aa-\\uffff",
  alnum: "a-zA-Z0-9\\u00aa-\\uffff",
  digit: "0-9",
  xdigit: "0-9a-fA-F",
  lower: "a-z\\u00aa-\\uffff",
  upper: "A-Z\\u00aa-\\uffff",
  space: "\\s",
  blank: " \\t",
  punct: "!-\\/:-@\\[-`{-~",
  word: "\\w",
};
const constraints: Readonly<Record<string, string>> = {
  "\\A": "^",
  "\\Z": "$",
  "\\m": "\\b(?=\\w)",
  "\\M": "\\b(?<=\\w)",
  "\\y": "\\b",
  "\\Y": "\\B",
};

function fromPosix(text: string): string {
  return text
    .replace(/^\*\*\*[:=]/, "")
    .replace(/^\(\?[bceimnpqstwx]+\)/, "")
    .replace(/\[\[:<:\]\]/g, "\\b(?=\\w)")
    .replace(/\[\[:>:\]\]/g, "\\b(?<=\\w)")
    .replace(/\[:(\w+):\]/g, (whole, name: string) => classes[name] ?? whole)
    .replace(/\\[\s\S]/g, (escaped) => constraints[escaped] ?? escaped);
}
