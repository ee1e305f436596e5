import type { Migration } from "../../harness/migrations/migration.ts";

/**
 * What PostgreSQL 15 does not have, by the major that brought it. PL/pgSQL and dynamic SQL look names up when they run,
 * so a server that has them tells nothing.
 * Source: the release notes, https://www.postgresql.org/docs/release/
 */
const newSince15: Readonly<Record<number, readonly string[]>> = {
  16: [
    "any_value",
    "array_sample",
    "array_shuffle",
    "date_add",
    "date_subtract",
    "erf",
    "erfc",
    "pg_input_error_info",
    "pg_input_is_valid",
    "random_normal",
    "system_user",
  ],
  17: [
    "json_exists",
    "json_query",
    "json_scalar",
    "json_serialize",
    "json_table",
    "json_value",
    "merge_action",
    "pg_basetype",
    "to_bin",
    "to_oct",
    "transaction_timeout",
    "unicode_assigned",
    "uuid_extract_timestamp",
    "uuid_extract_version",
    "xmltext",
  ],
  18: ["array_reverse", "array_sort", "casefold", "crc32", "crc32c", "gamma", "lgamma", "uuidv4", "uuidv7"],
};

const statement = /^'\s*(select|insert|update|delete|merge|with|create|alter|drop|grant|do|call|copy)\b/i;

/** Ways to write that are no names, as what to look for in lower case. */
const newSyntax: readonly { readonly since: number; readonly name: string; readonly pattern: RegExp }[] = [
  { since: 16, name: "IS JSON", pattern: /\bis\s+(not\s+)?json\b/g },
  { since: 17, name: "MERGE ... RETURNING", pattern: /\bmerge\s+into\b[^;]*\breturning\b/g },
  { since: 17, name: "WHEN NOT MATCHED BY SOURCE", pattern: /\bnot\s+matched\s+by\s+source\b/g },
  { since: 17, name: "GRANT MAINTAIN", pattern: /\bgrant\b[^;]*\bmaintain\b/g },
  { since: 18, name: "GENERATED ... VIRTUAL", pattern: /\bas\s*\([^;]*\)\s*virtual\b/g },
  { since: 18, name: "WITHOUT OVERLAPS", pattern: /\bwithout\s+overlaps\b/g },
  { since: 18, name: "NOT ENFORCED", pattern: /\bnot\s+enforced\b/g },
];

/** A name in a migration that an older major of the promise does not have. */
export interface TooNew {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly since: number;
}

/** The names that are too new, comments and string constants left out. */
export function namesTooNew({ file, text }: Pick<Migration, "file" | "text">): TooNew[] {
  const blank = (part: string) => part.replace(/[^\n]/g, " ");
  // A string constant that reads like a statement is one that EXECUTE will run.
  const code = text
    .replace(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'/g, (part) =>
      statement.test(part) ? part : blank(part),
    )
    .toLowerCase();
  const names = Object.entries(newSince15).flatMap(([since, all]) =>
    all.map((name) => ({ since: Number(since), name, pattern: new RegExp(`\\b${name}\\b`, "g") })),
  );
  return [...names, ...newSyntax].flatMap(({ since, name, pattern }) =>
    [...code.matchAll(pattern)].map(({ index }) => ({
      file,
      line: code.slice(0, index).split("\n").length,
      name,
      since,
    })),
  );
}
