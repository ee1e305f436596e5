import type { Exit } from "../fault/faults.ts";
import type { Check, Findings } from "../rehearsal/findings.ts";
import type { FaultResult, StageResult, Standing } from "./result.ts";

/** All that one rehearsal found out; no value of a row is in it. */
export interface RehearsalResult extends Findings {
  readonly tool: string;
  readonly version: string;
  /** Of the JSON that it is written as. */
  readonly format: 1;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly seed: number;
  readonly engine?: string;
  /** Nobody may be held up for as long; milliseconds. */
  readonly maxStallMs: number;
  readonly masked: boolean;
  readonly stages: readonly StageResult[];
  readonly notes: readonly string[];
  readonly promises: readonly Check[];
  readonly standing: Standing;
  readonly exit: Exit;
  readonly fault?: FaultResult;
}
