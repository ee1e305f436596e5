import { key } from "../../catalog/schema.ts";
import { anon, signedIn } from "../../session/actor.ts";
import { quoteIdentifier } from "../../sql/identifier.ts";
import { changedTables, digestData } from "../digest.ts";
import type { Ground } from "../ground.ts";
import { targetsOf } from "../isolation/isolation.ts";
import { judge } from "../isolation/judgement.ts";
import { insertRow, literal, type Row, whereRow } from "../isolation/target.ts";
import type { Proof } from "../proof.ts";
import type { Site } from "../site.ts";
import { freeColumns } from "../variants.ts";
import { callsOf } from "./calls.ts";
import { preyOf } from "./prey.ts";
import { writesThrough } from "./relations.ts";
import { callable } from "./routines.ts";

/** What members and anon may do, done for good: no row of another tenant is another afterwards. */
export async function proveNothingChanged(ground: Ground, proof: Proof): Promise<void> {
  const { society, tenancy } = ground;
  const victim = society.outsider.tenant;
  await using site = await ground.open("populated");
  const nobody = [anon, signedIn("a newcomer whose tenant has no rows", tenancy.claims(society.newcomer))];
  const writes = writesThrough(ground, nobody, victim);
  const outcomes = await site.sessions.attempt(writes);
  writes.forEach(({ actor, sql, door }, index) => {
    const outcome = outcomes[index];
    if (!outcome) return;
    const attack = { what: "", sql, sign: { kind: "rows", own: 0 } } as const;
    const judgement = judge(attack, outcome, tenancy);
    if (judgement.kind === "unclear") return;
    proof.weigh(
      judgement.kind === "stopped",
      `${actor.name} writes another tenant's rows through ${door}`,
      outcome,
    );
  });
  await whileUnchanged(ground, proof, site, "what a member writes into their own rows", () =>
    writeOwn(ground, site, victim),
  );

  const prey = preyOf(ground, victim);
  const actors = [
    anon,
    signedIn("a member", tenancy.claims(society.member)),
    signedIn("a member without claims of a tenant", { sub: society.newcomer.id }),
  ];
  // The others may not write, says the server.
  for (const routine of callable(ground).filter(({ volatility }) => volatility === "volatile")) {
    const calls = callsOf(ground, routine, actors, prey);
    await whileUnchanged(ground, proof, site, `${key(routine)}, called by a member or anon,`, async () => {
      const scripts: string[] = [];
      for (const { actor, sql } of calls) {
        const outcome = await site.sessions.as(actor).does(sql);
        if (outcome.ok) scripts.push(outcome.repeat);
      }
      return scripts.at(0) ?? "";
    });
  }
}

/** Compares the victim's rows before and after `work`, which answers with what repeats it. */
async function whileUnchanged(
  ground: Ground,
  proof: Proof,
  site: Site,
  who: string,
  work: () => Promise<string>,
): Promise<void> {
  const { society, tenancy } = ground;
  const tables = targetsOf(ground).map(({ table }) => table);
  const theirs = {
    where: {
      column: (table: (typeof tables)[number]) =>
        key(table) === key(tenancy.tenants) ? tenancy.tenants.key : tenancy.column,
      value: society.outsider.tenant,
    },
  };
  const superuser = await site.connection("superuser");
  const before = await digestData(superuser, tables, theirs);
  const repeat = await work();
  const changed = changedTables(before, await digestData(superuser, tables, theirs));
  proof.weigh(changed.length === 0, `${who} changes another tenant's rows of ${changed.join(", ")}`, repeat);
}

/** A member inserts, updates and deletes rows of their own that look like the victim's; triggers may mistake them. */
async function writeOwn(ground: Ground, site: Site, victim: string): Promise<string> {
  const { society, tenancy, population } = ground;
  const session = site.sessions.as(signedIn("a member", tenancy.claims(society.member)));
  const scripts: string[] = [];
  const write = async (sql: string) => {
    const outcome = await session.does(sql);
    if (outcome.ok) scripts.push(outcome.repeat);
    return outcome;
  };
  for (const target of targetsOf(ground)) {
    if (!tenancy.access[target.label]?.includes("INSERT")) continue;
    const fresh = population.newRow(target.table, society.member.tenant, society.member);
    const [theirs] = population.rows(target.table, victim);
    if (!fresh || !theirs) continue;
    const copied: Row = Object.fromEntries(
      freeColumns(target).map(({ name }) => [name, theirs[name] ?? null]),
    );
    const keys = target.key.map((column) => `${quoteIdentifier(column)}::text`).join(", ");
    const inserted = await write(insertRow(target, { ...fresh, ...copied }, ` returning ${keys}`));
    if (!inserted.ok) continue;
    const here = whereRow(target, inserted.rows[0] as Row);
    for (const [column, value] of Object.entries(copied))
      await write(
        `update ${target.relation} set ${quoteIdentifier(column)} = ${literal(value)} where ${here}`,
      );
    await write(`delete from ${target.relation} where ${here}`);
  }
  return scripts.join("\n");
}
