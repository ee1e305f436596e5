import type { Column } from "../catalog/model.ts";
import { quoteIdentifier } from "../sql/identifier.ts";
import type { Ground } from "./ground.ts";
import { insertRow, type Row, type Target } from "./isolation/target.ts";
import type { Site } from "./site.ts";
import type { Person } from "./tenancy.ts";
import { wordsOf } from "./words.ts";

/** More rows than these for one policy would multiply experiments that are alike. */
const combinationLimit = 64;
const wordLimit = 8;

/**
 * Rows of `tenant` that have not been inserted, each unlike an ordinary one in one column: every label, true and false,
 * NULL, long ago and far ahead, every word and number of the table's policies; and for a policy that looks at several
 * columns in all of these. A policy that looks at more than the tenant treats one of them otherwise.
 */
export function variantsOf(ground: Ground, target: Target, tenant: string, person?: Person): Row[] {
  const texts = target.table.policies.map(({ using, check }) => `${using ?? ""} ${check ?? ""}`);
  const columns = freeColumns(target);
  const single = columns.flatMap((column) =>
    valuesFor(column, texts).map((value) => ({ [column.name]: value })),
  );
  const several = texts.flatMap((text) => combinationsFor(columns, text));
  return [...single, ...several].flatMap((changes) => {
    const row = ground.population.newRow(target.table, tenant, person);
    return row ? [{ ...row, ...changes }] : [];
  });
}

/** What the columns that a policy names may have to hold at once for it to let a row pass. */
function combinationsFor(columns: readonly Column[], policy: string): Row[] {
  const identifiers = new Set(policy.match(/[\w$]+|(?<=")[^"]+(?=")/g));
  const named = columns.filter(({ name }) => identifiers.has(name));
  if (named.length < 2) return [];
  return named.reduce<Row[]>(
    (rows, column) =>
      rows
        .flatMap((row) => valuesFor(column, [policy]).map((value) => ({ ...row, [column.name]: value })))
        .slice(0, combinationLimit),
    [{}],
  );
}

/** Inserts the rows as a superuser, for good; the keys of those that the server took. */
export async function plant(site: Site, target: Target, rows: readonly Row[]): Promise<readonly Row[]> {
  const keys = target.table.primaryKey.map((column) => `${quoteIdentifier(column)}::text`);
  const planted: Row[] = [];
  await site.superuser.transaction(
    async (run) => {
      for (const row of rows) {
        const outcome = await run(insertRow(target, row, ` returning ${keys.join(", ") || "1"}`));
        if (outcome.ok) planted.push(outcome.rows[0] as Row);
      }
    },
    { commit: true, savepoints: true },
  );
  return planted;
}

/** Columns that say neither whose the row is, nor which, nor what it points to. */
export function freeColumns({ table, tenantColumn }: Target): readonly Column[] {
  const bound = new Set([
    tenantColumn,
    ...table.primaryKey,
    ...table.foreignKeys.flatMap(({ columns }) => columns),
  ]);
  return table.columns.filter(
    ({ name, generated, identity }) => !bound.has(name) && generated === null && identity !== "always",
  );
}

/** What policies that say `texts` may treat otherwise in the column. */
function valuesFor(column: Column, texts: readonly string[]): readonly (string | null)[] {
  const none = column.notNull ? [] : [null];
  if (column.isArray) return none;
  if (column.category === "enum") return [...none, ...(column.enumLabels ?? [])];
  if (/^jsonb?$/.test(column.baseType)) return [...none, "[]", "{}", ...objectsOf(wordsOf(texts))];
  if (column.baseType === "bool") return [...none, "true", "false"];
  if (/^(timestamptz?|date)$/.test(column.baseType)) return [...none, "1970-01-01", "2100-01-01"];
  if (/^(text|varchar|citext|bpchar)$/.test(column.baseType))
    return [...none, ...wordsOf(texts), ...lengthsIn(texts).map((length) => "x".repeat(length + 1))];
  if (/^(int[248]|numeric|float[48])$/.test(column.baseType))
    return [...none, ...numbersIn(texts).flatMap((number) => [number - 1, number, number + 1].map(String))];
  return none;
}

/** Objects in which each word is a key, with the same word, or true, as the value of all. */
function objectsOf(words: readonly string[]): readonly string[] {
  const keys = words.slice(0, wordLimit);
  const values = keys.length === 0 ? [] : [...keys, true];
  return values.map((value) => JSON.stringify(Object.fromEntries(keys.map((word) => [word, value]))));
}

function numbersIn(texts: readonly string[]): readonly number[] {
  const numbers = texts.flatMap((text) => text.match(/(?<![\w'.-])\d{1,9}(?![\w'.])/g) ?? []);
  return [...new Set(numbers.map(Number))];
}

/** The numbers that a text's length may be compared with. */
function lengthsIn(texts: readonly string[]): readonly number[] {
  return numbersIn(texts.filter((text) => /length/i.test(text))).filter((length) => length <= 10_000);
}
