import type { Connection } from "../engine/connection.ts";
import type { Stages } from "../guarantees/ground.ts";
import type { Project } from "../guarantees/project.ts";
import { Proof } from "../guarantees/proof.ts";
import { type CheckId, concludeCheck } from "./checks/checks.ts";
import type { Check, Findings } from "./findings.ts";
import type { Theatre } from "./stage.ts";

/** What is rehearsed, and how. */
export interface RehearsalRequest {
  readonly theatre: Theatre;
  readonly project: Project;
  /** Nobody may be held up for as long; milliseconds. */
  readonly maxStallMs: number;
  /** Requests a second beside the migrations; 0: none, and neither their stalls nor queues are looked at. */
  readonly rate: number;
  readonly seed: number;
  readonly stages: Stages;
  readonly signal: AbortSignal;
  /** Told of each check once it has a verdict. */
  readonly onCheck: (check: Check) => void;
  /** Added to as things are found. */
  readonly findings: { -readonly [K in keyof Findings]: Findings[K] };
}

/** Judges what `work` tells its proof under that id. */
export async function check(
  { onCheck }: RehearsalRequest,
  id: CheckId,
  work: (proof: Proof) => Promise<void> | void,
): Promise<void> {
  const from = performance.now();
  const proof = new Proof();
  await work(proof);
  onCheck(concludeCheck(id, proof.verdict(), performance.now() - from));
}

/** Whether requests can come in as on the platform. */
export async function hasAuthenticator(superuser: Connection): Promise<boolean> {
  const { rowCount } = await superuser.query(
    "select from pg_catalog.pg_roles where rolname = 'authenticator' and rolcanlogin",
  );
  return rowCount === 1;
}
