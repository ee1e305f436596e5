// Guarantee: one promise as a record: what it says, what breaks when it is broken, how to mend it, how to prove it.
// Ground: the databases that experiments run on, made from the subject's migrations.
// Proof: what the experiments of one guarantee showed; it weighs them into a verdict.

import type { Ground } from "./ground.ts";
import type { Proof } from "./proof.ts";
import type { Site } from "./site.ts";

/** The ground of all experiments of one run. */
export interface Arena extends Ground {
  /** A clone of `populated` for experiments that leave nothing behind; others use it at the same time, and it stays open. */
  share(): Promise<Site>;
}

export interface Guarantee {
  /** Stable; specs, reports and people quote it. */
  readonly id: string;
  /** A present-tense fact, true when the promise is kept. */
  readonly title: string;
  /** What goes wrong in the world when it is broken. */
  readonly effect: string;
  readonly remedy: string;
  /** Whether it speaks of what a server without pgAudit cannot take; there it is unproven. Default false. */
  readonly needsPgaudit?: boolean;
  /** Runs the experiments and tells `proof` of each. A broken promise is never thrown; what is thrown is a Fault. */
  experiment(ground: Arena, proof: Proof): Promise<void>;
}
