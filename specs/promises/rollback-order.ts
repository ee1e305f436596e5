import type { Picture } from "../../harness/catalog/picture.ts";
import { Fault } from "../../harness/fault/fault.ts";
import { changedTables, digestData } from "../../harness/guarantees/digest.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Site } from "../../harness/guarantees/site.ts";
import type { Migration, Plan } from "../../harness/migrations/migration.ts";
import { planRollback } from "../../harness/migrations/rollback.ts";
import { parseVersion } from "../../harness/migrations/version.ts";
import {
  type ApplicationOptions,
  apply,
  applyAgain,
  leftBehind,
  messageOf,
  pictureOf,
  tellDifference,
} from "./application.ts";
import { requirementsOf } from "./requirements.ts";
import { scriptsOf, thereAndBack, wayOf } from "./rollback-catalog.ts";
import { allowLoss, permission } from "./rollback-loss.ts";

/** On the way down from the whole set each step restores the picture that was taken there on the way up: every end of the plan. */
export async function provesSuffixes(ground: Ground, proof: Proof): Promise<void> {
  await using site = await ground.open("before");
  const { plan } = ground;
  const pictures: Picture[] = [];
  for (const migration of plan) {
    pictures.push(await pictureOf(site));
    const { fault } = await apply(ground, site, [migration]);
    if (fault) return proof.broke(`${fault.where}: ${fault.what}`, applyAgain(migration));
  }
  for (const [index, migration] of [...plan.entries()].toReversed()) {
    const way = wayOf(index, 1);
    const repeat = thereAndBack(plan, plan.slice(index));
    const { fault } = await apply(ground, site, scriptsOf([migration]), { way });
    if (fault) return proof.broke(`in reverse order, ${way}, ${fault.where}: ${fault.what}`, repeat);
    const told = tellDifference(pictures[index] ?? [], await pictureOf(site));
    proof.weigh(
      told === "",
      `rolled back down to ${migration.file}, ${way}, the catalog is not what it was before it: ${told}`,
      repeat,
    );
  }
}

/** While something that requires a migration is applied, its script refuses, names that, and leaves nothing behind. */
export async function provesOrder(ground: Ground, proof: Proof): Promise<void> {
  const { plan } = ground;
  for (const migration of plan) {
    const dependents = plan.filter((one) => requirementsOf(plan, one).includes(migration));
    if (dependents.length > 0) provesPlanner(plan, migration, dependents, proof);
  }
  await using site = await ground.open("before");
  const applied = new Set<Migration>();
  // For each in turn: only what it requires, and itself, which alone must go first.
  for (const last of plan) {
    const needed = requirementsOf(plan, last);
    const others = plan.filter((one) => applied.has(one) && one !== last && !needed.includes(one));
    const { fault } = await apply(ground, site, [
      ...scriptsOf(others),
      ...[...needed, last].filter((one) => !applied.has(one)),
    ]);
    // What this finds is said by the ends of the plan, or by S1.
    if (fault) return proof.doubted(`the order could not be asked for, ${fault.where}: ${fault.what}`);
    applied.clear();
    for (const one of [...needed, last]) applied.add(one);
    const turn = plan.indexOf(last);
    await provesRefusals(ground, site, proof, needed, last, (index) => ({ way: wayOf(index, turn) }));
  }
  await using populated = await ground.open("populated");
  const last = plan.at(-1);
  const needed = last === undefined ? [] : requirementsOf(plan, last);
  if (last === undefined || needed.length < plan.length - 1) return;
  // With rows, and the permission to lose them, which is none to tear out what others need.
  const superuser = await populated.connection("superuser");
  const tables = ground.schema.tables.filter(({ kind }) => kind !== "foreign");
  const before = await digestData(superuser, tables);
  // Statement by statement, so that what stands outside of a transaction is done before the next is refused.
  await provesRefusals(ground, populated, proof, needed, last, () => ({ way: "psql", settings: permission }));
  const changed = changedTables(before, await digestData(superuser, tables).catch(() => new Map()));
  proof.weigh(
    changed.length === 0,
    `a rollback out of order changes rows of ${changed.join(", ")}`,
    applyAgain(...scriptsOf(needed).toReversed()),
  );
}

async function provesRefusals(
  ground: Ground,
  site: Site,
  proof: Proof,
  needed: Plan,
  last: Migration,
  how: (index: number) => ApplicationOptions,
): Promise<void> {
  if (needed.length === 0) return;
  const applied = `-- where ${last.file} and all that it requires are applied, and nothing else:\n`;
  const left = await leftBehind(site, async () => {
    for (const [index, migration] of needed.entries()) {
      const options = how(index);
      const { fault } = await apply(ground, site, scriptsOf([migration]), options);
      const told = options.settings ? ", although data may be lost," : "";
      proof.weigh(
        fault !== undefined && messageOf(fault).includes(parseVersion(last.file).name),
        `rollback of ${migration.file} while ${last.file} is applied${told} ${fault ? `says ${fault.what}` : "is accepted"}`,
        `${applied}${told && allowLoss}${applyAgain(migration.rollback)}`,
      );
    }
  });
  proof.weigh(
    left.length === 0,
    `a rollback while ${last.file} is applied leaves rows in ${left.join(", ")}: of one of ${needed.map(({ file }) => file).join(", ")}`,
    `${applied}${applyAgain(...scriptsOf(needed).toReversed())}`,
  );
}

/** Whoever asks for the rollback of one migration by name is told what must go with it. */
function provesPlanner(plan: Plan, migration: Migration, dependents: Plan, proof: Proof): void {
  let told = "nothing";
  try {
    planRollback(plan, [migration.file]);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    told = thrown.what;
  }
  proof.weigh(
    dependents.every(({ file }) => told.includes(file)),
    `planning the rollback of ${migration.file} alone says ${told}, which does not name ${dependents.map(({ file }) => file).join(", ")}`,
    `ls migrations/rollback/${migration.file}`,
  );
}
