import type { Relation, View } from "../../catalog/model.ts";
import { key } from "../../catalog/schema.ts";
import type { Actor } from "../../session/actor.ts";
import { qualify, quoteIdentifier } from "../../sql/identifier.ts";
import type { Ground } from "../ground.ts";
import { targetsOf } from "../isolation/isolation.ts";
import { literal } from "../isolation/target.ts";
import type { Question } from "./question.ts";
import { isSubjects } from "./subject.ts";

/** What members may read besides the tenants' tables: views, and tables that say of no row whose it is. */
export function readsOf(ground: Ground, actors: readonly Actor[]): Question[] {
  const { schema, schemaBefore } = ground;
  const owned = new Set(targetsOf(ground).map(({ label }) => label));
  const others = schema.tables.filter(
    (table) => !owned.has(key(table)) && isSubjects(ground, table, schemaBefore.tables),
  );
  const relations: [string, Relation][] = [
    ...viewsOf(ground).map((view): [string, Relation] => [
      view.materialized ? "the materialized view" : "the view",
      view,
    ]),
    ...others.map((table): [string, Relation] => ["the table", table]),
  ];
  return relations.flatMap(([kind, relation]) =>
    actors.flatMap((actor) => {
      const columns = relation.columnPrivileges[actor.role]?.SELECT ?? [];
      if (columns.length === 0) return [];
      const sql = `select ${columns.map(quoteIdentifier).join(", ")} from ${qualify(relation.schema, relation.name)}`;
      return [{ actor, sql, door: `${kind} ${key(relation)}` }];
    }),
  );
}

/** The subject's views. */
export function viewsOf(ground: Ground): readonly View[] {
  return ground.schema.views.filter((view) => isSubjects(ground, view, ground.schemaBefore.views));
}

/** Writes through the subject's views that nobody who owns no row could make; `victim` is the tenant written for. */
export function writesThrough(ground: Ground, actors: readonly Actor[], victim: string): readonly Question[] {
  const { tenancy, population } = ground;
  return viewsOf(ground).flatMap((view) =>
    actors.flatMap((actor) => {
      const relation = qualify(view.schema, view.name);
      const door = `the view ${key(view)}`;
      const may = (command: "INSERT" | "UPDATE") => view.columnPrivileges[actor.role]?.[command] ?? [];
      const updates = may("UPDATE").map(
        (column) => `update ${relation} set ${quoteIdentifier(column)} = default`,
      );
      const deletes = view.privileges[actor.role]?.includes("DELETE") ? [`delete from ${relation}`] : [];
      // A row of the victim's, in those columns that the view shows of the table it is drawn from.
      const inserts = targetsOf(ground).flatMap(({ table }) => {
        const row = population.newRow(table, victim);
        const given = may("INSERT").filter((column) => row?.[column] !== undefined);
        if (!row || !given.includes(tenancy.column)) return [];
        const values = given.map((column) => literal(row[column] ?? null)).join(", ");
        return [`insert into ${relation} (${given.map(quoteIdentifier).join(", ")}) values (${values})`];
      });
      return [...updates, ...deletes, ...inserts].map((sql) => ({ actor, sql, door }));
    }),
  );
}
