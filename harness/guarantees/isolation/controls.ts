import { quoteIdentifier } from "../../sql/identifier.ts";
import type { Command } from "../tenancy.ts";
import { insertRow, type Row, type Target, whereRow, whereTenant } from "./target.ts";

/** One statement by which the owner of a row reaches it; without it, nobody's being denied proves isolation. */
export interface Control {
  readonly command: Command;
  /** Completes the sentence "a member ...". */
  readonly what: string;
  readonly sql: string;
}

/** What a member of `tenant` must be able to do. Of the rows, one is enough: others may be a colleague's, or be referred to. */
export function controlsFor(
  target: Target,
  tenant: string,
  { rows, newRow }: { readonly rows: readonly Row[]; readonly newRow: Row | undefined },
): Control[] {
  return [
    ...readsOf(target, tenant),
    ...(newRow === undefined ? [] : insertsOf(target, newRow)),
    ...rows.flatMap((row) => updatesOf(target, row)),
    ...rows.map((row) => deleteOf(target, row)),
  ];
}

function readsOf(target: Target, tenant: string): Control[] {
  const { relation, label } = target;
  const own = whereTenant(target, tenant);
  return [
    {
      command: "SELECT",
      what: `reads their own rows of ${label}`,
      sql: `select 1 from ${relation} where ${own}`,
    },
    {
      command: "SELECT",
      what: `copies their own rows of ${label} out`,
      sql: `copy (select * from ${relation} where ${own}) to stdout`,
    },
  ];
}

function insertsOf(target: Target, row: Row): Control[] {
  const { label } = target;
  return [
    { command: "INSERT", what: `inserts a row into ${label}`, sql: insertRow(target, row) },
    {
      command: "INSERT",
      what: `inserts a row into ${label} and reads it back`,
      sql: insertRow(target, row, " returning *"),
    },
  ];
}

function updatesOf(target: Target, row: Row): Control[] {
  const { relation, label } = target;
  const touch = quoteIdentifier(target.touch);
  const update: Control = {
    command: "UPDATE",
    what: `updates their own row of ${label}`,
    sql: `update ${relation} set ${touch} = ${touch} where ${whereRow(target, row)}`,
  };
  const key = target.table.primaryKey.map(quoteIdentifier).join(", ");
  if (key === "") return [update];
  const upsert = insertRow(target, row, ` on conflict (${key}) do update set ${touch} = excluded.${touch}`);
  return [update, { command: "UPDATE", what: `upserts their own row of ${label}`, sql: upsert }];
}

function deleteOf(target: Target, row: Row): Control {
  const sql = `delete from ${target.relation} where ${whereRow(target, row)}`;
  return { command: "DELETE", what: `deletes a row of ${target.label}`, sql };
}
