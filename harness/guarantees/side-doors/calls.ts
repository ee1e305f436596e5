import type { Argument, Routine, Schema } from "../../catalog/model.ts";
import { key } from "../../catalog/schema.ts";
import type { Actor } from "../../session/actor.ts";
import { qualify, quoteLiteral } from "../../sql/identifier.ts";
import type { Ground } from "../ground.ts";
import type { Row } from "../isolation/target.ts";
import type { Prey } from "./prey.ts";
import type { Question } from "./question.ts";

/** Calls of one function by one actor, at most. */
const callLimit = 200;

/** Every way to call `routine` that an attacker who knows the prey's ids would try. */
export function callsOf(ground: Ground, routine: Routine, actors: readonly Actor[], prey: Prey): Question[] {
  const door = `${key(routine)}(${routine.identityArguments})`;
  const calls = [
    ...new Set(argumentLists(ground.schema, routine, prey).map((values) => callOf(routine, values))),
  ];
  return actors
    .filter(({ role }) => routine.executableBy.includes(role))
    .flatMap((actor) => calls.slice(0, callLimit).map((sql) => ({ actor, sql, door })));
}

/** A call with NULL for every argument, which whoever may not call it is refused all the same. */
export function emptyCallOf(routine: Routine): string {
  return callOf(
    routine,
    givenTo(routine).map(({ type }) => nullOf(type)),
  );
}

function callOf(routine: Routine, values: readonly string[]): string {
  const call = `${qualify(routine.schema, routine.name)}(${values.join(", ")})`;
  if (routine.kind === "procedure") return `call ${call}`;
  // FROM would want a column list for a record that the function does not describe.
  return /^(SETOF )?record$/.test(routine.returns ?? "") ? `select ${call}` : `select * from ${call}`;
}

function givenTo(routine: Routine): readonly Argument[] {
  // A procedure is called with a place for its OUT arguments too; a function is not.
  const modes =
    routine.kind === "procedure" ? ["in", "inout", "variadic", "out"] : ["in", "inout", "variadic"];
  return routine.arguments.filter(({ mode }) => modes.includes(mode));
}

/** A polymorphic type is no type to cast to. */
function nullOf(type: string): string {
  return /^"?any|^record/.test(type) ? "null" : `null::${type}`;
}

/** First each row's values by the names of the arguments, then with NULL or defaults among them, then combinations. */
function argumentLists(schema: Schema, routine: Routine, prey: Prey): string[][] {
  const given = givenTo(routine);
  const candidates = given.map((argument) => candidatesFor(schema, argument, prey));
  const byName = prey.rows.map(({ table, row }) =>
    given.map((argument, place) => {
      const hint = hintFor(argument, table.name, row);
      return hint === undefined || !fits(argument.type, hint)
        ? (candidates[place]?.[0] ?? "null")
        : `${quoteLiteral(hint)}::${argument.type}`;
    }),
  );
  const required = given.filter(({ hasDefault }) => !hasDefault).length;
  const withNull = byName.flatMap((values) =>
    given.map(({ type }, place) => values.map((value, other) => (other === place ? nullOf(type) : value))),
  );
  return [
    ...byName,
    given.map(({ type }) => nullOf(type)),
    ...(required < given.length ? byName.map((values) => values.slice(0, required)) : []),
    ...withNull,
    ...combinations(candidates),
  ];
}

/** All combinations, or as many as may be, spread evenly over them. */
function combinations(candidates: readonly (readonly string[])[]): string[][] {
  const total = candidates.reduce((product, values) => product * values.length, 1);
  const count = Math.min(total, callLimit);
  return Array.from({ length: count }, (_, turn) => {
    let rest = Math.floor((turn * total) / count);
    return candidates.map((values) => {
      const value = values[rest % values.length] ?? "null";
      rest = Math.floor(rest / values.length);
      return value;
    });
  });
}

/** What an argument's name asks for in a row: `p_phone` its phone, `contact_id` the id of a row of contacts. */
function hintFor({ name }: Argument, table: string, row: Row): string | undefined {
  const bare = (name ?? "").toLowerCase().replace(/^(_+|(p|in|v|arg|the|a|new)_)/, "");
  const exact = row[bare] ?? undefined;
  const [, thing = ""] = /^(.+)_id$/.exec(bare) ?? [];
  const isItself = thing !== "" && (table === thing || table.startsWith(thing.slice(0, -1)));
  return exact ?? (isItself ? (row.id ?? undefined) : undefined);
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function fits(type: string, value: string): boolean {
  if (type === "uuid") return uuid.test(value);
  if (/^(smallint|integer|bigint|numeric|real|double)/.test(type)) return /^-?\d{1,9}$/.test(value);
  return !type.endsWith("[]");
}

/** Values for an argument by its type: the prey's ids first. */
function candidatesFor(schema: Schema, { type }: Argument, prey: Prey): readonly string[] {
  const values = [...new Set([...prey.ids, ...prey.rows.flatMap(({ row }) => Object.values(row))])].filter(
    (value) => value !== null,
  );
  const cast = (texts: readonly string[]) => texts.map((text) => `${quoteLiteral(text)}::${type}`);
  const element = type.replace(/\[\]$/, "");
  if (element !== type) {
    const texts = textsFor(schema, element, values, prey);
    const list = texts.map((text) => `${quoteLiteral(text)}::${element}`).join(", ");
    return [`array[${list}]::${type}`, `'{}'::${type}`, nullOf(type)];
  }
  const texts = textsFor(schema, type, values, prey);
  return texts.length > 0 ? [...cast(texts), nullOf(type)] : [nullOf(type)];
}

function textsFor(schema: Schema, type: string, values: readonly string[], prey: Prey): readonly string[] {
  if (type === "uuid") return values.filter((value) => uuid.test(value)).slice(0, 16);
  if (/^(text|character varying|name|citext|character)/.test(type)) return ["", "%", ...values].slice(0, 24);
  if (/^(smallint|integer|bigint|numeric|real|double precision)/.test(type))
    return ["1", "1000", ...values.filter((value) => /^\d{1,9}$/.test(value)).slice(0, 6)];
  if (type === "boolean") return ["true", "false"];
  if (/^jsonb?$/.test(type))
    return ["{}", ...prey.rows.map(({ row }) => JSON.stringify(row)), JSON.stringify(prey.ids)];
  if (/^(timestamp|date)/.test(type)) return ["1970-01-01", "2100-01-01"];
  if (type === "interval") return ["100 years", "-100 years"];
  const columns = schema.tables.flatMap((table) => table.columns);
  return columns.find((column) => column.type === type && column.enumLabels)?.enumLabels ?? [];
}
