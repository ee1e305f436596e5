import pgUtils from "pg/lib/utils.js";
import { quoteLiteral } from "../sql/identifier.ts";

/** A value as it goes over the wire. */
export type BoundValue = string | Buffer | null;

/** One SQL statement with its bound values. */
export interface Statement {
  /** With $1, $2, ... for the values. */
  readonly text: string;
  readonly values: readonly BoundValue[];
  /** The same statement with the values written into it, for people. */
  readonly literal: string;
}

/** A template whose `${}` become bound values, or a plain text, with $1, $2, ... where it has any. */
export type Sql = TemplateStringsArray | string;

/** The statement that a tagged template or a plain text says. */
export function compose(sql: Sql, values: readonly unknown[] = []): Statement {
  const bound = values.map((value) => pgUtils.prepareValue(value));
  if (typeof sql === "string") return composePlain(sql, bound);
  return {
    text: sql.reduce((text, part, index) => `${text}$${index}${part}`),
    values: bound,
    get literal() {
      return sql.reduce((text, part, index) => text + literalOf(bound[index - 1] ?? null) + part);
    },
  };
}

function composePlain(text: string, values: readonly BoundValue[]): Statement {
  if (values.length === 0) return { text, values, literal: text };
  return {
    text,
    values,
    get literal() {
      return text.replaceAll(/\$(\d+)/g, (_, number) => literalOf(values[number - 1] ?? null));
    },
  };
}

function literalOf(value: BoundValue): string {
  if (value === null) return "null";
  return quoteLiteral(typeof value === "string" ? value : `\\x${value.toString("hex")}`);
}
