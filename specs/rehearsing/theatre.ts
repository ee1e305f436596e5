// A rehearsal of one small project on the shared server, without a snapshot file: its state before is made in place.

import { withConnection } from "../../harness/engine/connection.ts";
import type { Cluster } from "../../harness/engine/cluster.ts";
import { cloneDatabase } from "../../harness/engine/database.ts";
import type { Project } from "../../harness/guarantees/project.ts";
import { planMigrations } from "../../harness/migrations/plan.ts";
import { readMigrations } from "../../harness/migrations/read.ts";
import type { Check, Findings } from "../../harness/rehearsal/findings.ts";
import { rehearse } from "../../harness/rehearsal/rehearse.ts";
import { settle } from "../../harness/rehearsal/settle.ts";
import { inject } from "vitest";
import config from "../../fixtures/rehearsal/tenantproof.config.ts";
import { migrationsOf, stateBefore } from "../../fixtures/rehearsal/state.ts";

interface Rehearsed {
  readonly checks: ReadonlyMap<string, Check>;
  readonly findings: Findings;
  readonly failure: string | undefined;
}

interface Options {
  readonly items?: number;
  readonly rate?: number;
  readonly maxStallMs?: number;
  readonly project?: Project;
}

/** What a rehearsal of the project says. */
export async function rehearseProject(
  name: string,
  { items = 6_000, rate = 0, maxStallMs = 1_000, project = config }: Options = {},
): Promise<Rehearsed> {
  const shared = inject("shared");
  const cluster = shared as unknown as Cluster;
  const plan = planMigrations(await readMigrations(migrationsOf({ name })));
  await using pristine = await cloneDatabase(shared, shared.templates.open);
  const state = await stateBefore({ name }, items);
  await withConnection(pristine.address(shared.deployer), (connection) => connection.query(state));
  const { signal } = new AbortController();
  await settle(pristine.address(shared.superuser.user), signal);
  const findings = {};
  const checks = new Map<string, Check>();
  const failure = await rehearse({
    theatre: { cluster, pristine, deployer: shared.deployer, plan },
    ...{ project, maxStallMs, rate, seed: 1, signal, findings },
    stages: { stage: (_, work) => work(() => {}) },
    onCheck: (check) => checks.set(check.id, check),
  });
  return { checks, findings, failure: failure?.what };
}

/** What is wrong with a check, one line a finding; its doubt; or nothing. */
export function findingsOf(check: Check | undefined): string {
  if (check === undefined) return "not judged";
  const { verdict } = check;
  if (verdict.state === "holds") return "";
  return verdict.state === "broken"
    ? verdict.breaches.map(({ what }) => what).join("\n")
    : `unproven: ${verdict.why}`;
}
