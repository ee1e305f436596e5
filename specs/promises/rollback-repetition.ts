import type { Fault } from "../../harness/fault/fault.ts";
import { changedTables, digestData } from "../../harness/guarantees/digest.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import type { Way } from "../../harness/migrations/apply.ts";
import type { Migration, Plan } from "../../harness/migrations/migration.ts";
import { apply, applyAgain, leftBehind, pictureOf, tellDifference } from "./application.ts";
import { plantLegacy } from "./legacy.ts";
import { scriptsOf, thereAndBack, wayOf } from "./rollback-catalog.ts";

/** Apply, rollback and apply end where the first apply did; in between each script is run twice. */
export async function provesThereAndBack(ground: Ground, proof: Proof): Promise<void> {
  await using site = await ground.open("before");
  const { plan } = ground;
  const applyAll = async (called: string) => {
    const { fault } = await apply(ground, site, plan);
    if (fault) proof.broke(`${called}, ${fault.where}: ${fault.what}`, thereAndBack(plan));
    return fault ? undefined : await pictureOf(site);
  };
  const first = await applyAll("for the first time");
  if (first === undefined) return;
  for (const [index, migration] of [...plan.entries()].toReversed()) {
    const way = wayOf(index, 2);
    const { fault } = await apply(ground, site, scriptsOf([migration]), { way });
    if (fault)
      return proof.broke(`the first rollback, ${way}, ${fault.where}: ${fault.what}`, thereAndBack(plan));
    await provesHarmless(ground, site, proof, migration, way, plan.slice(0, index + 1));
  }
  const second = await applyAll("applied again after the rollback");
  if (second === undefined) return;
  const told = tellDifference(first, second);
  proof.weigh(
    told === "",
    `applied again after its rollback the set ends differently: ${told}`,
    thereAndBack(plan),
  );
}

/** Where the set was never applied, its rollback scripts change nothing: neither the catalog nor the application's rows. */
export async function provesNothingToDo(ground: Ground, proof: Proof): Promise<void> {
  await using site = await ground.open("before");
  const superuser = await site.connection("superuser");
  const legacy = ground.schemaBefore.tables.filter(({ schema }) => schema === "public");
  await superuser.query(plantLegacy);
  const before = await digestData(superuser, legacy);
  for (const [index, migration] of ground.plan.entries())
    await provesHarmless(ground, site, proof, migration, wayOf(index, 0), []);
  const changed = changedTables(before, await digestData(superuser, legacy));
  proof.weigh(
    changed.length === 0,
    `rolled back where it was never applied, the set changes rows of ${changed.join(", ")}`,
    applyAgain(...scriptsOf(ground.plan)),
  );
}

/** The script changes nothing on the site; `applied` is what was applied there, once, before it was rolled back. */
async function provesHarmless(
  ground: Ground,
  site: Site,
  proof: Proof,
  migration: Migration,
  way: Way,
  applied: Plan,
): Promise<void> {
  const when = applied.length > 0 ? "the second time" : "where it was never applied";
  const repeat = applyAgain(migration.rollback);
  const run = (where: Site) => apply(ground, where, scriptsOf([migration]), { way });
  let fault: Fault | undefined;
  const left = await leftBehind(site, async () => {
    ({ fault } = await run(site));
  });
  proof.weigh(fault === undefined, `rollback of ${migration.file} ${when}, ${way}: ${fault?.what}`, repeat);
  if (left.length === 0) return proof.held();
  // Something was written anew; whether it says the same shows in pictures, on a site that stands where this one stood.
  await using another = await ground.open("before");
  await apply(ground, another, applied);
  if (applied.length > 0) await run(another);
  const before = await pictureOf(another);
  await run(another);
  const told = tellDifference(before, await pictureOf(another));
  proof.weigh(
    told === "",
    `rollback of ${migration.file} ${when}, ${way}, changes the catalog: ${told}`,
    repeat,
  );
}
