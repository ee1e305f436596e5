import type { Schema } from "../../harness/catalog/model.ts";
import { key } from "../../harness/catalog/schema.ts";
import { qualify } from "../../harness/sql/identifier.ts";

/** Something that is in the way before the set is applied. */
export interface Obstacle {
  readonly name: string;
  /** Puts it there; a superuser runs it. */
  readonly sql: string;
  /** Takes it away again. */
  readonly undo: string;
  /** What the text of the migration holds that meets it. */
  readonly concerns: RegExp;
  /** What the error must name; of a list, any one. */
  readonly names: readonly (string | readonly string[])[];
}

/** For each table and enum that the set makes: another thing of that name, in public and in another schema. */
export function collisions(schema: Schema, schemaBefore: Schema): Obstacle[] {
  const before = new Set(schemaBefore.tables.map(key));
  const tables = schema.tables.filter((table) => table.schema === "public" && !before.has(key(table)));
  const enums = new Map<string, readonly string[]>();
  for (const { columns } of tables)
    for (const { category, baseType, enumLabels } of columns)
      if (category === "enum" && enumLabels) enums.set(baseType, enumLabels);
  return [
    ...tables.flatMap(({ name, columns }) => [
      {
        name: `a table public.${name} of another shape`,
        sql: `create table ${qualify("public", name)} (id integer)`,
        undo: `drop table ${qualify("public", name)}`,
        concerns: creation("table", name),
        names: [`public.${name}`, columns.map((column) => column.name).filter((column) => column !== "id")],
      },
      {
        name: `a table ${name} in another schema`,
        sql: `create schema elsewhere; create table ${qualify("elsewhere", name)} (id integer)`,
        undo: "drop schema elsewhere cascade",
        concerns: creation("table", name),
        names: [name, "elsewhere"],
      },
      {
        name: `a view public.${name}`,
        sql: `create view ${qualify("public", name)} as select 1 as id`,
        undo: `drop view ${qualify("public", name)}`,
        concerns: creation("table", name),
        names: [name],
      },
    ]),
    ...[...enums.keys()].flatMap((type) => [
      {
        name: `a type public.${type} with other labels`,
        sql: `create type ${qualify("public", type)} as enum ('other')`,
        undo: `drop type ${qualify("public", type)}`,
        concerns: creation("type", type),
        names: [type, "other"],
      },
      {
        name: `a type public.${type} that is no enum`,
        sql: `create domain ${qualify("public", type)} as text`,
        undo: `drop domain ${qualify("public", type)}`,
        concerns: creation("type", type),
        names: [type],
      },
      {
        name: `a type ${type} in another schema`,
        sql: `create schema elsewhere; create type ${qualify("elsewhere", type)} as enum ('other')`,
        undo: "drop schema elsewhere cascade",
        concerns: creation("type", type),
        names: [type, "elsewhere"],
      },
    ]),
  ];
}

/** The statement that makes it, in the text of a migration. */
export function creation(kind: "table" | "type", name: string): RegExp {
  return new RegExp(`create ${kind} (if not exists )?public\\.${name}\\b`, "i");
}
