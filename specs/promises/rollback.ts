import { dirname } from "node:path";
import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import { provesReturn, provesWhatWasThereStays } from "./rollback-catalog.ts";
import { provesLegacyDataStay } from "./rollback-legacy.ts";
import { provesRefusal } from "./rollback-loss.ts";
import { provesOrder, provesSuffixes } from "./rollback-order.ts";
import { provesNothingToDo, provesThereAndBack } from "./rollback-repetition.ts";

/** R: how the set is taken back. */
export const rollback: readonly Guarantee[] = (
  [
    {
      id: "R1",
      title: "each migration has a rollback script, after which the catalog is exactly what it was before",
      effect: "A release that was taken back leaves pieces behind, and the next attempt meets them.",
      remedy: "Drop in the script what the migration made, restore what it changed, and touch nothing else.",
      experiment: (ground, proof) =>
        Promise.all([provesReturn(ground, proof), provesWhatWasThereStays(ground, proof)]),
    },
    {
      id: "R2",
      title:
        "the set rolls back in reverse order, whole or any end of it; a script out of order says what must go first",
      effect: "Half a schema without the other half that it needs, in the middle of an incident.",
      remedy: "Open each script with a check that names every migration that needs what it takes away.",
      experiment: (ground, proof) => Promise.all([provesSuffixes(ground, proof), provesOrder(ground, proof)]),
    },
    {
      id: "R3",
      title: "legacy webhook events and calls are the same, byte for byte, after apply and rollback",
      effect: "Taking back a migration loses what the application had before it.",
      remedy:
        "Put the orphans back where they came from, with every old column, before their table is dropped.",
      experiment: provesLegacyDataStay,
    },
    {
      id: "R4",
      title:
        "a rollback that would lose data refuses and says how many rows, unless tenantproof.allow_data_loss is on",
      effect: "Rolling back a release deletes what customers wrote since.",
      remedy:
        "Count what would be lost under the lock that dropping takes; raise, or warn when it is allowed.",
      experiment: provesRefusal,
    },
    {
      id: "R5",
      title: "what was rolled back can be applied again, and a rollback with nothing to do is harmless",
      effect: "After one rollback the next release cannot be applied, or a repeated command makes it worse.",
      remedy: "Drop only what is there, and leave nothing that the migration would trip over.",
      experiment: (ground, proof) =>
        Promise.all([provesThereAndBack(ground, proof), provesNothingToDo(ground, proof)]),
    },
  ] satisfies (Omit<Guarantee, "experiment"> & {
    experiment(...given: Parameters<Guarantee["experiment"]>): Promise<unknown>;
  })[]
).map((guarantee) => ({
  ...guarantee,
  async experiment(ground, proof) {
    const bare = ground.plan.filter(({ rollback }) => rollback === undefined);
    for (const { file, path } of bare)
      proof.broke(`${file} has no rollback script`, `\\! ls ${dirname(path)}/rollback`);
    if (bare.length === 0) await guarantee.experiment(ground, proof);
  },
}));
