// Promise: one numbered sentence that a database keeps or breaks; guarantees prove it.
// Result: all that one run found out, as plain data; every output format is drawn from it and from nothing else.
// Standing: the one word that a run ends in.

import type { Exit, FaultCode } from "../fault/faults.ts";
import type { Verdict } from "../guarantees/verdict.ts";

export interface PromiseResult {
  readonly id: string;
  /** A present-tense fact, true when the promise is kept. */
  readonly title: string;
  /** What goes wrong in the world when the promise is broken. */
  readonly effect: string;
  readonly remedy: string;
  readonly verdict: Verdict;
  readonly durationMs: number;
  /** With --keep, for what does not hold: where its experiments ran. */
  readonly databases?: readonly KeptDatabase[];
}

/** A database that is there after the run. */
export interface KeptDatabase {
  readonly name: string;
  /** A command for a shell. */
  readonly connect: string;
}

/** A database that nobody may enter, to be copied. */
export interface KeptTemplate {
  /** "before" the first migration, "migrated" after the last, "populated" with two tenants in it. */
  readonly template: string;
  readonly name: string;
  /** A command for a shell. */
  readonly copy: string;
}

export interface StageResult {
  readonly name: string;
  /** What it did, for people: the engine chosen, how many files. */
  readonly detail: string;
  readonly durationMs: number;
}

export interface FaultResult {
  readonly code: FaultCode;
  readonly what: string;
  readonly where?: string;
  readonly hint: string;
}

export type Standing = "holds" | "broken" | "unproven" | "failed";

export interface GateResult {
  readonly tool: string;
  readonly version: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly seed: number;
  /** The engine's one-line description; absent when none was started. */
  readonly engine?: string;
  readonly stages: readonly StageResult[];
  /** What a reader should know beside the verdicts: assumptions, rows that could not be made, figures that were measured. */
  readonly notes: readonly string[];
  readonly promises: readonly PromiseResult[];
  /** With --keep, once they were made. */
  readonly templates?: readonly KeptTemplate[];
  readonly standing: Standing;
  readonly exit: Exit;
  /** Why no answer could be had; only when the standing is "failed". */
  readonly fault?: FaultResult;
}
