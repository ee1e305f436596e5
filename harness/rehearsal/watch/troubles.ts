// Trouble: rows of the snapshot that a migration cannot bear, named by their keys.

import { type Node, parse } from "libpg-query";
import type { Connection } from "../../engine/connection.ts";
import type { Plan } from "../../migrations/migration.ts";
import { quoteIdentifier } from "../../sql/identifier.ts";
import { readStoredTables, type StoredTable } from "../data/stored-tables.ts";
import type { FileRun } from "./facts.ts";

const mostKeys = 10;

interface Query {
  readonly what: string;
  readonly table: StoredTable;
  /** Of rows of `t`. */
  readonly where: string;
}

/**
 * Which rows of the database, as it is after the failure, keep the failed statement from succeeding: a line each, by keys
 * alone. None where the error is no matter of rows, or the statement is not one that can be turned into a question.
 */
export async function troublesOf(
  { superuser }: { readonly superuser: Connection },
  run: FileRun,
  plan: Plan,
): Promise<readonly string[]> {
  const { sqlstate = "", where = "" } = run.error ?? {};
  if (!/^23/.test(sqlstate)) return [];
  const script = plan.find(({ file }) => file === run.file);
  const line = Number(/:(\d+):\d+$/.exec(where)?.[1]);
  const statement = script?.statements.find(({ start }) => start.line === line);
  if (statement === undefined) return [];
  const tables = await readStoredTables(superuser);
  const [raw] = (await parse(statement.text)).stmts ?? [];
  const queries = raw?.stmt ? queriesOf(raw.stmt, tables) : [];
  const told: string[] = [];
  for (const query of queries) {
    const line = await ask(superuser, query).catch(() => undefined);
    if (line) told.push(line);
  }
  return told;
}

async function ask(superuser: Connection, { what, table, where }: Query): Promise<string | undefined> {
  const key = table.columns.filter(({ number }) => table.key.includes(number));
  const tellable = key.length > 0 && key.every(({ type }) => /^(uuid|smallint|integer|bigint)$/.test(type));
  const name = key
    .map((column) => `'${column.name.replaceAll("'", "''")} ' || t.${quoteIdentifier(column.name)}::text`)
    .join(" || ' ' || ");
  const { rows } = await superuser.query(
    `select count(*)::float8 as count, coalesce((array_agg(${tellable ? name : "null::text"}))[1:${mostKeys}], '{}') as keys from ${table.name} as t where ${where}`,
  );
  const { count, keys } = rows[0] as { count: number; keys: (string | null)[] };
  if (count === 0) return undefined;
  const named = keys.filter((one) => one !== null);
  return `${count.toLocaleString("en-US")} ${count === 1 ? "row" : "rows"} of ${table.name} ${what}${named.length > 0 ? `: ${named.join(", ")}${count > named.length ? ", ..." : ""}` : ""}`;
}

interface RangeVar {
  readonly schemaname?: string;
  readonly relname?: string;
}

function queriesOf(node: Node, tables: readonly StoredTable[]): readonly Query[] {
  const find = ({ schemaname = "public", relname = "" }: RangeVar = {}) =>
    tables.find(({ name }) => name === `${plain(schemaname)}.${plain(relname)}`);
  if ("IndexStmt" in node) {
    const { unique, relation, indexParams = [], whereClause } = node.IndexStmt;
    const table = find(relation as RangeVar);
    const columns = indexParams.map((param) => ("IndexElem" in param ? param.IndexElem.name : undefined));
    if (!unique || !table || whereClause || columns.some((column) => !column)) return [];
    return [duplicates(table, columns as string[])];
  }
  if (!("AlterTableStmt" in node)) return [];
  const table = find(node.AlterTableStmt.relation as RangeVar);
  if (!table) return [];
  return (node.AlterTableStmt.cmds ?? []).flatMap((command): readonly Query[] => {
    if (!("AlterTableCmd" in command)) return [];
    const { subtype, name, def } = command.AlterTableCmd;
    if (subtype === "AT_SetNotNull" && name)
      return [{ what: `have no ${name}`, table, where: `t.${quoteIdentifier(name)} is null` }];
    if (!def || !("Constraint" in def)) return [];
    const { contype, keys = [], fk_attrs = [], pk_attrs = [], pktable } = def.Constraint;
    if (contype === "CONSTR_UNIQUE" || contype === "CONSTR_PRIMARY") return [duplicates(table, texts(keys))];
    if (contype !== "CONSTR_FOREIGN") return [];
    const parent = find(pktable as RangeVar);
    const [own, theirs] = [texts(fk_attrs), texts(pk_attrs)];
    if (!parent || own.length === 0) return [];
    const target = theirs.length > 0 ? theirs : keyNames(parent);
    const pairs = own.map(
      (column, index) => `parent.${quoteIdentifier(target[index] ?? "")} = t.${quoteIdentifier(column)}`,
    );
    const present = own.map((column) => `t.${quoteIdentifier(column)} is not null`);
    return [
      {
        what: `point to no row of ${parent.name} by ${own.join(", ")}`,
        table,
        where: `${present.join(" and ")} and not exists (select from ${parent.name} as parent where ${pairs.join(" and ")})`,
      },
    ];
  });
}

function duplicates(table: StoredTable, columns: readonly string[]): Query {
  const list = columns.map((column) => `t.${quoteIdentifier(column)}`).join(", ");
  const others = columns.map((column) => `other.${quoteIdentifier(column)}`).join(", ");
  return {
    what: `share their ${columns.join(", ")} with another`,
    table,
    where: `(${list}) in (select ${others} from ${table.name} as other group by ${others} having count(*) > 1)`,
  };
}

function keyNames(table: StoredTable): string[] {
  return table.columns.filter(({ number }) => table.key.includes(number)).map(({ name }) => name);
}

function texts(nodes: readonly Node[]): string[] {
  return nodes.flatMap((node) => ("String" in node ? (node.String.sval ?? "") : []));
}

/** As SQL writes a name that needs no quotes; others are quoted. */
function plain(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : quoteIdentifier(name);
}
