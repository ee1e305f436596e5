// Picture: every object of a database with all its facts, named without OIDs, in one order: two equal databases give equal
//   pictures, whatever they are called. Members of extensions and the system's own objects are left out.
// Fact: one thing that is true of an object: a type, a default, an owner, what a role holds. Absent facts are left out.
// Holder: the relation that a column, constraint, index, policy or trigger belongs to.
import { createHash } from "node:crypto";
import { loadSql } from "../sql/load.ts";
import { type Connection, withQualifiedNames } from "./connection.ts";

export type Fact = string | number | boolean | null | readonly Fact[] | { readonly [name: string]: Fact };

export interface PictureObject {
  /** As PostgreSQL calls it: `table`, `table column`, `policy`, `function`, `setting`, ... */
  readonly kind: string;
  /** Qualified and quoted: `public.contacts.phone`, `contacts_select on public.contacts`, `public.f(integer)`. */
  readonly name: string;
  /** Kind and name of the relation that it belongs to. */
  readonly holder: string | null;
  readonly facts: Readonly<Record<string, Fact>>;
}

export type Picture = readonly PictureObject[];

interface PictureRequest {
  /** Also what all databases share: roles, memberships, role settings, parameter privileges, ALTER SYSTEM. */
  readonly cluster?: boolean;
}

/** Everything that DDL can change in the connection's database, in one round trip; rows and sequence positions are not in it. */
export async function takePicture(connection: Connection, request: PictureRequest = {}): Promise<Picture> {
  return takeParts(connection, request.cluster ? [...ofDatabase, ofCluster] : ofDatabase);
}

/** What all databases of the cluster share, and nothing else. */
export async function takeClusterPicture(connection: Connection): Promise<Picture> {
  return takeParts(connection, [ofCluster]);
}

async function takeParts(connection: Connection, parts: readonly string[]): Promise<Picture> {
  const statement = frame.replace("/* objects */", () => parts.join("\nunion all\n"));
  return withQualifiedNames(
    connection,
    async () => (await connection.query(statement)).rows as PictureObject[],
  );
}

/** A hash that two pictures share exactly when they are equal, the order of columns included. */
export function fingerprint(picture: Picture): string {
  return createHash("sha256")
    .update(JSON.stringify(picture.map(canonical)))
    .digest("hex");
}

function canonical({ kind, name, holder, facts }: PictureObject): unknown {
  return [kind, name, holder, sorted(facts)];
}

/** The same fact with its names in one order. */
export function sorted(fact: Fact | undefined): unknown {
  if (Array.isArray(fact)) return fact.map(sorted);
  if (fact === null || typeof fact !== "object") return fact;
  return Object.entries(fact)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, sorted(value as Fact)]);
}

const read = (name: string) => loadSql(import.meta.url, `queries/picture/${name}.sql`);
// In parentheses, so that a part may have a WITH of its own.
const part = (name: string) => `(\n${read(name)})`;
const frame = read("picture");
const ofCluster = part("cluster");
const ofDatabase = [
  "relations",
  "columns",
  "constraints",
  "rules",
  "types",
  "routines",
  "containers",
  "system-privileges",
  "foreign",
  "operators",
].map(part);
