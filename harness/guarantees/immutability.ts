import { key } from "../catalog/schema.ts";
import { service, signedIn } from "../session/actor.ts";
import type { Outcome } from "../session/outcome.ts";
import { quoteIdentifier, quoteLiteral } from "../sql/identifier.ts";
import type { Ground } from "./ground.ts";
import { targetsToProve } from "./isolation/isolation.ts";
import { insertRow, type Row, type Target, whereRow } from "./isolation/target.ts";
import type { Proof } from "./proof.ts";
import type { Site } from "./site.ts";
import { ownedTargets } from "./tenant-column.ts";
import { plant, variantsOf } from "./variants.ts";
import { withoutComments } from "./words.ts";

interface Writer {
  readonly name: string;
  tries(sql: string): Promise<Outcome>;
}

/** Once written, a row's tenant can be changed or emptied by nobody and in no way; writing the same value is allowed. */
export async function proveImmutability(ground: Ground, proof: Proof): Promise<void> {
  const { tenancy, population, society } = ground;
  await using site = await ground.open("populated");
  targetsToProve(ground, proof);
  for (const target of ownedTargets(ground)) {
    const rows = population.rows(target.table, society.member.tenant);
    if (rows.length === 0) proof.doubted(`${target.label} has no row whose tenant could be changed`);
    const memberWrites = tenancy.access[target.label]?.includes("UPDATE") === true;
    for (const row of rows.slice(0, 1))
      for (const writer of writersOf(ground, site, memberWrites))
        await proveRow(ground, proof, target, row, writer);
    await proveWhateverItHolds(ground, proof, site, target);
  }
}

/** What else is in the row changes nothing, and no setting opens a way: a trigger may ask for both. */
async function proveWhateverItHolds(ground: Ground, proof: Proof, site: Site, target: Target): Promise<void> {
  const { tenancy, society } = ground;
  const { tenant } = society.member;
  const planted = await plant(site, target, variantsOf(ground, target, tenant, society.member));
  const set = `${quoteIdentifier(tenancy.column)} = ${quoteLiteral(society.outsider.tenant)}`;
  const move = (row: Row) => `update ${target.relation} set ${set} where ${whereRow(target, row)}`;
  const weigh = (what: string, outcome: Outcome) =>
    proof.weigh(
      !outcome.ok && outcome.message === tenancy.immutable.message,
      `${what}: ${outcome.ok ? `accepted for ${outcome.count} rows` : `refused with ${outcome.sqlstate} ${outcome.message}`}`,
      outcome,
    );
  const outcomes = await Promise.all(planted.map((row) => site.superuser.tries(move(row))));
  for (const outcome of outcomes)
    weigh(`a superuser changes the tenant of a row of ${target.label}`, outcome);

  const [row] = planted;
  if (row === undefined) return;
  const touch = quoteIdentifier(target.touch);
  for (const name of settingsOf(ground, target))
    for (const value of ["on", "true", "1", society.outsider.tenant]) {
      const opened = `select set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, true)`;
      for (const statement of [
        move(row),
        `update ${target.relation} set ${touch} = ${touch} where ${whereRow(target, row)}`,
      ]) {
        const outcome = await site.superuser.transaction(async (run) => {
          const ended = (await run(opened)).ok && (await run(statement)).ok;
          if (ended)
            await run(
              `select ${quoteIdentifier(tenancy.column)}::text as tenant from ${target.relation} where ${whereRow(target, row)} and ${quoteIdentifier(tenancy.column)} = ${quoteLiteral(tenant)}`,
            );
        });
        const moved = outcome.ok && outcome.count === 0;
        proof.weigh(
          !moved,
          `a superuser who set ${name} to ${value} changes the tenant of a row of ${target.label}`,
          outcome,
        );
      }
    }
}

/** The settings that triggers of the table look at. */
function settingsOf({ schema }: Ground, { table }: Target): readonly string[] {
  const fired = new Set(table.triggers.map((trigger) => key(trigger.function)));
  const sources = schema.routines.filter((routine) => fired.has(key(routine))).map(({ source }) => source);
  const names = sources.flatMap((source) =>
    [...withoutComments(source).matchAll(/current_setting\(\s*'([^']+)'/g)].map(([, name = ""]) => name),
  );
  return [...new Set(names)].filter((name) => name.includes(".") && !name.startsWith("request."));
}

/** Everybody who may write the table at all, up to the superuser. */
function writersOf({ tenancy, society }: Ground, site: Site, memberWrites: boolean): Writer[] {
  const member = site.sessions.as(signedIn("a member", tenancy.claims(society.member)));
  const backend = site.sessions.as(service);
  return [
    ...(memberWrites ? [{ name: "a member", tries: (sql: string) => member.tries(sql) }] : []),
    { name: "the service", tries: (sql) => backend.tries(sql) },
    { name: "the owner", tries: (sql) => site.deployer.tries(sql) },
    { name: "a superuser", tries: (sql) => site.superuser.tries(sql) },
  ];
}

async function proveRow(
  { tenancy, society }: Ground,
  proof: Proof,
  target: Target,
  row: Row,
  { name, tries }: Writer,
): Promise<void> {
  const { sqlstate, message } = tenancy.immutable;
  const other = quoteLiteral(society.outsider.tenant);
  for (const [what, value] of [
    ["changes", other],
    ["empties", "null"],
  ] as const)
    for (const [way, sql] of waysToWrite(target, row, tenancy.column, value)) {
      const outcome = await tries(sql);
      const asPromised = !outcome.ok && outcome.sqlstate === sqlstate && outcome.message === message;
      const end = outcome.ok
        ? `accepted for ${outcome.count} rows`
        : `refused with ${outcome.sqlstate} ${outcome.message}, not with ${sqlstate} ${message}`;
      proof.weigh(asPromised, `${name} ${what} the tenant of ${target.label} by ${way}: ${end}`, outcome);
    }
  for (const [way, sql] of waysToWrite(target, row, tenancy.column, quoteLiteral(society.member.tenant))) {
    const outcome = await tries(sql);
    proof.weigh(
      outcome.ok && outcome.count > 0,
      `${name} may write the same tenant to ${target.label} by ${way}: ${outcome.ok ? "no row" : outcome.message}`,
      outcome,
    );
  }
}

/** Each way to set the row's tenant column to `value`, a SQL expression. */
function waysToWrite(target: Target, row: Row, column: string, value: string): (readonly [string, string])[] {
  const { relation, table } = target;
  const set = `${quoteIdentifier(column)} = ${value}`;
  const here = whereRow(target, row);
  const key = table.primaryKey.map(quoteIdentifier).join(", ");
  const typed = table.columns.find(({ name }) => name === column)?.type ?? "uuid";
  return [
    ["UPDATE", `update ${relation} set ${set} where ${here}`],
    [
      "UPDATE FROM",
      `update ${relation} as target set ${quoteIdentifier(column)} = source.written from (select cast(${value} as ${typed}) as written) source where ${here}`,
    ],
    [
      "MERGE",
      `merge into ${relation} as target using (select 1) source on ${here} when matched then update set ${set}`,
    ],
    ...(key === ""
      ? []
      : [
          [
            "INSERT ON CONFLICT",
            insertRow(target, row, ` on conflict (${key}) do update set ${set}`),
          ] as const,
        ]),
  ];
}
