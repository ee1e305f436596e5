// Job: what restores one snapshot: an archive through pg_restore, a script through a connection of ours. Opening one looks
// through the snapshot, so that most of what is wrong with it shows before anything is made.
import type { Address, Cluster } from "../../engine/cluster.ts";
import type { Machine } from "../../engine/machine.ts";
import { openArchiveJob } from "./archive-job.ts";
import type { Outline } from "./outline.ts";
import { openScriptJob } from "./script-job.ts";
import type { Snapshot } from "./snapshot.ts";

export interface JobPlan {
  readonly cluster: Pick<Cluster, "superuser" | "major" | "clientBinaries">;
  readonly snapshot: Snapshot;
  readonly machine: Machine;
  readonly jobs: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** Disposing of it removes its temporary files. */
export interface Job extends AsyncDisposable {
  readonly outline: Outline;
  /**
   * The snapshot is in the database at `address`, without the extensions that are `missing`. Answers what was explained.
   * @throws Fault RESTORE_INCOMPLETE, SNAPSHOT_UNREADABLE, NO_SPACE, ENGINE_LOST, INTERRUPTED.
   */
  restore(address: Address, missing: ReadonlyMap<string, string>): Promise<readonly string[]>;
}

/** @throws Fault SNAPSHOT_UNREADABLE, NO_SPACE, NO_ENGINE, INTERRUPTED; no temporary file is left then. */
export function openJob(plan: JobPlan): Promise<Job> {
  const { kind } = plan.snapshot;
  return kind === "plain" || kind === "supabase" ? openScriptJob(plan) : openArchiveJob(plan);
}
