import { quoteIdentifier } from "../sql/identifier.ts";

/** One statement as the session room takes it: a template and its bound values. */
export interface Statement {
  readonly template: TemplateStringsArray;
  readonly values: readonly unknown[];
}

/** A piece of SQL that is part of the text, not a value. */
class Fragment {
  constructor(readonly text: string) {}
}

/** A table or column name, quoted, each part of a dotted name by itself. */
export function name(dotted: string): Fragment {
  return new Fragment(dotted.split(".").map(quoteIdentifier).join("."));
}

/** A statement whose `${}` become bound values, except names, which become part of its text. */
export function sql(template: TemplateStringsArray, ...values: readonly unknown[]): Statement {
  const parts = [template[0] ?? ""];
  const bound: unknown[] = [];
  values.forEach((value, index) => {
    const after = template[index + 1] ?? "";
    if (value instanceof Fragment) parts.push(`${parts.pop()}${value.text}${after}`);
    else {
      bound.push(value);
      parts.push(after);
    }
  });
  return { template: Object.assign(parts, { raw: parts }), values: bound };
}
