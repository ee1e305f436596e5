import type { Base } from "../bench/base.ts";
import { cellsOf } from "../bench/regression/arms.ts";
import { compareSchemas } from "../bench/regression/compare.ts";
import { prepareContestant } from "../bench/regression/contestant.ts";
import type { Subject } from "../guarantees/ground.ts";
import { scaleOf } from "../workload/scale.ts";
import { noteSettings, stage } from "./measure.ts";
import { today } from "./prepare-bed.ts";
import type { Run } from "./run-bench.ts";

/** The project's migrations against those of the base, query by query. @throws Fault as a gate does. */
export async function compareWithBase(run: Run, base: Base, earlier: Subject, head: Subject): Promise<void> {
  const { settings, progress, notes, found, cluster, signal } = run;
  const { project, workload, seed, rows, tenants } = settings;
  notes.push(...base.notes);
  noteSettings(run);
  const scale = scaleOf(rows, tenants, today(run));
  const request = { cluster, workload, scale, seed, stages: progress, signal };
  await using before = await prepareContestant("base", { ...request, subject: earlier });
  await using after = await prepareContestant("head", { ...request, subject: head });
  found.regression = await stage(run, "against", "comparison", async (say) => {
    const regression = await compareSchemas({
      ...{ cluster, workload, scale, seed, signal, say },
      tenancy: project.tenancy,
      deployer: after.deployer,
      base: { ...before, name: base.name },
      head: { ...after, name: project.migrations },
      cells: cellsOf(workload.queries, scale),
    });
    notes.push(
      ...regression.incomparable.map(({ id, why }) => `${id} cannot be compared, base refuses it: ${why}`),
    );
    say(`${regression.queries.length} queries of ${base.name} and of these`);
    return regression;
  });
}
