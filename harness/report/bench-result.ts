import type { Findings } from "../bench/result.ts";
import type { Exit } from "../fault/faults.ts";
import type { FaultResult, StageResult, Standing } from "./result.ts";

/** All that one run of the bench found out; written to bench.json and read again for a history. */
export interface BenchResult extends Findings {
  readonly tool: string;
  readonly version: string;
  /** Of this shape; a reader refuses another. */
  readonly format: 1;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly seed: number;
  readonly engine?: string;
  readonly machine: { readonly cores: number; readonly load: readonly [before: number, after: number] };
  /** Of each table, and over how many tenants. */
  readonly rows: number;
  readonly tenants: number;
  /** The commit that was measured, where the migrations are in a repository: short name, and a mark when it was changed since. */
  readonly revision?: string;
  readonly stages: readonly StageResult[];
  readonly notes: readonly string[];
  readonly standing: Standing;
  readonly exit: Exit;
  readonly fault?: FaultResult;
}
