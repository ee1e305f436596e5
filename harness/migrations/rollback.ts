import { Fault } from "../fault/fault.ts";
import type { Plan } from "./migration.ts";
import { dependentsOf } from "./plan.ts";
import type { Script } from "./script.ts";
import { stemOf } from "./version.ts";

/**
 * The rollback scripts of the migrations that `files` names, in reverse order of `plan`; of all of them by default.
 * A migration may go only with all that requires it. Run them with `applyPlan`.
 * @throws Fault REQUIREMENT_MISSING when a name is unknown, a script is missing, or others must go first.
 */
export function planRollback(
  plan: Plan,
  files: readonly string[] = plan.map(({ file }) => file),
): readonly Script[] {
  const named = new Set(files.map(stemOf));
  const leaving = plan.filter(({ file }) => named.has(stemOf(file)));
  const known = new Set(leaving.map(({ file }) => stemOf(file)));
  const problems = [...named]
    .filter((name) => !known.has(name))
    .map((name) => `${name} is not one of the migrations.`);
  for (const migration of leaving) {
    const { file, rollback } = migration;
    if (rollback === undefined)
      problems.push(`${file} has no rollback script: rollback/${file} is not there.`);
    const first = dependentsOf(migration, plan)
      .filter((other) => !leaving.includes(other))
      .toReversed();
    if (first.length > 0)
      problems.push(`Before ${file}, roll back ${first.map((other) => other.file).join(", ")}.`);
  }
  if (problems.length > 0) {
    const hint = "Name the whole end of the plan, and see that each migration has its rollback script.";
    throw new Fault("REQUIREMENT_MISSING", problems.join("\n"), { hint });
  }
  return leaving.flatMap(({ rollback }) => rollback ?? []).toReversed();
}
