// A rehearsal of one small project without a snapshot file: its state before is made in place.

import { inject } from "vitest";
import { migrationsOf, stateBefore } from "../../fixtures/rehearsal/state.ts";
import config from "../../fixtures/rehearsal/tenantproof.config.ts";
import type { Cluster } from "../../harness/engine/cluster.ts";
import { withConnection } from "../../harness/engine/connection.ts";
import { cloneDatabase } from "../../harness/engine/database.ts";
import type { Project } from "../../harness/guarantees/project.ts";
import { planMigrations } from "../../harness/migrations/plan.ts";
import { readMigrations } from "../../harness/migrations/read.ts";
import type { Check, Findings } from "../../harness/rehearsal/findings.ts";
import { rehearse } from "../../harness/rehearsal/rehearse.ts";
import { settle } from "../../harness/rehearsal/settle.ts";

interface Rehearsed {
  readonly checks: ReadonlyMap<string, Check>;
  readonly findings: Findings;
  readonly failure: string | undefined;
}

/** A server, and the template on it that has the platform. */
export interface Host {
  readonly cluster: Cluster;
  readonly template: string;
  readonly deployer: string;
}

interface Options {
  readonly items?: number;
  readonly rate?: number;
  readonly maxStallMs?: number;
  readonly project?: Project;
  /** Default: the shared one. */
  readonly host?: Host;
  /** SQL for the deployer, between the state before and the migration. */
  readonly odd?: string;
}

/** What a rehearsal of the project says. */
export async function rehearseProject(
  name: string,
  {
    items = 6_000,
    rate = 0,
    maxStallMs = 1_000,
    project = config,
    host = sharedHost(),
    odd = "",
  }: Options = {},
): Promise<Rehearsed> {
  const { cluster, template, deployer } = host;
  const plan = planMigrations(await readMigrations(migrationsOf({ name })));
  await using pristine = await cloneDatabase(cluster, template);
  const state = await stateBefore({ name }, items);
  await withConnection(pristine.address(deployer), (connection) => connection.query(`${state}\n${odd}`));
  const { signal } = new AbortController();
  await settle(pristine.address(cluster.superuser.user), signal);
  const findings = {};
  const checks = new Map<string, Check>();
  const failure = await rehearse({
    theatre: { cluster, pristine, deployer, plan },
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

function sharedHost(): Host {
  const shared = inject("shared");
  return {
    cluster: shared as unknown as Cluster,
    template: shared.templates.open,
    deployer: shared.deployer,
  };
}
