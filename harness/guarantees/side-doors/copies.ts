import type { Actor } from "../../session/actor.ts";
import { quoteIdentifier } from "../../sql/identifier.ts";
import type { Ground } from "../ground.ts";
import { targetsOf } from "../isolation/isolation.ts";
import { insertRow, literal, type Row, type Target, whereRow } from "../isolation/target.ts";
import type { Site } from "../site.ts";
import type { Person } from "../tenancy.ts";
import { plant, variantsOf } from "../variants.ts";
import type { Question } from "./question.ts";

/** A member's own writes into one table, with the values of another tenant's row in them. */
export interface Copies {
  readonly target: Target;
  /** A valid row of their own, without anything of the other's: it must be accepted, or the rest says nothing. */
  readonly control: string;
  readonly questions: readonly Question[];
}

/**
 * Keys and triggers see what policies hide: where a write ends otherwise because another tenant has the value, or
 * brings back what that tenant wrote, the member has learnt of it. `singular`: see `plantSingular`.
 */
export function copiesOf(
  ground: Ground,
  actor: Actor,
  member: Person,
  victim: string,
  singular: ReadonlyMap<string, readonly Row[]>,
): readonly Copies[] {
  const { population } = ground;
  return targetsOf(ground).flatMap((target) => {
    const { table, relation, label } = target;
    const held = new Set(table.privileges[actor.role]);
    const fresh = population.newRow(table, member.tenant, member);
    const [theirs] = population.rows(table, victim);
    const [own] = population.rows(table, member.tenant);
    if (!held.has("INSERT") || !fresh || !theirs) return [];
    const values = copiedValues(target, theirs);
    const insert = (copied: Row, returning = "") => insertRow(target, { ...fresh, ...copied }, returning);
    const update = (copied: Row) =>
      own && Object.keys(copied).length > 0
        ? [`update ${relation} set ${assignments(copied)} where ${whereRow(target, own)} returning *`]
        : [];
    const changing = Object.fromEntries(
      Object.entries(values).filter(([column]) => !table.primaryKey.includes(column)),
    );
    const one = (copied: Row) => Object.entries(copied).map(([column, value]) => ({ [column]: value }));
    const statements = [
      [
        "an insert",
        [values, ...one(values), ...(singular.get(label) ?? []).map((row) => copiedValues(target, row))].map(
          (copied) => insert(copied, " returning *"),
        ),
      ],
      ...(held.has("UPDATE") ? [["an update", [changing, ...one(changing)].flatMap(update)] as const] : []),
    ] as const;
    return [
      {
        target,
        control: insert({}),
        questions: statements.flatMap(([verb, all]) =>
          all.map((sql) => ({ actor, sql, door: `${verb} of their own row of ${label}`, endingOnly: true })),
        ),
      },
    ];
  });
}

/**
 * For each table with a partial key that leaves the tenant out: rows of the victim's in every shape, committed, some of
 * which the key's WHERE takes in. By label.
 */
export async function plantSingular(
  ground: Ground,
  site: Site,
  victim: Person,
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const planted = new Map<string, readonly Row[]>();
  for (const target of targetsOf(ground)) {
    const isPartial = ({ predicate, columns }: (typeof target.table.uniques)[number]) =>
      predicate !== null && !columns.includes(target.tenantColumn);
    if (!target.table.uniques.some(isPartial)) continue;
    const rows = variantsOf(ground, target, victim.tenant, victim);
    await plant(site, target, rows);
    planted.set(target.label, rows);
  }
  return planted;
}

/** What another tenant's row holds, but for whose it is and what it points to. */
function copiedValues({ table, tenantColumn }: Target, theirs: Row): Row {
  const bound = new Set([tenantColumn, ...table.foreignKeys.flatMap(({ columns }) => columns)]);
  return Object.fromEntries(
    table.columns
      .filter(
        ({ name, generated, identity }) => !bound.has(name) && generated === null && identity !== "always",
      )
      .flatMap(({ name }) => (theirs[name] == null ? [] : [[name, theirs[name]]])),
  );
}

function assignments(row: Row): string {
  return Object.entries(row)
    .map(([column, value]) => `${quoteIdentifier(column)} = ${literal(value)}`)
    .join(", ");
}
