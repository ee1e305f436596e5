import fc from "fast-check";
import { tenantTables } from "../catalog/tenancy.ts";
import { anon, claimless, signedIn } from "../session/actor.ts";
import { qualify, quoteIdentifier, quoteLiteral } from "../sql/identifier.ts";
import type { Ground } from "./ground.ts";
import type { Proof } from "./proof.ts";
import type { Site } from "./site.ts";

const transactions = 240;

/** Whose rows a request saw depends on its own claims alone, whatever ran before it or beside it on the same connections. */
export async function provePooling(ground: Ground, proof: Proof): Promise<void> {
  const { schema, tenancy } = ground;
  const readable = tenantTables(schema, tenancy.column, tenancy.tenants).filter(
    ({ schema, name }) => tenancy.access[`${schema}.${name}`]?.includes("SELECT") === true,
  );
  if (readable.length === 0) return proof.doubted("there is no table that members may read");
  const columnOf = (table: (typeof readable)[number]) =>
    table.name === tenancy.tenants.name && table.schema === tenancy.tenants.schema
      ? tenancy.tenants.key
      : tenancy.column;
  const look = readable
    .map(
      (table) =>
        `select ${quoteIdentifier(columnOf(table))}::text as tenant from ${qualify(table.schema, table.name)}`,
    )
    .join(" union ");
  const tenantsSeen = `select coalesce(json_agg(distinct tenant order by tenant), '[]') as seen from (${look}) rows`;
  await using site = await ground.open("populated");
  await proveInterleaving(ground, proof, site, tenantsSeen);
  await provePreparedPlans(ground, proof, site, tenantsSeen);
}

/** Everybody, and the tenants they may see. */
function castOf({ society, tenancy }: Ground) {
  return [
    ...society.people.map((person) => ({
      actor: signedIn(`a person of ${person.tenant}`, tenancy.claims(person)),
      sees: [person.tenant],
    })),
    { actor: claimless, sees: [] },
    { actor: anon, sees: undefined },
  ];
}

/** Transactions of everybody in random order over two connections: some commit, some fail, some are cancelled midway. */
async function proveInterleaving(
  ground: Ground,
  proof: Proof,
  site: Site,
  tenantsSeen: string,
): Promise<void> {
  await using narrow = site.openSessions({ size: 2, forgetful: false });
  const cast = castOf(ground);
  const step = fc.record({
    who: fc.constantFrom(...cast),
    how: fc.constantFrom("reads", "reads", "fails", "times out", "sets claims for the session"),
  });
  const steps = fc.sample(step, { numRuns: transactions, seed: ground.seed });
  const [someone] = ground.society.people;
  const planted = JSON.stringify(ground.tenancy.claims(someone ?? ground.society.member));
  await Promise.all(
    steps.map(async ({ who: { actor, sees }, how }) => {
      const session = narrow.as(actor);
      if (how === "fails") await session.does("select 1 / 0");
      else if (how === "times out")
        await session.does("select set_config('statement_timeout', '1', true), pg_sleep(0.005)");
      else if (how === "sets claims for the session")
        await session.does(`select set_config('request.jwt.claims', ${quoteLiteral(planted)}, false)`);
      const outcome = await session.does(tenantsSeen);
      if (sees === undefined) {
        proof.weigh(
          !outcome.ok && outcome.sqlstate === "42501",
          `${actor.name} reads tenant tables after others on the same connection`,
          outcome,
        );
        return;
      }
      const seen = outcome.ok ? JSON.stringify(outcome.rows[0]?.seen) : outcome.message;
      proof.weigh(
        seen === JSON.stringify(sees),
        `${actor.name}, after others on the same connection, sees ${seen} instead of ${JSON.stringify(sees)}`,
        outcome,
      );
    }),
  );
}

/** One prepared statement, run often enough that the server may keep its plan, gives each actor their own rows. */
async function provePreparedPlans(
  ground: Ground,
  proof: Proof,
  site: Site,
  tenantsSeen: string,
): Promise<void> {
  const cast = castOf(ground).filter(({ sees }) => sees !== undefined);
  await site.sessions.prepared(tenantsSeen, async (runAs) => {
    for (let round = 0; round < 8; round += 1)
      for (const { actor, sees } of cast) {
        const outcome = await runAs(actor);
        const seen = outcome.ok ? JSON.stringify(outcome.rows[0]?.seen) : outcome.message;
        proof.weigh(
          seen === JSON.stringify(sees),
          `${actor.name}, with a statement that others prepared, sees ${seen} instead of ${JSON.stringify(sees)}`,
          outcome,
        );
      }
  });
}
