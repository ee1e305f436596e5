// The database that a bench measures: filled by this run, or by an earlier one of the same rows, which saved it.

import { totalmem } from "node:os";
import { type Bed, fillBed, openBed, reopenBed } from "../bench/bed.ts";
import { fingerprintOf } from "../bench/fingerprint.ts";
import type { EngineRequest } from "../engine/cluster.ts";
import { findDatabase } from "../engine/database.ts";
import { prepareGround, prepareHost, type Subject } from "../guarantees/ground.ts";
import { scaleOf } from "../workload/scale.ts";
import type { BenchSettings, Run } from "./run-bench.ts";

const number = new Intl.NumberFormat("en-US");
const mebibyte = 2 ** 20;

/** What a schema is copied from. */
export interface Schema {
  /** The name of the template with the migrations, and no rows. */
  readonly template: string;
  readonly deployer: string;
}

/** What a later run must know of the data that were saved. */
interface Note extends Schema {
  readonly database: string;
}

/** Bytes of a row of all tables together, with indexes, and of the log that storing rows leaves behind for a while. */
const bytesOfRow = 3_000;
const bytesOfLog = 6_000_000_000;

/** What the server of a bench needs: memory for the rows that are asked for, room for all, and the data of an earlier run. */
export function benchRequest(settings: BenchSettings, subject: Subject, startedAt: Date): EngineRequest {
  const { request, against, workload, rows, tenants, seed, deep } = settings;
  // Two schemas and three copies; or one, with those of growth beside it.
  const tables = against === undefined ? (deep ? 11_500_000 : rows * 1.2) : 5 * rows;
  const scale = scaleOf(rows, tenants, today({ startedAt }));
  return {
    ...request,
    settings: {
      shared_buffers: `${Math.round(Math.min(2_048, totalmem() / mebibyte / 8))}MB`,
      checkpoint_timeout: "1h",
    },
    roomBytes: Math.round(tables * bytesOfRow + Math.min(bytesOfLog, tables * bytesOfRow)),
    ...(against === undefined && { data: fingerprintOf(subject, workload, scale, seed) }),
  };
}

/** The bed of the run's rows, and the schema that others are made from. @throws Fault as a gate does; WORKLOAD_REFUSED. */
export async function prepareBed(
  run: Run,
  subject: Subject,
): Promise<{ readonly schema: Schema; readonly bed: Bed }> {
  const { settings, progress, cluster } = run;
  const { savedData } = cluster;
  if (savedData) {
    const { database, ...schema } = JSON.parse(savedData.note) as Note;
    return progress.stage("rows", async (say) => {
      say(`${number.format(settings.rows)} of each table, as an earlier run saved them`);
      const bed = reopenBed({
        ...planOf(run, schema, settings.rows),
        database: findDatabase(cluster, database),
      });
      return { schema, bed };
    });
  }
  const host = await prepareHost(cluster, subject, progress);
  const { templates, deployer } = await prepareGround(host, subject, progress, { seed: settings.seed });
  const schema = { template: templates.migrated, deployer };
  const bed = await progress.stage("rows", (say) => makeBed(run, schema, settings.rows, say));
  await progress.stage("saving", async (say) => {
    const note: Note = { ...schema, database: bed.database.name };
    const saved = await cluster.save?.(JSON.stringify(note));
    if (saved === undefined) say("not on this engine: each run makes the rows anew");
    else say(saved.saved ? `${number.format(Math.round(saved.bytes / 1e6))} MB for later runs` : saved.why);
  });
  return { schema, bed };
}

/** A copy of the schema with the rows of that scale. @throws Fault WORKLOAD_REFUSED when they do not fit. */
export async function makeBed(
  run: Run,
  schema: Schema,
  rows: number,
  say: (detail: string) => void,
): Promise<Bed> {
  const bed = await openBed({ ...planOf(run, schema, rows), template: schema.template });
  try {
    await fillBed(bed, say, run.signal);
    say(`${number.format(rows)} of each table, over ${number.format(run.settings.tenants)} tenants`);
    return bed;
  } catch (thrown) {
    await bed[Symbol.asyncDispose]();
    throw thrown;
  }
}

function planOf(run: Run, { deployer }: Schema, rows: number) {
  const { project, workload, tenants, seed } = run.settings;
  const { tenancy } = project;
  return {
    cluster: run.cluster,
    workload,
    scale: scaleOf(rows, tenants, today(run)),
    tenancy,
    deployer,
    seed,
  };
}

/** Midnight of the day of the run. Rows made on the same day are the same; those of another day would be of another age. */
export function today({ startedAt }: Pick<Run, "startedAt">): Date {
  return new Date(startedAt.toISOString().slice(0, 10));
}
