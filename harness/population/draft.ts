// Draft: a row that has not been inserted. A column that is absent takes its default.
// Fullness: how much a draft gives: `full` all but defaults, `sparse` only what must be, `explicit` defaults too.
import type { Column, ForeignKey, Table } from "../catalog/model.ts";
import { key } from "../catalog/schema.ts";
import { type Demand, elementsOf, type Way } from "./demand.ts";
import { type Plot, peopleTable } from "./ownership.ts";
import type { Person, Recipes } from "./recipes.ts";
import { makeValue, smallSet } from "./value.ts";

/** Column -> value in PostgreSQL's text form, which every type reads back. */
export type Row = Readonly<Record<string, string | null>>;

export const fullnesses = ["full", "sparse", "explicit"] as const;
export type Fullness = (typeof fullnesses)[number];

export interface DraftRequest {
  readonly plot: Plot;
  readonly tenant: string | undefined;
  readonly person: Person | undefined;
  /** Counts a tenant's rows of the table; people and parents take turns by it. */
  readonly turn: number;
  readonly way: Way;
  readonly fullness: Fullness;
  /** In the tables of tenants and people: somebody who is not there yet, instead of the tenant or person named. */
  readonly newcomer?: boolean;
}

export interface DraftSources {
  readonly seed: number;
  readonly recipes: Recipes;
  /** A number never given before. */
  next(): number;
  /** Rows that a foreign key of this tenant may point to, in order. */
  parents(target: string, tenant: string | undefined): readonly Row[];
  /** The app_metadata of a person. */
  metadata(person: Person): unknown;
}

interface Radix {
  size: number;
}

/** A valid row, as far as the catalog says what is valid: same-tenant parents, values by type and check. */
export function draftRow(request: DraftRequest, sources: DraftSources): Row {
  const { plot, tenant, person, way, newcomer = false } = request;
  const { table, owner } = plot;
  const row: Record<string, string | null> = {};
  if (owner.by === "tenant" && tenant !== undefined) {
    const isNewTenant = newcomer && plot.isTenants;
    row[owner.column] = isNewTenant ? newKey(table, owner.column, way, sources) : tenant;
  }
  if (plot.isPeople && person) {
    const id = newcomer ? (newKey(table, "id", way, sources) ?? "") : person.id;
    Object.assign(row, accountOf(table, { ...person, id }, sources));
  }
  for (const foreignKey of byWidth(table.foreignKeys)) point(row, foreignKey, request, sources);

  // Turns count through the combinations of several small sets, as digits do.
  const radix: Radix = { size: 1 };
  const own = sources.recipes[key(table)] ?? {};
  for (const column of table.columns) {
    if (column.name in row || column.generated) continue;
    const recipe = own[column.name];
    if (recipe) row[column.name] = recipe({ tenant, person, n: sources.next(), seed: sources.seed });
    else if (isGiven(column, request)) row[column.name] = chosenValue(column, request, sources, radix);
  }
  for (const [name, { sameAs }] of Object.entries(way)) {
    if (sameAs !== undefined && sameAs in row && name in row) row[name] = row[sameAs] as string | null;
  }
  return row;
}

function chosenValue(
  column: Column,
  { plot, person, turn, way }: DraftRequest,
  sources: DraftSources,
  radix: Radix,
): string | null {
  if (person && namesPerson(column)) return person.id;
  const demand = way[column.name] ?? {};
  const elements = way[elementsOf(column.name)];
  // Sets with few values are gone through where they make a key distinct, and else stay with their first.
  const isKey = plot.table.uniques.some((unique) => unique.columns.includes(column.name));
  const size = isKey ? (smallSet({ column, demand })?.length ?? 1) : 1;
  const place = Math.floor(turn / radix.size);
  radix.size *= Math.max(1, size);
  return makeValue({
    column,
    demand,
    elements,
    n: sources.next(),
    turn: isKey ? place : 0,
    seed: sources.seed,
  });
}

function isGiven(column: Column, { plot, way, fullness }: DraftRequest): boolean {
  const demand: Demand | undefined = way[column.name];
  if (demand?.presence !== undefined) return true;
  const { table } = plot;
  // A key of our own choosing is the same in every run with the same seed.
  if (column.baseType === "uuid" && !column.isArray && table.primaryKey.includes(column.name)) return true;
  if (column.identity) return false;
  if (column.hasDefault)
    return isCyclingKey(column, table) || (fullness === "explicit" && !/\(/.test(column.default ?? ""));
  if (column.notNull) return true;
  // Marks of deletion and expiry hide a row from its owner.
  const isMark = /^(date|timestamp|timestamptz)$/.test(column.baseType) && !column.isArray;
  return fullness !== "sparse" && !isMark;
}

/** A constant default in a unique key admits one row only. */
function isCyclingKey(column: Column, table: Table): boolean {
  return (
    (column.enumLabels !== null || column.baseType === "bool") &&
    table.uniques.some((unique) => unique.predicate === null && unique.columns.includes(column.name))
  );
}

// Columns that name a person without a foreign key, as policies by auth.uid() use them.
function namesPerson(column: Column): boolean {
  const isId = /^(uuid|text|varchar)$/.test(column.baseType) && !column.isArray;
  return isId && /^(user|owner|author|creator|member|profile|auth_?user)_?id$/i.test(column.name);
}

function accountOf(table: Table, person: Person, sources: DraftSources): Row {
  const account: Record<string, string> = {
    id: person.id,
    email: `${person.id}@example.test`,
    aud: "authenticated",
    role: "authenticated",
    raw_app_meta_data: JSON.stringify(sources.metadata(person)),
    raw_user_meta_data: "{}",
  };
  const writable = new Set(table.columns.filter((column) => !column.generated).map((column) => column.name));
  return Object.fromEntries(Object.entries(account).filter(([name]) => writable.has(name)));
}

// The widest first: what a composite key fixes, narrower ones must agree with.
function byWidth(keys: readonly ForeignKey[]): ForeignKey[] {
  return [...keys].sort((a, b) => b.columns.length - a.columns.length);
}

function point(
  row: Record<string, string | null>,
  fk: ForeignKey,
  request: DraftRequest,
  sources: DraftSources,
): void {
  const { table } = request.plot;
  const columns = fk.columns.map((name) => table.columns.find((column) => column.name === name) as Column);
  const free = columns.filter((column) => !(column.name in row) && !column.generated);
  if (free.length === 0) return;
  const optional = free.filter((column) => !column.notNull);
  const isSelf = key(fk.target) === key(table);
  if (isSelf && optional.length === 0) {
    pointToSelf(row, fk, request, sources);
    return;
  }
  const parent =
    isSelf || isLeft(fk, optional, request) ? undefined : chooseParent(row, fk, request, sources);
  for (const [place, name] of fk.columns.entries()) {
    if (name in row) continue;
    if (parent) row[name] = parent[fk.target.columns[place] as string] ?? null;
    else if (optional.some((column) => column.name === name)) row[name] = null;
  }
}

/** Whether the row does without the parent: a check says so, or it gives only what it must. */
function isLeft(fk: ForeignKey, optional: readonly Column[], { plot, way, fullness }: DraftRequest): boolean {
  if (optional.length === 0) return false;
  if (optional.some((column) => way[column.name]?.presence === "null")) return true;
  const isOwner = plot.owner.by === "parent" && plot.owner.foreignKey === fk;
  return (
    fullness === "sparse" && !isOwner && !optional.some((column) => way[column.name]?.presence === "value")
  );
}

/** A parent of the same tenant that agrees with what the row has already; one of the person's, where there are any. */
function chooseParent(
  row: Row,
  fk: ForeignKey,
  { tenant, person, turn }: DraftRequest,
  sources: DraftSources,
) {
  if (person && key(fk.target) === key(peopleTable)) return { id: person.id };
  const fixed = fk.columns
    .map((name, place) => [name, fk.target.columns[place] as string] as const)
    .filter(([name]) => name in row);
  const candidates = sources
    .parents(key(fk.target), tenant)
    .filter((parent) => fixed.every(([name, target]) => parent[target] === row[name]));
  const theirs = person ? candidates.filter((parent) => Object.values(parent).includes(person.id)) : [];
  const pool = theirs.length > 0 ? theirs : candidates;
  // The first half stays without children that would hold it back, so that an owner's delete can be shown to work.
  const holds = fk.onDelete === "no action" || fk.onDelete === "restrict";
  const parents = holds ? pool.slice(Math.floor(pool.length / 2)) : pool;
  return parents[turn % Math.max(1, parents.length)];
}

/** A row that must point to its own table points to itself. */
function pointToSelf(
  row: Record<string, string | null>,
  fk: ForeignKey,
  { plot: { table }, way }: DraftRequest,
  sources: DraftSources,
): void {
  for (const [place, name] of fk.columns.entries()) {
    const target = fk.target.columns[place] as string;
    row[target] ??= newKey(table, target, way, sources);
    row[name] = row[target];
  }
}

/** A key far from those that sequences give. */
function newKey(table: Table, name: string, way: Way, sources: DraftSources): string | null {
  const column = table.columns.find((one) => one.name === name) as Column;
  const n = 1_000_000 + sources.next();
  return makeValue({ column, demand: way[name] ?? {}, n, turn: n, seed: sources.seed });
}
