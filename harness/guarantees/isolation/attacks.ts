import { quoteIdentifier, quoteLiteral } from "../../sql/identifier.ts";
import { basicPlants, plants } from "./plants.ts";
import { type Row, type Target, whereRow, whereTenant } from "./target.ts";

/** How an attack that succeeded would show. */
export type Sign =
  /** It answered or touched at least one row more than `own`. */
  | { readonly kind: "rows"; readonly own: number }
  /** It wrote a row. */
  | { readonly kind: "accepted" }
  /** The server did not refuse it. */
  | { readonly kind: "permitted" };

/** One statement that must not reach another tenant's row. */
export interface Attack {
  /** Completes the sentence "an outsider ...". */
  readonly what: string;
  readonly sql: string;
  readonly sign: Sign;
}

/** What an attacker knows and owns. */
export interface Situation {
  /** The tenant under attack, and one of its rows. */
  readonly victim: string;
  readonly victimRow: Row;
  /** A valid row of the victim's that is not there yet. */
  readonly victimNewRow: Row | undefined;
  /** The attacker's own tenant and one of its rows, where they have any. */
  readonly own: { readonly tenant: string; readonly row: Row | undefined } | undefined;
  /** How many rows are the attacker's own tenant's, or no tenant's: they may be reached. */
  readonly reachable: number;
  /** Who the attacker is, where they are signed in. */
  readonly person?: string | undefined;
}

/** Every way to read, change, remove or plant the victim's rows in `target`. */
export function attacksOn(target: Target, situation: Situation): Attack[] {
  return [
    ...reads(target, situation),
    ...updates(target, situation),
    ...deletes(target, situation),
    ...plants(target, situation),
    ...moves(target, situation),
  ];
}

/** Each command once, for an attacker who owns nothing of `target`. */
export function commandsOn(target: Target, situation: Situation): Attack[] {
  return [...sweeps(target), ...basicPlants(target, situation)];
}

const none: Sign = { kind: "rows", own: 0 };

/** The whole of `target`, read, changed and removed, for an attacker who owns nothing of it. */
export function sweeps(target: Target): Attack[] {
  const { relation, label } = target;
  const touch = quoteIdentifier(target.touch);
  return [
    { what: `reads all of ${label}`, sql: `select * from ${relation}`, sign: none },
    { what: `copies ${label} out`, sql: `copy ${relation} to stdout`, sign: none },
    ...overwrites(target),
    { what: `updates every row of ${label}`, sql: `update ${relation} set ${touch} = ${touch}`, sign: none },
    { what: `deletes every row of ${label}`, sql: `delete from ${relation}`, sign: none },
  ];
}

function reads(target: Target, { victim, victimRow, reachable }: Situation): Attack[] {
  const { relation, label } = target;
  const theirs = whereTenant(target, victim);
  const visible: Sign = { kind: "rows", own: reachable };
  return [
    { what: `reads all of ${label}`, sql: `select * from ${relation}`, sign: visible },
    {
      what: `reads the tenant's rows of ${label}`,
      sql: `select * from ${relation} where ${theirs}`,
      sign: none,
    },
    {
      what: `looks up a row of ${label} by its key`,
      sql: `select 1 from ${relation} where ${whereRow(target, victimRow)}`,
      sign: none,
    },
    {
      what: `counts the tenant's rows of ${label}`,
      sql: `select n from (select count(*) as n from ${relation} where ${theirs}) counted where n > 0`,
      sign: none,
    },
    {
      what: `locks the tenant's rows of ${label}`,
      sql: `select 1 from ${relation} where ${theirs} for update`,
      sign: none,
    },
    {
      what: `copies the tenant's rows of ${label} out`,
      sql: `copy (select * from ${relation} where ${theirs}) to stdout`,
      sign: none,
    },
    { what: `copies ${label} out`, sql: `copy ${relation} to stdout`, sign: visible },
  ];
}

function updates(target: Target, { victim, victimRow, reachable }: Situation): Attack[] {
  const { relation, label } = target;
  const touch = quoteIdentifier(target.touch);
  const update = `update ${relation} set ${touch} = ${touch}`;
  const key = whereRow(target, victimRow);
  return [
    ...(reachable > 0 ? [] : overwrites(target)),
    { what: `updates every row of ${label}`, sql: update, sign: { kind: "rows", own: reachable } },
    {
      what: `updates the tenant's rows of ${label}`,
      sql: `${update} where ${whereTenant(target, victim)}`,
      sign: none,
    },
    { what: `updates a row of ${label} by its key`, sql: `${update} where ${key}`, sign: none },
    {
      what: `updates a row of ${label} and reads it back`,
      sql: `${update} where ${key} returning *`,
      sign: none,
    },
    {
      what: `merges into a row of ${label}`,
      sql: `merge into ${relation} as target using (select 1) as source on ${key} when matched then update set ${touch} = target.${touch}`,
      sign: none,
    },
  ];
}

/**
 * Updates that read no column, so that only the UPDATE policy stands in the way: where one is read, the SELECT policy
 * must let the row pass as well. For whoever owns no row there: their own would be overwritten first.
 */
function overwrites({ relation, label, touch, tenantColumn }: Target): Attack[] {
  const columns = new Set([touch, tenantColumn]);
  return [...columns].map((column) => ({
    what: `overwrites ${column} in every row of ${label}`,
    sql: `update ${relation} set ${quoteIdentifier(column)} = default`,
    sign: none,
  }));
}

function deletes(target: Target, { victim, victimRow, reachable }: Situation): Attack[] {
  const { relation, label } = target;
  const aimed: Attack[] = [
    {
      what: `deletes the tenant's rows of ${label}`,
      sql: `delete from ${relation} where ${whereTenant(target, victim)}`,
      sign: none,
    },
    {
      what: `deletes a row of ${label} by its key`,
      sql: `delete from ${relation} where ${whereRow(target, victimRow)}`,
      sign: none,
    },
    {
      what: `deletes a row of ${label} through MERGE`,
      sql: `merge into ${relation} as target using (select 1) as source on ${whereRow(target, victimRow)} when matched then delete`,
      sign: none,
    },
  ];
  // Whoever owns rows there would delete them first, and their own foreign keys would hide the rest.
  if (reachable > 0) return aimed;
  return [{ what: `deletes every row of ${label}`, sql: `delete from ${relation}`, sign: none }, ...aimed];
}

function moves(target: Target, { victim, victimRow, own }: Situation): Attack[] {
  if (own === undefined) return [];
  const { relation, label } = target;
  const tenant = quoteIdentifier(target.tenantColumn);
  const steal: Attack = {
    what: `moves a row of ${label} into their own tenant`,
    sql: `update ${relation} set ${tenant} = ${quoteLiteral(own.tenant)} where ${whereRow(target, victimRow)}`,
    sign: none,
  };
  if (own.row === undefined) return [steal];
  const give = `update ${relation} set ${tenant} = ${quoteLiteral(victim)}`;
  return [
    steal,
    {
      what: `moves a row of ${label} into the tenant`,
      sql: `${give} where ${whereRow(target, own.row)}`,
      sign: none,
    },
    { what: `moves every row of ${label} into the tenant`, sql: give, sign: none },
  ];
}
