// Beds: databases for the specs of the bench, small enough to be filled in a second or two.
import { afterAll } from "vitest";
import { type Bed, fillBed, openBed } from "../../harness/bench/bed.ts";
import { prepareGround, prepareHost, readSubject, type Stages } from "../../harness/guarantees/ground.ts";
import { scaleOf } from "../../harness/workload/scale.ts";
import type { Workload } from "../../harness/workload/workload.ts";
import { sharedHost } from "../ground.ts";
import { configuredProject } from "../promises/subject.ts";

export const seed = 7;
export const today = new Date("2025-01-10T00:00:00Z");
const silent: Stages = { stage: (_, work) => work(() => {}) };

/** The project's own tables with the rows of that scale, to be opened once at the top of a spec file. */
export async function openProjectBed(rows: number, tenants: number): Promise<Bed> {
  const project = configuredProject();
  const subject = await readSubject(project);
  const host = await prepareHost(sharedHost(), subject, silent);
  const { cluster, templates, tenancy, deployer } = await prepareGround(host, subject, silent, { seed });
  const workload = project.workload as Workload;
  const scale = scaleOf(rows, tenants, today);
  const template = templates.migrated;
  const bed = await openBed({ cluster, template, workload, scale, tenancy, deployer, seed });
  afterAll(() => bed[Symbol.asyncDispose]());
  await fillBed(bed, () => {});
  return bed;
}
