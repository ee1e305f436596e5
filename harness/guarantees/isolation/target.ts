import type { Table } from "../../catalog/model.ts";
import { key } from "../../catalog/schema.ts";
import { peopleTable } from "../../population/ownership.ts";
import { qualify, quoteIdentifier, quoteLiteral } from "../../sql/identifier.ts";
import type { Tenancy } from "../tenancy.ts";

/** A row as text: column -> the value as PostgreSQL writes it, null for NULL. */
export type Row = Readonly<Record<string, string | null>>;

/** One tenant table as experiments aim at it. */
export interface Target {
  readonly table: Table;
  /** Quoted, for statements. */
  readonly relation: string;
  /** `schema.name`, for people. */
  readonly label: string;
  /** The column that says whose a row is: the tenant column, or the key of the table of tenants itself. */
  readonly tenantColumn: string;
  /** Columns that tell one row from another: the primary key, or all columns where there is none. */
  readonly key: readonly string[];
  /** A column that may be set to itself, so that an update reaches the row and changes nothing. */
  readonly touch: string;
  /** Columns that name a user. */
  readonly people: readonly string[];
}

/** `table` as a target; its tenant column is known from `tenancy`. */
export function aimAt(table: Table, tenancy: Tenancy): Target {
  const isTenants = table.schema === tenancy.tenants.schema && table.name === tenancy.tenants.name;
  const tenantColumn = isTenants ? tenancy.tenants.key : tenancy.column;
  const writable = table.columns.filter(
    (column) => column.generated === null && column.identity !== "always",
  );
  const keyed = new Set([tenantColumn, ...table.primaryKey]);
  const touch = writable.find((column) => !keyed.has(column.name)) ?? writable[0];
  return {
    table,
    relation: qualify(table.schema, table.name),
    label: `${table.schema}.${table.name}`,
    tenantColumn,
    key: table.primaryKey.length > 0 ? table.primaryKey : table.columns.map((column) => column.name),
    touch: touch?.name ?? tenantColumn,
    people: table.foreignKeys
      .filter(({ target }) => key(target) === key(peopleTable))
      .flatMap(({ columns }) => columns),
  };
}

/** A value as a literal whose type PostgreSQL infers from where it stands. */
export function literal(value: string | null): string {
  return value === null ? "null" : quoteLiteral(value);
}

/** `a = '1' and b = '2'` for the row's key. */
export function whereRow(target: Target, row: Row): string {
  return target.key.map((column) => condition(column, row[column] ?? null)).join(" and ");
}

/** The rows of one tenant. */
export function whereTenant(target: Target, tenant: string): string {
  return condition(target.tenantColumn, tenant);
}

/** An INSERT of exactly `row`, generated columns left out; a column that is always an identity is overridden. */
export function insertRow(target: Target, row: Row, suffix = ""): string {
  const given = target.table.columns.filter(
    (column) => column.generated === null && row[column.name] !== undefined,
  );
  const overriding = given.some((column) => column.identity === "always") ? " overriding system value" : "";
  const columns = given.map((column) => quoteIdentifier(column.name)).join(", ");
  const values = given.map((column) => literal(row[column.name] ?? null)).join(", ");
  return `insert into ${target.relation} (${columns})${overriding} values (${values})${suffix}`;
}

function condition(column: string, value: string | null): string {
  return value === null
    ? `${quoteIdentifier(column)} is null`
    : `${quoteIdentifier(column)} = ${quoteLiteral(value)}`;
}
