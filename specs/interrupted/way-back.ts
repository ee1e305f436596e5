import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Migration } from "../../harness/migrations/migration.ts";
import { apply, pictureOf, tellDifference } from "../promises/application.ts";
import { cutOff, makeStage } from "../promises/interruption.ts";
import { legacyRows, tellRows } from "../promises/legacy.ts";
import { requirementsOf } from "../promises/requirements.ts";
import { scriptsOf, thereAndBack, wayOf } from "../promises/rollback-catalog.ts";

/** Cut off after each of its statements, and rolled back instead of applied again, the file leaves what was there before. */
export async function provesWayBack(ground: Ground, proof: Proof, migration: Migration): Promise<void> {
  await using stage = await makeStage(ground, migration);
  await using untouched = await stage.open();
  const catalog = await pictureOf(untouched);
  const rows = await legacyRows(await untouched.connection("superuser"));
  for (const [index] of migration.statements.entries()) {
    await using site = await stage.open();
    await cutOff(site, migration, index + 1);
    const { fault } = await apply(ground, site, scriptsOf([migration]), { way: wayOf(index, 0) });
    const told =
      fault?.what ??
      [
        tellDifference(catalog, await pictureOf(site)),
        tellRows(rows, await legacyRows(await site.connection("superuser"))),
      ].join("");
    proof.weigh(
      told === "",
      `${migration.file}, cut off after statement ${index + 1} and rolled back: ${told}`,
      thereAndBack([...requirementsOf(ground.plan, migration), migration], [migration]),
    );
  }
}
