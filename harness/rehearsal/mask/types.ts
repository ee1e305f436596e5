import type { Connection } from "../../engine/connection.ts";
import { loadSql } from "../../sql/load.ts";
import type { Form } from "./form.ts";

const query = loadSql(import.meta.url, "queries/types.sql");

interface Type {
  readonly id: string;
  readonly name: string;
  /** As DDL writes it. */
  readonly written: string;
  readonly kind: "domain" | "enum" | "composite" | "range" | "array" | "base";
  /** What a domain or range is over, what an array has as elements. */
  readonly of: string | null;
  readonly delimiter: string | null;
  readonly attributes: readonly string[] | null;
}

/** How the values of a type are replaced, or why they stay. */
export type Treatment = { readonly form: Form } | { readonly stays: string };

/** Type -> what is done with its values, for every type of the database by its OID. */
export async function readTypes(connection: Connection): Promise<(id: string) => Treatment> {
  const { rows } = await connection.query<Type>(query);
  const types = new Map(rows.map((type) => [type.id, type]));
  const found = new Map<string, Treatment>();
  return function treat(id) {
    const known = found.get(id);
    if (known) return known;
    const type = types.get(id);
    const treatment = type === undefined ? { stays: "its type is unknown" } : treatType(type, treat);
    found.set(id, treatment);
    return treatment;
  };
}

/** By their own names, whichever schema an extension has put them in. */
const forms: Readonly<Record<string, Form["kind"]>> = {
  text: "text",
  varchar: "text",
  bpchar: "padded",
  citext: "text",
  name: "text",
  ltree: "text",
  json: "json",
  jsonb: "json",
  xml: "xml",
  hstore: "hstore",
  tsvector: "lexemes",
  tsquery: "lexemes",
  inet: "address",
  cidr: "address",
  macaddr: "mac",
  macaddr8: "mac",
  bytea: "bytes",
};

function treatType(type: Type, treat: (id: string) => Treatment): Treatment {
  const below = type.of === null ? undefined : treat(type.of);
  switch (type.kind) {
    case "domain":
      return below ?? { stays: "its type is unknown" };
    case "enum":
      return { stays: `${type.written} is an enum, whose labels are the schema's` };
    case "range":
      return {
        stays:
          below && "form" in below
            ? "the ends of a range are in order, which no replacement keeps"
            : notText(type),
      };
    case "array":
      return below && "form" in below
        ? { form: { kind: "array", of: below.form, delimiter: type.delimiter ?? "," } }
        : { stays: below?.stays ?? notText(type) };
    case "composite":
      return treatComposite(type, treat);
    case "base": {
      const kind = forms[type.name];
      return kind === undefined ? { stays: notText(type) } : { form: { kind } as Form };
    }
  }
}

function treatComposite(type: Type, treat: (id: string) => Treatment): Treatment {
  const fields = (type.attributes ?? []).map((id) => {
    const treatment = treat(id);
    return "form" in treatment ? treatment.form : undefined;
  });
  return fields.some((field) => field !== undefined)
    ? { form: { kind: "composite", fields } }
    : { stays: notText(type) };
}

function notText({ written }: Type): string {
  return `${written} holds no text`;
}
