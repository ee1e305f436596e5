// Change: one way in which a picture differs from an earlier one, with a line for people.
// Order: the one difference that DDL cannot undo in place: a column that is added again moves last.
import { type Fact, type Picture, type PictureObject, sorted } from "./picture.ts";

export interface Change {
  readonly class: "added" | "removed" | "changed" | "order";
  readonly kind: string;
  readonly name: string;
  /** `+ policy p on public.t`, `- function public.f()`, `~ table column public.t.c: default null -> 'x'`. */
  readonly line: string;
}

/**
 * What changed from `before` to `after`, by kind and name, a line for each fact. What belongs to a relation that was itself
 * added or removed goes with it unmentioned.
 */
export function difference(before: Picture, after: Picture): Change[] {
  const old = index(before);
  const now = index(after);
  const isNew = (object: PictureObject, there: Map<string, PictureObject>) =>
    !there.has(identity(object)) && (object.holder === null || there.has(object.holder));

  const added = after.filter((object) => isNew(object, old)).map((object) => change("added", object, "+"));
  const removed = before
    .filter((object) => isNew(object, now))
    .map((object) => change("removed", object, "-"));
  const changed = after.flatMap((object) => {
    const was = old.get(identity(object));
    return was === undefined ? [] : factChanges(was, object);
  });
  const changes = [...removed, ...added, ...changed, ...orderChanges(before, after)];
  return changes.sort((a, b) => compare(`${a.kind} ${a.name}`, `${b.kind} ${b.name}`));
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function identity(object: PictureObject): string {
  return `${object.kind} ${object.name}`;
}

function index(picture: Picture): Map<string, PictureObject> {
  return new Map(picture.map((object) => [identity(object), object]));
}

function change(kind: "added" | "removed", object: PictureObject, sign: string): Change {
  return {
    class: kind,
    kind: object.kind,
    name: object.name,
    line: `${sign} ${identity(object)}${gist(object)}`,
  };
}

/** The facts that say what an object is about: a definition, a policy's terms, a setting's value, bare privileges. */
function gist({ kind, facts }: PictureObject): string {
  const told = ["definition", "command", "roles", "using", "check", "value"];
  const bare = /privileges|parameter/.test(kind)
    ? Object.keys(facts).filter((name) => name.startsWith("privileges"))
    : [];
  const parts = [...told, ...bare]
    .filter((name) => name in facts)
    .map((name) => (name === "definition" || name === "value" ? "" : `${name} `) + show(facts[name]));
  return parts.length === 0 ? "" : `: ${shorten(parts.join(", "))}`;
}

function factChanges(was: PictureObject, is: PictureObject): Change[] {
  const names = [...new Set([...Object.keys(was.facts), ...Object.keys(is.facts)])].sort();
  return names
    .filter((name) => !(name === "position" && is.holder !== null))
    .filter((name) => JSON.stringify(sorted(was.facts[name])) !== JSON.stringify(sorted(is.facts[name])))
    .map((name) => {
      const [from, to] = apart(show(was.facts[name]), show(is.facts[name]));
      return {
        class: "changed",
        kind: is.kind,
        name: is.name,
        line: `~ ${identity(is)}: ${name} ${from} -> ${to}`,
      };
    });
}

/** Columns that both pictures have, in another order among themselves. */
function orderChanges(before: Picture, after: Picture): Change[] {
  const [was, is] = [columnOrders(before, index(after)), columnOrders(after, index(before))];
  const relations = after.filter((object) => was.has(identity(object)));
  return relations.flatMap((relation) => {
    const id = identity(relation);
    // Their common beginning is the relation's own name, which may hold any character.
    const show = (names: readonly string[] = []) =>
      names.map((name) => name.slice(relation.name.length + 1)).join(", ");
    const [from, to] = [show(was.get(id)), show(is.get(id))];
    if (from === to) return [];
    const { kind, name } = relation;
    return [{ class: "order" as const, kind, name, line: `~ ${id}: order of columns ${from} -> ${to}` }];
  });
}

/** Holder -> the names of its columns that are in `others` too, in order. */
function columnOrders(picture: Picture, others: Map<string, PictureObject>): Map<string, string[]> {
  const columns = picture.filter((object) => "position" in object.facts && others.has(identity(object)));
  columns.sort((a, b) => Number(a.facts.position) - Number(b.facts.position));
  const orders = new Map<string, string[]>();
  for (const { holder, name } of columns) {
    if (holder !== null) orders.set(holder, [...(orders.get(holder) ?? []), name]);
  }
  return orders;
}

function show(fact: Fact | undefined): string {
  if (fact === undefined) return "none";
  if (typeof fact === "string") return fact;
  if (Array.isArray(fact) && fact.every((item) => typeof item === "string")) return fact.join(", ");
  return JSON.stringify(fact);
}

/** Two texts, each cut to where they part when they are long. */
function apart(from: string, to: string): [string, string] {
  let same = 0;
  while (same < from.length && from[same] === to[same]) same += 1;
  const start = from.length > 80 || to.length > 80 ? Math.max(0, same - 20) : 0;
  const cut = (text: string) => (start > 0 ? "…" : "") + shorten(text.slice(start));
  return [cut(from), cut(to)];
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
