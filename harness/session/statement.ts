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

/** A template whose `${}` become bound values, or the plain text of a statement without any. */
export type Sql = TemplateStringsArray | string;

/** The statement that a tagged template or a plain text says. */
export function compose(sql: Sql, values: readonly unknown[] = []): Statement {
  if (typeof sql === "string") return { text: sql, values: [], literal: sql };
  const bound = values.map((value) => pgUtils.prepareValue(value));
  return {
    text: sql.reduce((text, part, index) => `${text}$${index}${part}`),
    values: bound,
    get literal() {
      return sql.reduce((text, part, index) => text + literalOf(bound[index - 1] ?? null) + part);
    },
  };
}

function literalOf(value: BoundValue): string {
  if (value === null) return "null";
  return quoteLiteral(typeof value === "string" ? value : `\\x${value.toString("hex")}`);
}
