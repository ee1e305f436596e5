import pLimit from "p-limit";
import { Fault, messageOf } from "../fault/fault.ts";
import type { Ground } from "./ground.ts";
import type { Guarantee } from "./guarantee.ts";
import { Proof } from "./proof.ts";
import type { Verdict } from "./verdict.ts";

/** What became of one guarantee. */
export interface Proven {
  readonly guarantee: Guarantee;
  readonly verdict: Verdict;
  readonly durationMs: number;
}

interface ProveOptions {
  /** How many guarantees are under way at a time; default 3, which keeps two cores busy. */
  readonly concurrency?: number;
  readonly onProven?: (proven: Proven) => void;
}

/**
 * The verdict of every guarantee, in the order given; each has clones of its own, so they run side by side.
 * @throws Fault when no answer could be had at all: the server is gone, the run was interrupted.
 */
export async function proveAll(
  ground: Ground,
  guarantees: readonly Guarantee[],
  { concurrency = 3, onProven }: ProveOptions = {},
): Promise<readonly Proven[]> {
  const limit = pLimit(concurrency);
  return Promise.all(
    guarantees.map((guarantee) =>
      limit(async () => {
        const startedAt = performance.now();
        const verdict = await proveOne(ground, guarantee);
        const proven = { guarantee, verdict, durationMs: performance.now() - startedAt };
        onProven?.(proven);
        return proven;
      }),
    ),
  );
}

async function proveOne(ground: Ground, guarantee: Guarantee): Promise<Verdict> {
  const proof = new Proof();
  try {
    await guarantee.experiment(ground, proof);
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    // An experiment that could not be carried out says nothing of the promise; what it found before still counts.
    proof.doubted(`an experiment could not be carried out: ${messageOf(thrown)}`);
  }
  return proof.verdict();
}
