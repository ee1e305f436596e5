// Schema: what experiments derive from: every table, view, function, sequence and role that a tenant could meet.
// Effective privilege: what a role may do in the end, through its own grants, PUBLIC's, inheritance and ownership.
// Grant: one entry of an access control list, as it was given.
// Domain base: the type a domain ends in, however many domains lie between.

/** Role name -> what it holds; the key `public` stands for everybody. */
export type ByRole<T> = Readonly<Record<string, T>>;

export type TablePrivilege =
  | "SELECT"
  | "INSERT"
  | "UPDATE"
  | "DELETE"
  | "TRUNCATE"
  | "REFERENCES"
  | "TRIGGER";
export type ColumnPrivilege = "SELECT" | "INSERT" | "UPDATE" | "REFERENCES";

export interface Named {
  readonly schema: string;
  readonly name: string;
}

export interface Grant {
  readonly grantee: string;
  readonly privilege: string;
  /** Null when the grant is on the whole object. */
  readonly column: string | null;
  readonly grantable: boolean;
}

export interface Check {
  readonly name: string;
  /** As pg_get_constraintdef writes it: `CHECK ((...))`. */
  readonly definition: string;
}

export interface Column {
  readonly name: string;
  readonly position: number;
  /** As written in DDL, with modifiers: `character varying(20)`, `public.lead_score[]`. */
  readonly type: string;
  /** The type's bare name after domains and arrays are taken away: `varchar`, `uuid`, `int4`, `lead_score`. */
  readonly baseType: string;
  readonly category: "base" | "enum" | "range" | "multirange" | "composite" | "pseudo";
  readonly isArray: boolean;
  /** Labels in the enum's order; null for other types. */
  readonly enumLabels: readonly string[] | null;
  /** Of a range or multirange: the bare name of what it ranges over. */
  readonly rangeOf: string | null;
  /** Of a composite: how many attributes it has. */
  readonly attributes: number | null;
  /** By the column or by its domain. */
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  readonly default: string | null;
  readonly generated: "stored" | "virtual" | null;
  readonly identity: "always" | "by default" | null;
  /** Characters of char(n) and varchar(n), bits of bit(n); null when unbounded. */
  readonly maxLength: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
  /** The outermost domain, with the checks of it and of every domain below it; an array's elements not counted. */
  readonly domain: (Named & { readonly checks: readonly Check[] }) | null;
  /** Of an array: the checks of its elements' domains. */
  readonly elementChecks: readonly Check[];
}

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly target: Named & { readonly columns: readonly string[] };
  readonly onDelete: "no action" | "restrict" | "cascade" | "set null" | "set default";
  readonly match: "simple" | "full";
  readonly deferrable: boolean;
}

export interface UniqueKey {
  readonly name: string;
  /** Plain columns of the key; expressions are not among them. */
  readonly columns: readonly string[];
  readonly hasExpressions: boolean;
  /** The WHERE of a partial unique index. */
  readonly predicate: string | null;
  readonly definition: string;
}

export interface Policy {
  readonly name: string;
  readonly command: "ALL" | "SELECT" | "INSERT" | "UPDATE" | "DELETE";
  readonly permissive: boolean;
  /** `public` when the policy has no TO. */
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly check: string | null;
}

export interface Trigger {
  readonly name: string;
  readonly definition: string;
  readonly enabled: boolean;
  readonly function: Named;
}

export interface Relation extends Named {
  readonly owner: string;
  /** Effective, for the roles asked for. */
  readonly privileges: ByRole<readonly TablePrivilege[]>;
  /** Effective, table-wide grants included, for the roles asked for. */
  readonly columnPrivileges: ByRole<Readonly<Record<ColumnPrivilege, readonly string[]>>>;
  readonly grants: readonly Grant[];
  readonly columns: readonly Column[];
}

export interface Table extends Relation {
  readonly kind: "table" | "partitioned" | "foreign";
  readonly rls: boolean;
  readonly forced: boolean;
  /** Parents by partitioning or INHERITS. */
  readonly parents: readonly Named[];
  readonly isPartition: boolean;
  readonly estimatedRows: number;
  readonly primaryKey: readonly string[];
  /** Every unique constraint and unique index, the primary key included. */
  readonly uniques: readonly UniqueKey[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly checks: readonly Check[];
  readonly exclusions: readonly Check[];
  readonly policies: readonly Policy[];
  readonly triggers: readonly Trigger[];
  /** Publications that carry its changes. */
  readonly publications: readonly string[];
}

export interface View extends Relation {
  readonly materialized: boolean;
  readonly securityInvoker: boolean;
  readonly securityBarrier: boolean;
  readonly definition: string;
  /** Commands that the view passes on to its tables, by itself or by triggers and rules. */
  readonly writable: readonly ("INSERT" | "UPDATE" | "DELETE")[];
}

export interface Argument {
  readonly name: string | null;
  /** Qualified with its schema unless that is pg_catalog. */
  readonly type: string;
  readonly mode: "in" | "out" | "inout" | "variadic" | "table";
  readonly hasDefault: boolean;
}

export interface Routine extends Named {
  readonly kind: "function" | "procedure" | "aggregate" | "window";
  /** What tells overloads apart, as ALTER FUNCTION takes it. */
  readonly identityArguments: string;
  readonly arguments: readonly Argument[];
  /** Null for a procedure. */
  readonly returns: string | null;
  readonly returnsSet: boolean;
  readonly isTrigger: boolean;
  readonly language: string;
  readonly securityDefiner: boolean;
  readonly volatility: "immutable" | "stable" | "volatile";
  readonly leakproof: boolean;
  /** Settings of the function, `name=value`. */
  readonly config: readonly string[];
  readonly owner: string;
  /** The roles asked for that may call it in the end (USAGE of its schema not counted). */
  readonly executableBy: readonly string[];
  readonly grants: readonly Grant[];
  readonly source: string;
}

export interface Sequence extends Named {
  readonly owner: string;
  readonly privileges: ByRole<readonly ("SELECT" | "USAGE" | "UPDATE")[]>;
  readonly ownedBy: (Named & { readonly column: string }) | null;
}

export interface Namespace {
  readonly name: string;
  readonly owner: string;
  readonly usableBy: readonly string[];
  readonly creatableBy: readonly string[];
}

export interface Role {
  readonly name: string;
  readonly superuser: boolean;
  readonly bypassRls: boolean;
  readonly inherit: boolean;
  readonly login: boolean;
  /** Roles it is a direct member of. */
  readonly memberOf: readonly string[];
}

export interface Schema {
  readonly namespaces: readonly Namespace[];
  readonly tables: readonly Table[];
  readonly views: readonly View[];
  readonly routines: readonly Routine[];
  readonly sequences: readonly Sequence[];
  readonly roles: readonly Role[];
}
