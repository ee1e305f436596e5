import type { ForeignKey, Table } from "../catalog/model.ts";
import { key } from "../catalog/schema.ts";
import { type Actor, service, signedIn } from "../session/actor.ts";
import type { Outcome } from "../session/outcome.ts";
import { quoteIdentifier } from "../sql/identifier.ts";
import type { Ground } from "./ground.ts";
import { targetsOf, targetsToProve } from "./isolation/isolation.ts";
import { insertRow, literal, type Row, type Target, whereRow } from "./isolation/target.ts";
import type { Proof } from "./proof.ts";
import type { Site } from "./site.ts";

/** A foreign key between two tables of tenants' rows, and the columns that choose the row within the tenant. */
interface Link {
  readonly child: Target;
  readonly parent: Target;
  readonly foreignKey: ForeignKey;
  /** Pairs of child and parent column; the tenant column, when part of the key, is not among them. */
  readonly chosen: readonly (readonly [child: string, parent: string])[];
}

/** No row points to a row of another tenant, and trying to tells nothing of whether that row exists. */
export async function proveReferences(ground: Ground, proof: Proof): Promise<void> {
  await using site = await ground.open("populated");
  const links = linksOf(ground);
  targetsToProve(ground, proof);
  // A schema whose tenant tables refer to nothing but the tenants keeps the promise by having nothing to refer with.
  if (links.length === 0) proof.held();
  for (const link of links) await proveLink(ground, proof, site, link);
}

function linksOf(ground: Ground): Link[] {
  const { tenancy } = ground;
  const targets = targetsOf(ground);
  const find = (table: { readonly schema: string; readonly name: string }) =>
    targets.find((target) => key(target.table) === key(table));
  return targets.flatMap((child) =>
    [...child.table.foreignKeys, ...undeclaredKeys(child, targets)].flatMap((foreignKey) => {
      const parent = find(foreignKey.target);
      if (parent === undefined || key(parent.table) === key(tenancy.tenants)) return [];
      const chosen = foreignKey.columns
        .map((column, index) => [column, foreignKey.target.columns[index] ?? column] as const)
        .filter(([column]) => column !== child.tenantColumn);
      return [{ child, parent, foreignKey, chosen }];
    }),
  );
}

/** Columns that point to a tenant's row by their name alone: `contact_id` where there is a table contacts. */
function undeclaredKeys({ table, tenantColumn }: Target, targets: readonly Target[]): ForeignKey[] {
  const declared = new Set([tenantColumn, ...table.foreignKeys.flatMap(({ columns }) => columns)]);
  return table.columns.flatMap((column) => {
    const [, thing] = /^(.+?)_?[iI][dD]$/.exec(column.name) ?? [];
    if (thing === undefined || declared.has(column.name)) return [];
    return targets.flatMap((parent) => {
      const [id] = parent.table.primaryKey.filter((name) => name !== parent.tenantColumn);
      const type = parent.table.columns.find(({ name }) => name === id)?.type;
      if (id === undefined || type !== column.type || !means(thing, parent.table.name)) return [];
      return [
        {
          name: `${column.name}, without a foreign key,`,
          columns: [column.name],
          target: { schema: parent.table.schema, name: parent.table.name, columns: [id] },
          onDelete: "no action" as const,
          match: "simple" as const,
          deferrable: false,
        },
      ];
    });
  });
}

/** Whether `thing` is one of the plural `table`, said with or without what it is to the row: referred_by_contact. */
function means(thing: string, table: string): boolean {
  const singulars = [table, table.replace(/s$/, ""), table.replace(/ies$/, "y"), table.replace(/es$/, "")];
  return singulars.some((one) => thing === one || thing.endsWith(`_${one}`));
}

async function proveLink(ground: Ground, proof: Proof, site: Site, link: Link): Promise<void> {
  const { child, parent, foreignKey, chosen } = link;
  const { population, society, tenancy } = ground;
  const [foreign] = population.rows(parent.table, society.outsider.tenant);
  const [own] = population.rows(parent.table, society.member.tenant);
  const row = population.newRow(child.table, society.member.tenant, society.member);
  if (!foreign || !own || !row) {
    proof.doubted(`there are no rows to try ${foreignKey.name} of ${child.label} with`);
    return;
  }
  const [stored = await storeRow(site, child, { ...row, ...pointTo(chosen, own) })] = population.rows(
    child.table,
    society.member.tenant,
  );
  if (!stored) proof.doubted(`there is no row of ${child.label} to point elsewhere`);
  const unknown = unknownRow(parent.table, chosen, foreign);
  const allowed = tenancy.access[child.label] ?? [];
  const member = signedIn("a member", tenancy.claims(society.member));
  const tries: readonly [string, Actor, (referenced: Row) => string][] = [
    ...(allowed.includes("INSERT") ? [insertAs(member)] : []),
    ...(allowed.includes("UPDATE") && stored ? [updateAs(member, stored)] : []),
    insertAs(service),
    ...(stored ? [updateAs(service, stored)] : []),
  ];
  function insertAs(actor: Actor): [string, Actor, (referenced: Row) => string] {
    return ["inserts", actor, (referenced) => insertRow(child, { ...row, ...pointTo(chosen, referenced) })];
  }
  function updateAs(actor: Actor, at: Row): [string, Actor, (referenced: Row) => string] {
    return ["updates", actor, (referenced) => updateRow(child, at, pointTo(chosen, referenced))];
  }
  for (const [verb, actor, statement] of tries) {
    const [toOwn, toForeign, toUnknown] = (await site.sessions.attempt(
      [own, foreign, unknown].map((referenced) => ({ actor, sql: statement(referenced) })),
    )) as [Outcome, Outcome, Outcome];
    const sentence = `${actor.name} ${verb} a row of ${child.label} that points to ${parent.label}`;
    // The service may lack the privilege; what it cannot write at all, it cannot write wrongly.
    if (!toOwn.ok && actor === service && toOwn.sqlstate === "42501") continue;
    if (!toOwn.ok) {
      proof.doubted(`${sentence} of their own: ${toOwn.sqlstate} ${toOwn.message}`);
      continue;
    }
    proof.weigh(!toForeign.ok, `${sentence} of another tenant: accepted`, toForeign.repeat);
    if (toForeign.ok || actor === service) continue;
    proof.weigh(
      !toUnknown.ok && toUnknown.sqlstate === toForeign.sqlstate && toUnknown.message === toForeign.message,
      `${sentence} of another tenant: the answer ${answer(toForeign)} tells that the row exists, since an unknown one is answered ${answer(toUnknown)}`,
      toForeign.repeat,
    );
  }
}

/** A row where the population could make none, for want of knowing where to point. */
async function storeRow(site: Site, target: Target, row: Row): Promise<Row | undefined> {
  const keys = target.key.map((column) => `${quoteIdentifier(column)}::text`).join(", ");
  const outcome = await site.superuser.does(insertRow(target, row, ` returning ${keys}`));
  return outcome.ok ? (outcome.rows[0] as Row) : undefined;
}

function pointTo(chosen: Link["chosen"], referenced: Row): Row {
  return Object.fromEntries(chosen.map(([column, target]) => [column, referenced[target] ?? null]));
}

/** Like `row`, but with key values that no row has. */
function unknownRow(parent: Table, chosen: Link["chosen"], row: Row): Row {
  const never = (column: string) => {
    const type = parent.columns.find(({ name }) => name === column)?.baseType ?? "uuid";
    if (type === "uuid") return "eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee";
    return /^(int|numeric|float)/.test(type) ? "2000000011" : "no such row";
  };
  return { ...row, ...Object.fromEntries(chosen.map(([, column]) => [column, never(column)])) };
}

function updateRow(target: Target, at: Row, values: Row): string {
  const set = Object.entries(values).map(
    ([column, value]) => `${quoteIdentifier(column)} = ${literal(value)}`,
  );
  return `update ${target.relation} set ${set.join(", ")} where ${whereRow(target, at)}`;
}

function answer(outcome: Outcome): string {
  return outcome.ok ? "accepted" : `'${outcome.sqlstate} ${outcome.message}'`;
}
