// Told: what may be said of an error while rows are restored. The server quotes their values in DETAIL and CONTEXT, and in
// the message itself of many errors: invalid input syntax for type integer: "0170 1234567".
import { printable } from "../../sql/position.ts";
import { conditionOf } from "./conditions.ts";

/** The fields of pg's DatabaseError that name objects, never values. */
export interface RestoreError {
  readonly message: string;
  readonly code?: string | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly constraint?: string | undefined;
  readonly dataType?: string | undefined;
  readonly where?: string | undefined;
}

/**
 * Messages that name objects and no values, as the server words them. Each must match from beginning to end, and a name
 * in them is nothing but a name.
 */
const name = String.raw`"?[\w.$ -]{1,130}"?`;
const signature = String.raw`[\w."$ -]{1,130}\([\w."$,\[\] -]{0,400}\)`;
const kinds =
  "relation|table|view|sequence|index|schema|type|role|extension|language|operator class|operator family|collation|publication|subscription|server|foreign-data wrapper|event trigger|policy|trigger|constraint|tablespace|access method|text search \\w+|database|function|procedure|aggregate|materialized view|foreign table|conversion";
const harmless: readonly RegExp[] = [
  new RegExp(
    `^(?:${kinds}) (?:${name}|${signature})(?: (?:of|for) (?:${kinds}) ${name})? (?:does not exist|already exists)$`,
  ),
  new RegExp(`^(?:${kinds}) ${name} already exists in schema ${name}$`),
  new RegExp(`^column ${name}(?: of relation ${name})? (?:does not exist|already exists)$`),
  new RegExp(`^(?:function|procedure|aggregate) ${signature} (?:does not exist|is not unique)$`),
  /^(?:permission denied|must be owner) (?:for|of|to) [\w "$.-]{1,160}$/,
  /^permission denied to [\w "$.-]{1,160}$/,
  new RegExp(`^extension ${name} (?:is not available|must be installed in schema ${name})$`),
  new RegExp(`^${name} must be loaded via shared_preload_libraries$`),
  /^could not open extension control file "[\w./-]{1,300}": No such file or directory$/,
  /^could not access file "[\w.$/-]{1,300}": No such file or directory$/,
  new RegExp(`^unrecognized configuration parameter ${name}$`),
  new RegExp(`^data type ${name} has no default operator class for access method ${name}$`),
  new RegExp(`^(?:duplicate key value violates|could not create) unique (?:constraint|index) ${name}$`),
  new RegExp(`^insert or update on table ${name} violates foreign key constraint ${name}$`),
  new RegExp(`^null value in column ${name} of relation ${name} violates not-null constraint$`),
  new RegExp(`^column ${name} of relation ${name} contains null values$`),
  new RegExp(`^new row for relation ${name} violates check constraint ${name}$`),
  new RegExp(`^check constraint ${name} of relation ${name} is violated by some row$`),
  /^cannot drop [\w "$.()]{1,200} because other objects depend on it$/,
  /^value too long for type [a-z ]+\(\d+\)$/,
  new RegExp(`^there is no unique constraint matching given keys for referenced table ${name}$`),
  /^canceling statement due to (?:statement|lock) timeout$/,
  /^extra data after last expected column$/,
];

/** Of these, those that name what is in the catalog; the others repeat a name as the statement has it. */
const ofCatalog = /\b(?:violates|violated|unique index|null values|value too long|extra data)\b/;

/**
 * What may be said of `message`; undefined where it may hold a value. `ofRow`: it answers a statement that holds rows, whose
 * values may stand where a name is expected.
 */
export function tellMessage(message: string, ofRow = false): string | undefined {
  const [line = ""] = printable(message).split("\n");
  if (harmless.some((pattern) => pattern.test(line)))
    return ofRow && !ofCatalog.test(line) ? undefined : line;
  const type = /^invalid input syntax for type ([a-z ]{1,40})\b/.exec(line)?.[1];
  return type === undefined ? undefined : `invalid input syntax for type ${type}`;
}

/** One line: the message where it can hold no value, else the condition's name; then the object. `ofRow` as in `tellMessage`. */
export function tellError(error: RestoreError, ofRow = false): string {
  const { code = "", schema, table, column, constraint, dataType } = error;
  const relation = table === undefined ? undefined : [schema, table].filter(Boolean).join(".");
  const told = tellMessage(error.message, ofRow);
  const parts = [
    told === undefined ? conditionOf(code) : `${told} (SQLSTATE ${code})`,
    relation && `table ${relation}`,
    column && `column ${column}`,
    constraint && `constraint ${constraint}`,
    dataType && `type ${dataType}`,
  ];
  return printable(parts.filter(Boolean).join(", "));
}

/** In which row of a COPY an error came, counted from 1. */
export function rowOf({ where }: RestoreError): number | undefined {
  const line = /^COPY .{1,200}?, line (\d+)/m.exec(where ?? "")?.[1];
  return line === undefined ? undefined : Number(line);
}
