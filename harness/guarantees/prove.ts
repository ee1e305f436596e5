import pLimit from "p-limit";
import { Fault, messageOf } from "../fault/fault.ts";
import type { Ground } from "./ground.ts";
import type { Arena, Guarantee } from "./guarantee.ts";
import { Proof } from "./proof.ts";
import type { Site } from "./site.ts";
import type { Verdict } from "./verdict.ts";

/** What became of one guarantee. */
export interface Proven {
  readonly guarantee: Guarantee;
  readonly verdict: Verdict;
  /** Figures that its experiments measured. */
  readonly measurements: readonly string[];
  readonly durationMs: number;
  /** The databases that its experiments ran in; they are there only where the cluster is kept. */
  readonly databases: readonly string[];
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
  await using common = openOnce(() => ground.open("populated"));
  const all = guarantees.map((guarantee) =>
    limit(async () => {
      const startedAt = performance.now();
      const databases: string[] = [];
      const noted = async (opening: Promise<Site>) => {
        const site = await opening;
        databases.push(site.database.name);
        return site;
      };
      const arena: Arena = {
        ...ground,
        open: (template) => noted(ground.open(template)),
        openUnder: (privileges) => noted(ground.openUnder(privileges)),
        share: () => noted(common.open()),
      };
      const proof = new Proof();
      await proveOne(arena, guarantee, proof);
      const proven = {
        guarantee,
        verdict: proof.verdict(),
        measurements: proof.measurements,
        durationMs: performance.now() - startedAt,
        databases,
      };
      onProven?.(proven);
      return proven;
    }),
  );
  try {
    return await Promise.all(all);
  } catch (thrown) {
    // Those under way end with the server; no other is to begin.
    limit.clearQueue();
    throw thrown;
  }
}

/** A site that is opened when it is first asked for, and closed at the end. */
function openOnce(open: () => Promise<Site>): AsyncDisposable & { open(): Promise<Site> } {
  let opened: Promise<Site> | undefined;
  return {
    open() {
      opened ??= open();
      return opened;
    },
    async [Symbol.asyncDispose]() {
      const site = await opened?.catch(() => undefined);
      await site?.[Symbol.asyncDispose]();
    },
  };
}

async function proveOne(ground: Arena, guarantee: Guarantee, proof: Proof): Promise<void> {
  if (guarantee.needsPgaudit && ground.withheld.length > 0) {
    const files = ground.withheld.map(({ file }) => file).join(", ");
    return proof.doubted(`this server has no pgAudit, so ${files} could not be applied`);
  }
  try {
    await guarantee.experiment(ground, proof);
  } catch (thrown) {
    const fault = Fault.in(thrown);
    if (fault) throw fault;
    // An experiment that could not be carried out says nothing of the promise; what it found before still counts.
    proof.doubted(`an experiment could not be carried out: ${messageOf(thrown)}`);
  }
}
