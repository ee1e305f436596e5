// Findings: all that a rehearsal saw, as plain data. Check: one thing that a deploy must not do, with its verdict.

import type { Verdict } from "../guarantees/verdict.ts";
import type { WayBack } from "./back/way-back.ts";
import type { DataComparison } from "./data/compare.ts";
import type { BrokenKey } from "./data/foreign-keys.ts";
import type { Pending } from "./pending/pending.ts";
import type { QueueTest } from "./queue.ts";
import type { TrafficSummary } from "./traffic/summary.ts";
import type { FileRun } from "./watch/facts.ts";

export interface Check {
  readonly id: string;
  /** A present-tense fact, true when nothing is wrong. */
  readonly title: string;
  readonly effect: string;
  readonly remedy: string;
  readonly verdict: Verdict;
  readonly durationMs: number;
}

export interface SnapshotFacts {
  /** The snapshot's kind, version and size; not where it lies. */
  readonly description: string;
  readonly restoreMs: number;
  /** Of the restored database. */
  readonly bytes: number;
  readonly tables: number;
  readonly rows: number;
  readonly supplied: readonly string[];
  readonly explained: readonly string[];
}

export interface Findings {
  readonly snapshot?: SnapshotFacts;
  readonly pending?: Pick<Pending, "source" | "reasons">;
  /** Every pending file that was run, alone in the database. */
  readonly files?: readonly FileRun[];
  readonly data?: DataComparison;
  readonly keys?: { readonly checked: number; readonly broken: readonly BrokenKey[] };
  readonly wayBack?: WayBack;
  /** The same files with traffic beside them. */
  readonly traffic?: { readonly summary: TrafficSummary; readonly files: readonly FileRun[] };
  readonly queues?: readonly QueueTest[];
}
