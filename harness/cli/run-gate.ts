import { openCluster } from "../engine/choose.ts";
import type { Cluster, EngineRequest } from "../engine/cluster.ts";
import { allEngines } from "../engine/engines.ts";
import { Fault } from "../fault/fault.ts";
import { type Ground, prepareGround, readSubject } from "../guarantees/ground.ts";
import type { Project } from "../guarantees/project.ts";
import { type Proven, proveAll } from "../guarantees/prove.ts";
import type { GateResult, PromiseResult } from "../report/result.ts";
import { standingOf } from "../report/standing.ts";
import type { Progress } from "./progress.ts";
import type { EngineChoice } from "./settings.ts";
import { packageVersion } from "./version.ts";

export interface GateSettings {
  readonly choice: EngineChoice;
  readonly request: EngineRequest;
  /** Its paths are absolute. */
  readonly project: Project;
  readonly seed: number;
  readonly keep: boolean;
  readonly statementTimeoutMs?: number;
}

interface GateSurroundings {
  readonly progress: Progress;
  /** Rejects with Fault INTERRUPTED when somebody asks the run to stop. */
  readonly interruption: Promise<never>;
  readonly now: () => Date;
}

/** The whole gate: engine, platform, migrations, tenants, promises. A fault ends it early and is part of the result. */
export async function runGate(settings: GateSettings, surroundings: GateSurroundings): Promise<GateResult> {
  const { progress, interruption, now } = surroundings;
  const startedAt = now();
  const notes: string[] = [];
  let engine: string | undefined;
  const finish = (promises: readonly PromiseResult[], fault?: Fault): GateResult => ({
    tool: "tenantproof",
    version: packageVersion(),
    startedAt: startedAt.toISOString(),
    durationMs: now().getTime() - startedAt.getTime(),
    seed: settings.seed,
    ...(engine !== undefined && { engine }),
    stages: progress.stages,
    notes,
    promises,
    ...(fault ? failed(fault) : standingOf(promises)),
  });
  try {
    // Whatever can be refused without a server is refused before one starts.
    const subject = await readSubject(settings.project);
    await using cluster = await Promise.race([start(settings, progress), interruption]);
    engine = cluster.description;
    if (!cluster.pgaudit)
      notes.push(`this server has no pgAudit: ${cluster.pgauditMissing ?? "not installed"}`);
    const work = async () => {
      const limits = {
        ...(settings.statementTimeoutMs && { statementTimeoutMs: settings.statementTimeoutMs }),
      };
      const ground = await prepareGround(cluster, subject, progress, { seed: settings.seed, limits });
      notes.push(
        ...ground.population.failures.map(
          ({ schema, name, message }) => `no rows could be made in ${schema}.${name}: ${message}`,
        ),
      );
      return prove(ground, settings.project, progress);
    };
    const proven = await Promise.race([work(), interruption]).finally(() => {
      if (settings.keep) notes.push(cluster.keep());
    });
    return finish(proven.map(toResult));
  } catch (thrown) {
    return finish([], Fault.from(thrown));
  }
}

function start({ choice, request }: GateSettings, progress: Progress): Promise<Cluster> {
  return progress.stage("engine", (say) => openCluster(choice, request, allEngines(), say));
}

function prove(ground: Ground, { guarantees }: Project, progress: Progress): Promise<readonly Proven[]> {
  return progress.stage("promises", (say) => {
    let done = 0;
    return proveAll(ground, guarantees, {
      onProven: ({ guarantee, verdict }) => {
        done += 1;
        say(`${done} of ${guarantees.length}, last ${guarantee.id} ${verdict.state}`);
      },
    });
  });
}

function toResult({ guarantee: { id, title, effect, remedy }, verdict, durationMs }: Proven): PromiseResult {
  return { id, title, effect, remedy, verdict, durationMs };
}

function failed(fault: Fault) {
  const { code, what, where, hint, exit } = fault;
  return {
    standing: "failed",
    exit,
    fault: { code, what, hint, ...(where !== undefined && { where }) },
  } as const;
}
