import type { FaultResult, PromiseResult, Standing } from "./result.ts";

interface Ending {
  readonly standing: Standing;
  readonly promises: readonly Pick<PromiseResult, "id" | "verdict">[];
  readonly fault?: FaultResult;
}

/** What was judged, as it is called. */
interface Noun {
  readonly one: string;
  readonly many: string;
}

/** The verdict in one sentence, the first line of every report for people. */
export function sentenceOf(
  { standing, promises, fault }: Ending,
  { one, many }: Noun = { one: "promise", many: "promises" },
): string {
  if (standing === "failed") return `FAILED  ${fault?.code ?? "BUG"}: no verdict could be reached`;
  const checked = promises.reduce((sum, { verdict }) => sum + verdict.checked, 0).toLocaleString("en-US");
  const ids = (state: string) =>
    promises.filter(({ verdict }) => verdict.state === state).map(({ id }) => id);
  const broken = ids("broken");
  const unproven = ids("unproven");
  if (standing === "broken")
    return `BROKEN  ${broken.length} of ${promises.length} ${many}: ${broken.join(", ")}${
      unproven.length > 0 ? `; unproven: ${unproven.join(", ")}` : ""
    }`;
  if (standing === "unproven")
    return promises.length === 0
      ? `UNPROVEN  no ${one} was asked for`
      : `UNPROVEN  ${unproven.length} of ${promises.length} ${many}: ${unproven.join(", ")}`;
  const all = promises.length === 1 ? `the one ${one}` : `all ${promises.length} ${many}`;
  return `HELD  ${all}, ${checked} ${checked === "1" ? "experiment" : "experiments"}`;
}
