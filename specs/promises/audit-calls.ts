import { key } from "../../harness/catalog/schema.ts";
import type { Statement } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";
import { quoteIdentifier, quoteLiteral } from "../../harness/sql/identifier.ts";

/** What is given to a function: by its argument's name without p_, each as text; null for NULL. */
type Given = Readonly<Record<string, string | null>>;

/** The names of the function's arguments as callers write them. @throws Error when the set made none of that name. */
export function argumentsOf(trial: Trial, routine: string): readonly string[] {
  const found = trial.ground.schema.routines.find((one) => key(one) === `public.${routine}`);
  if (found === undefined) throw new Error(`there is no function public.${routine}`);
  return found.arguments
    .filter(({ mode }) => mode === "in" || mode === "inout")
    .flatMap(({ name }) => (name === null ? [] : [name]));
}

/** A call of the function with those of `given` that it takes, by name; `public.f(p_org_id => '...')`. */
export function callOf(trial: Trial, routine: string, given: Given): string {
  const named = argumentsOf(trial, routine).flatMap((argument) => {
    const value = given[argument.replace(/^p_/, "")];
    if (value === undefined) return [];
    return [`${quoteIdentifier(argument)} => ${value === null ? "null" : quoteLiteral(value)}`];
  });
  return `public.${routine}(${named.join(", ")})`;
}

/** A statement without bound values. */
export function plain(text: string): Statement {
  return { template: Object.assign([text], { raw: [text] }), values: [] };
}
