import type { Cluster, EngineRequest } from "../engine/cluster.ts";
import { psqlCommand } from "../engine/psql.ts";
import { Fault, messageOf } from "../fault/fault.ts";
import { type Ground, prepareGround, prepareHost, readSubject, type Subject } from "../guarantees/ground.ts";
import type { Project } from "../guarantees/project.ts";
import { type Proven, proveAll } from "../guarantees/prove.ts";
import type { GateResult, KeptTemplate, PromiseResult } from "../report/result.ts";
import { standingOf } from "../report/standing.ts";
import { failed } from "./failed.ts";
import { withLog } from "./loss.ts";
import type { Progress } from "./progress.ts";
import type { EngineChoice } from "./settings.ts";
import { startCluster } from "./start.ts";
import { packageVersion } from "./version.ts";

export interface GateSettings {
  readonly choice: EngineChoice;
  readonly request: EngineRequest;
  /** Its paths are absolute. */
  readonly project: Project;
  /** The file that says so. */
  readonly configuration: string;
  readonly seed: number;
  readonly keep: boolean;
  readonly statementTimeoutMs?: number;
}

interface GateSurroundings {
  /** Its stages end with Fault INTERRUPTED when somebody asks the run to stop. */
  readonly progress: Progress;
  readonly now: () => Date;
}

type Findings = Pick<GateResult, "promises" | "templates">;

/** The whole gate: engine, platform, migrations, tenants, promises. A fault ends it early and is part of the result. */
export async function runGate(settings: GateSettings, surroundings: GateSurroundings): Promise<GateResult> {
  const { progress, now } = surroundings;
  const startedAt = now();
  const notes: string[] = [
    `the configuration is ${settings.configuration}, the migrations are those of ${settings.project.migrations}`,
  ];
  let engine: string | undefined;
  const finish = (findings: Findings, fault?: Fault): GateResult => ({
    tool: "tenantproof",
    version: packageVersion(),
    startedAt: startedAt.toISOString(),
    durationMs: now().getTime() - startedAt.getTime(),
    seed: settings.seed,
    ...(engine !== undefined && { engine }),
    stages: progress.stages,
    notes,
    ...findings,
    ...(fault ? failed(fault) : standingOf(findings.promises)),
  });
  try {
    // Whatever can be refused without a server is refused before one starts.
    const subject = await readSubject(settings.project);
    await using cluster = await startCluster(settings, progress);
    engine = cluster.description;
    // Said at once: experiments drop their databases as they go, unless the cluster is kept.
    if (settings.keep) notes.push(cluster.keep());
    if (!cluster.pgaudit)
      notes.push(`this server has no pgAudit: ${cluster.pgauditMissing ?? "not installed"}`);
    return finish(
      await examine(cluster, subject, settings, progress, notes).catch(async (thrown) => {
        throw await withLog(Fault.from(thrown), cluster);
      }),
    );
  } catch (thrown) {
    return finish({ promises: [] }, withRemains(thrown));
  }
}

/** The fault in `thrown`; an interruption does not claim that all was removed where that failed. */
function withRemains(thrown: unknown): Fault {
  const fault = Fault.from(thrown);
  const [closing] = Fault.besides(thrown, fault);
  if (fault.code !== "INTERRUPTED" || closing === undefined) return fault;
  const { code, what, where } = fault;
  const hint = `Not everything could be removed: ${messageOf(closing)}. The next run there removes the rest.`;
  return new Fault(code, what, { where, hint, cause: thrown });
}

async function examine(
  cluster: Cluster,
  subject: Subject,
  { project, seed, keep, statementTimeoutMs }: GateSettings,
  progress: Progress,
  notes: string[],
): Promise<Findings> {
  const limits = { ...(statementTimeoutMs && { statementTimeoutMs }) };
  const host = await prepareHost(cluster, subject, progress, limits);
  const ground = await prepareGround(host, subject, progress, { seed, limits });
  notes.push(
    ...ground.population.failures.map(
      ({ schema, name, message }) => `no rows could be made in ${schema}.${name}: ${message}`,
    ),
  );
  const all = await prove(ground, project, progress);
  notes.push(
    ...all.flatMap(({ guarantee, measurements }) => measurements.map((one) => `${guarantee.id}: ${one}`)),
  );
  const promises = all.map((proven) => toResult(proven, cluster));
  return keep ? { promises, templates: keptTemplates(ground, cluster) } : { promises };
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

function toResult({ guarantee, verdict, durationMs, databases }: Proven, cluster: Cluster): PromiseResult {
  const { id, title, effect, remedy } = guarantee;
  const kept = databases.map((name) => ({
    name,
    connect: psqlCommand({ ...cluster.superuser, database: name }),
  }));
  const named = cluster.kept && verdict.state !== "holds";
  return { id, title, effect, remedy, verdict, durationMs, ...(named && { databases: kept }) };
}

function keptTemplates({ templates }: Ground, { superuser }: Cluster): readonly KeptTemplate[] {
  return Object.entries(templates).map(([template, name]) => ({
    template,
    name,
    copy: `${psqlCommand(superuser)} -c "create database copy_of_${template} template ${name}"`,
  }));
}
