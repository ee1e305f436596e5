import type { Outcome } from "../../session/outcome.ts";
import type { Proof } from "../proof.ts";
import type { Tenancy } from "../tenancy.ts";
import type { Attack } from "./attacks.ts";

/** What an attack showed: it was stopped, it got through, or nothing can be told from how it ended. */
export type Judgement =
  | { readonly kind: "stopped" }
  | { readonly kind: "through"; readonly how: string }
  | { readonly kind: "unclear"; readonly why: string };

const insufficientPrivilege = "42501";
const featureNotSupported = "0A000";
const infinitePolicyRecursion = "42P17";

/** Weighs how `attack` ended. An error is a denial only when it says so; a constraint is none, since the policy had let it pass. */
export function judge(attack: Attack, outcome: Outcome, tenancy: Tenancy): Judgement {
  if (outcome.ok) {
    if (attack.sign.kind === "permitted") return { kind: "through", how: "the server took it" };
    const own = attack.sign.kind === "rows" ? attack.sign.own : 0;
    if (outcome.count <= own) return { kind: "stopped" };
    return { kind: "through", how: `${outcome.count} rows, of which ${own} may be reached` };
  }
  const { sqlstate, message } = outcome;
  // Of rows that USING hides there is no new version to check: that one was checked tells that they are there.
  if (
    attack.sign.kind === "rows" &&
    attack.sign.own === 0 &&
    message.startsWith("new row violates row-level security")
  )
    return {
      kind: "through",
      how: `USING let it pass, and only WITH CHECK stopped it (${sqlstate} ${message})`,
    };
  if (sqlstate === insufficientPrivilege) return { kind: "stopped" };
  if (sqlstate === tenancy.immutable.sqlstate && message === tenancy.immutable.message)
    return { kind: "stopped" };
  // COPY FROM is not supported under row-level security.
  if (attack.sign.kind === "permitted" && sqlstate === featureNotSupported) return { kind: "stopped" };
  if (sqlstate === infinitePolicyRecursion)
    return { kind: "through", how: `the policies refer to each other without end (${message})` };
  if (sqlstate.startsWith("23"))
    return {
      kind: "through",
      how: `policies let it pass, only a constraint stopped it (${sqlstate} ${message})`,
    };
  return { kind: "unclear", why: `ended in ${sqlstate} ${message}` };
}

/** What the attack showed goes into the proof; `sentence` says who did what. */
export function weigh(
  proof: Proof,
  attack: Attack,
  sentence: string,
  outcome: Outcome,
  tenancy: Tenancy,
): void {
  const judgement = judge(attack, outcome, tenancy);
  if (judgement.kind === "stopped") proof.held();
  else if (judgement.kind === "through") proof.broke(`${sentence}: ${judgement.how}`, outcome);
  else proof.doubted(`${sentence}: ${judgement.why}`);
}
