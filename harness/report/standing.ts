import { type Exit, exits } from "../fault/faults.ts";
import type { PromiseResult, Standing } from "./result.ts";

/** The standing and exit code of a run that ended without a fault: broken outweighs unproven, which outweighs holds. */
export function standingOf(promises: readonly Pick<PromiseResult, "verdict">[]): {
  readonly standing: Standing;
  readonly exit: Exit;
} {
  const states = new Set(promises.map(({ verdict }) => verdict.state));
  if (states.has("broken")) return { standing: "broken", exit: exits.broken };
  if (states.has("unproven") || promises.length === 0) return { standing: "unproven", exit: exits.unproven };
  return { standing: "holds", exit: exits.holds };
}
