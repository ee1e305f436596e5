import type { FaultResult, PromiseResult, Standing } from "./result.ts";

interface Ending {
  readonly standing: Standing;
  readonly promises: readonly Pick<PromiseResult, "id" | "verdict">[];
  readonly fault?: FaultResult;
}

/** The verdict in one sentence, the first line of every report for people. */
export function sentenceOf({ standing, promises, fault }: Ending): string {
  if (standing === "failed") return `FAILED  ${fault?.code ?? "BUG"}: no verdict could be reached`;
  const checked = promises.reduce((sum, { verdict }) => sum + verdict.checked, 0).toLocaleString("en-US");
  const ids = (state: string) =>
    promises.filter(({ verdict }) => verdict.state === state).map(({ id }) => id);
  const broken = ids("broken");
  const unproven = ids("unproven");
  if (standing === "broken")
    return `BROKEN  ${broken.length} of ${promises.length} promises: ${broken.join(", ")}${
      unproven.length > 0 ? `; unproven: ${unproven.join(", ")}` : ""
    }`;
  if (standing === "unproven")
    return promises.length === 0
      ? "UNPROVEN  no promise was asked for"
      : `UNPROVEN  ${unproven.length} of ${promises.length} promises: ${unproven.join(", ")}`;
  const all = promises.length === 1 ? "the one promise" : `all ${promises.length} promises`;
  return `HELD  ${all}, ${checked} ${checked === "1" ? "experiment" : "experiments"}`;
}
