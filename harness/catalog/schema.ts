import { loadSql } from "../sql/load.ts";
import { type Connection, withQualifiedNames } from "./connection.ts";
import type {
  Column,
  Named,
  Namespace,
  Relation,
  Role,
  Routine,
  Schema,
  Sequence,
  Table,
  View,
} from "./model.ts";

/** The roles that requests of a Supabase project arrive as; `public` stands for what everybody holds. */
export const apiRoles = ["anon", "authenticated", "service_role", "public"] as const;

interface SchemaRequest {
  /** Only these schemas; absent: all but the system's. Roles are read whole. */
  readonly schemas?: readonly string[] | undefined;
  /** Whose effective privileges to read; those that do not exist are left out. Default: `apiRoles`. */
  readonly roles?: readonly string[] | undefined;
}

/** The typed model of a database that experiments derive from; ordered by schema and name, without OIDs. */
export async function readSchema(connection: Connection, request: SchemaRequest = {}): Promise<Schema> {
  return withQualifiedNames(connection, () => readAll(connection, request));
}

async function readAll(connection: Connection, request: SchemaRequest): Promise<Schema> {
  const schemas = request.schemas ?? null;
  const rolesOfCluster = (await connection.query(statements.roles)).rows as Role[];
  const known = new Set(["public", ...rolesOfCluster.map((role) => role.name)]);
  const roles = (request.roles ?? apiRoles).filter((role) => known.has(role));

  // One after the other: `pg` has one query under way a connection, and the sum is some tens of milliseconds.
  const read = async <Row>(statement: string, ...values: unknown[]): Promise<Row[]> =>
    (await connection.query(statement, values)).rows as Row[];
  const relations = await read<RelationRow>(statements.relations, schemas);
  const columns = byName(await read<Named & { columns: Column[] }>(statements.columns, schemas));
  const privileges = byName(await read<Named & PrivilegesRow>(statements.privileges, schemas, roles));
  const constraints = byTable(await read<ConstraintRow>(statements.constraints, schemas));
  const rules = byTable(await read<RuleRow>(statements.rules, schemas));

  const relationOf = (row: RelationRow): Relation => {
    const held = privileges.get(key(row)) as PrivilegesRow;
    return {
      schema: row.schema,
      name: row.name,
      owner: row.owner,
      privileges: held.privileges,
      columnPrivileges: held.columnPrivileges,
      grants: held.grants,
      columns: columns.get(key(row))?.columns ?? [],
    };
  };
  const tables = relations.filter(isTable).map((row) => ({
    ...relationOf(row),
    ...tableFacts(row, constraints.get(key(row)) ?? [], rules.get(key(row)) ?? []),
  }));
  const views = relations
    .filter((row) => !isTable(row))
    .map((row) => ({ ...relationOf(row), ...viewFacts(row) }));
  return {
    namespaces: await read<Namespace>(statements.namespaces, schemas, roles),
    tables,
    views,
    routines: await read<Routine>(statements.routines, schemas, roles),
    sequences: await read<Sequence>(statements.sequences, schemas, roles),
    roles: rolesOfCluster,
  };
}

/** `schema.name`, unquoted: for look-ups and for people, never for a statement. */
export function key(named: Named): string {
  return `${named.schema}.${named.name}`;
}

const statements = {
  roles: load("roles"),
  relations: load("relations"),
  columns: load("columns"),
  privileges: load("privileges"),
  constraints: load("constraints"),
  rules: load("rules"),
  namespaces: load("namespaces"),
  routines: load("routines"),
  sequences: load("sequences"),
};

function load(name: string): string {
  return loadSql(import.meta.url, `queries/schema/${name}.sql`);
}

type PrivilegesRow = Pick<Relation, "privileges" | "columnPrivileges" | "grants">;
type RelationRow = Named &
  Pick<Table, "owner" | "rls" | "forced" | "isPartition" | "estimatedRows" | "parents" | "publications"> &
  Pick<View, "securityInvoker" | "securityBarrier" | "definition"> & {
    readonly kind: Table["kind"] | "view" | "materialized";
    readonly writable: View["writable"] | null;
  };
type TableRow = RelationRow & { readonly kind: Table["kind"] };
interface ConstraintRow {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly kind: "check" | "foreign" | "exclusion" | "primary" | "unique";
  readonly definition: string;
  readonly columns: string[];
  readonly target: Table["foreignKeys"][number]["target"];
  readonly onDelete: Table["foreignKeys"][number]["onDelete"];
  readonly match: "simple" | "full";
  readonly deferrable: boolean;
  readonly predicate: string | null;
  readonly hasExpressions: boolean;
}
type RuleRow = { readonly schema: string; readonly table: string } & (
  | { readonly kind: "policy"; readonly facts: Table["policies"][number] }
  | { readonly kind: "trigger"; readonly facts: Table["triggers"][number] }
);

function isTable(row: RelationRow): row is TableRow {
  return row.kind !== "view" && row.kind !== "materialized";
}

function tableFacts(
  row: TableRow,
  constraints: ConstraintRow[],
  rules: RuleRow[],
): Omit<Table, keyof Relation> {
  const of = (...kinds: ConstraintRow["kind"][]) => constraints.filter((one) => kinds.includes(one.kind));
  const definitions = (kind: "check" | "exclusion") =>
    of(kind).map(({ name, definition }) => ({ name, definition }));
  return {
    kind: row.kind,
    rls: row.rls,
    forced: row.forced,
    parents: row.parents,
    isPartition: row.isPartition,
    estimatedRows: row.estimatedRows,
    publications: row.publications,
    primaryKey: of("primary")[0]?.columns ?? [],
    uniques: of("primary", "unique").map(({ name, columns, hasExpressions, predicate, definition }) => ({
      name,
      columns,
      hasExpressions,
      predicate,
      definition,
    })),
    foreignKeys: of("foreign").map(({ name, columns, target, onDelete, match, deferrable }) => ({
      name,
      columns,
      target,
      onDelete,
      match,
      deferrable,
    })),
    checks: definitions("check"),
    exclusions: definitions("exclusion"),
    policies: rules.flatMap((rule) => (rule.kind === "policy" ? [rule.facts] : [])),
    triggers: rules.flatMap((rule) => (rule.kind === "trigger" ? [rule.facts] : [])),
  };
}

function viewFacts(row: RelationRow): Omit<View, keyof Relation> {
  return {
    materialized: row.kind === "materialized",
    securityInvoker: row.securityInvoker,
    securityBarrier: row.securityBarrier,
    definition: row.definition,
    writable: row.writable ?? [],
  };
}

function byName<Row extends Named>(rows: Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [key(row), row]));
}

function byTable<Row extends { schema: string; table: string }>(rows: Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = `${row.schema}.${row.table}`;
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return groups;
}
