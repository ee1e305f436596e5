import { fileURLToPath } from "node:url";
import { loadProject } from "../harness/cli/config.ts";
import { openCluster } from "../harness/engine/choose.ts";
import type { Cluster, EngineName } from "../harness/engine/cluster.ts";
import { allEngines } from "../harness/engine/engines.ts";
import {
  type Ground,
  prepareGround,
  prepareHost,
  readSubject,
  type Stages,
} from "../harness/guarantees/ground.ts";
import type { Project } from "../harness/guarantees/project.ts";

/** The engine that is measured: TENANTPROOF_ENGINE, by default local. */
export const engine = (process.env.TENANTPROOF_ENGINE ?? "local") as EngineName;
export const root = fileURLToPath(new URL("..", import.meta.url));
export const seed = 1;

/** A server of that engine. @throws Fault as `openCluster` does. */
export function openEngine(): Promise<Cluster> {
  return openCluster(engine, {}, allEngines(), () => {});
}

/** The project of this checkout, with absolute paths. */
export async function configured(): Promise<Project> {
  const { project } = await loadProject(root);
  const baseline = project.baseline.map((file) => `${root}/${file}`);
  return { ...project, migrations: `${root}/${project.migrations}`, baseline };
}

/** The ground of a gate in this checkout. @throws Fault as a gate does. */
export async function makeGround(cluster: Cluster): Promise<Ground> {
  const silent: Stages = { stage: (_, work) => work(() => {}) };
  const subject = await readSubject(await configured());
  return prepareGround(await prepareHost(cluster, subject, silent), subject, silent, { seed });
}
