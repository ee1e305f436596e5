// Touched: what a query meets on its way: the relations of its plan and its text, their indexes, policies, triggers and
//   columns, the functions that those call, and what these functions read. Found by names in texts: a name too many costs a
//   line in a report, and the texts of dynamic SQL are in no catalog.

import type { Fact, Picture, PictureObject } from "../../catalog/picture.ts";

export interface Traveller {
  /** The lines of its plans, and its own text. */
  readonly texts: readonly string[];
  readonly writes: boolean;
  /** Whether row level security applies to whoever asks. */
  readonly guarded: boolean;
}

/** `kind name` of all that the query touches in the database of the picture. */
export function touchedBy(picture: Picture, traveller: Traveller): ReadonlySet<string> {
  const found = new Set<PictureObject>();
  const candidates = picture.filter((object) => relations.has(object.kind) || routines.has(object.kind));
  let unread = traveller.texts.map(plain);
  while (unread.length > 0) {
    const reached = new Set(
      candidates
        .filter((object) => !found.has(object) && unread.some((text) => mentions(text, object)))
        .flatMap((object) => [object, ...holderOf(picture, object)])
        .flatMap((object) => [object, ...partsOf(picture, object, traveller)])
        .filter((object) => !found.has(object)),
    );
    for (const object of reached) found.add(object);
    unread = [...reached].flatMap(textsOf).map(plain);
  }
  return new Set([...found].map(identityOf));
}

/** As differences name it. */
export function identityOf({ kind, name }: PictureObject): string {
  return `${kind} ${name}`;
}

/** The last part of a name, without quotes and arguments: `public.f(integer)` is `f`. */
export function bareName(name: string): string {
  const last = /(?:^|\.)("(?:[^"]|"")*"|[^".(]*)(?:\(.*)?$/.exec(name.replace(/(\().*$/, ""))?.[1] ?? name;
  return plain(last);
}

const relations = new Set(["table", "view", "materialized view", "foreign table", "index"]);
const routines = new Set(["function", "procedure", "aggregate"]);
const onlyForWrites = new Set(["trigger", "constraint", "table constraint", "rule"]);

/** The policies that decide which rows a read sees. */
const readingCommands: readonly Fact[] = ["select", "all"];

function partsOf(picture: Picture, object: PictureObject, { writes, guarded }: Traveller): PictureObject[] {
  if (!relations.has(object.kind)) return [];
  return picture
    .filter(({ holder }) => holder === identityOf(object))
    .filter(({ kind }) => writes || !onlyForWrites.has(kind))
    .filter(
      ({ kind, facts }) =>
        kind !== "policy" || (guarded && (writes || readingCommands.includes(facts.command ?? null))),
    );
}

function holderOf(picture: Picture, { holder }: PictureObject): PictureObject[] {
  return holder === null ? [] : picture.filter((object) => identityOf(object) === holder);
}

function mentions(text: string, { kind, name }: PictureObject): boolean {
  const bare = literal(bareName(name));
  if (routines.has(kind)) return new RegExp(`(?<!\\w)${bare}\\s*\\(`, "i").test(text);
  const schema = literal(plain(name).split(".")[0] ?? "");
  const after = "(?:from|join|into|update|on|only|using|references)\\s+(?:only\\s+)?";
  return new RegExp(`(?:\\b${after}(?:${schema}\\.)?|\\b${schema}\\.)${bare}(?!\\w)`, "i").test(text);
}

function textsOf({ facts }: PictureObject): string[] {
  return ["using", "check", "definition", "default", "generated", "body"].flatMap((fact) => {
    const text = facts[fact];
    return typeof text === "string" ? [text] : [];
  });
}

function plain(text: string): string {
  return text.replaceAll('"', "");
}

function literal(text: string): string {
  return text.replaceAll(/[^\w\s]/g, "\\$&");
}
