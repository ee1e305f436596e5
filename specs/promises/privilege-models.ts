import { difference } from "../../harness/catalog/difference.ts";
import type { Picture } from "../../harness/catalog/picture.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { privilegeModels } from "../../harness/platform/platform.ts";
import { apply, applyAgain, pictureOf } from "./application.ts";

/** How the set ended under the project's own model, by who applied it; absent where it did not apply. */
type Endings = Readonly<Record<"deployer" | "superuser", Picture | undefined>>;

/**
 * Applied under the other models of default privileges, by the deployer and by a superuser, the set ends in the same
 * catalog: two endings differ only in what differed before the first migration.
 */
export async function provesBothModels(ground: Ground, proof: Proof, endings: Endings): Promise<void> {
  const { platform, privileges } = ground.project;
  if (platform === "none") return;
  await using own = await ground.open("before");
  const before = await pictureOf(own);
  for (const model of privilegeModels.filter((one) => one !== privileges))
    for (const as of ["deployer", "superuser"] as const) {
      await using site = await ground.openUnder(model);
      const already = new Set(difference(before, await pictureOf(site)).map(({ line }) => line));
      const { fault } = await apply(ground, site, ground.plan, { as });
      const expected = endings[as];
      if (fault)
        proof.broke(
          `under ${model} default privileges, as the ${as}: ${fault.what}`,
          applyAgain(...ground.plan),
        );
      if (fault || expected === undefined) continue;
      const told = difference(expected, await pictureOf(site))
        .map(({ line }) => line)
        .filter((line) => !already.has(line));
      proof.weigh(
        told.length === 0,
        `as the ${as}, the set ends differently under ${privileges} and ${model} default privileges: ${told.slice(0, 8).join("; ")}`,
        `-- under each: harness/platform/supabase/privileges-${privileges}.sql, privileges-${model}.sql\n${applyAgain(...ground.plan)}`,
      );
    }
}
