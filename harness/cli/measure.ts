import { type Bed, settle } from "../bench/bed.ts";
import { measureChores } from "../bench/chores.ts";
import { measureGrowth } from "../bench/growth.ts";
import { measureHttp } from "../bench/http/measure.ts";
import { checkLogging, measureOverheads } from "../bench/overhead.ts";
import { measureRemovals } from "../bench/removals.ts";
import { measureSizes } from "../bench/sizes.ts";
import { measureTargets } from "../bench/targets.ts";
import type { Subject } from "../guarantees/ground.ts";
import { makeBed, prepareBed } from "./prepare-bed.ts";
import type { Run } from "./run-bench.ts";

const number = new Intl.NumberFormat("en-US");
/** The smaller sizes of the table that a tenant is looked at in. */
const decades = [1_000, 10_000, 100_000, 1_000_000];
const deepRows = 10_000_000;
/** Of clients over HTTP. */
const connections = 10;

/** Everything that the workload promises, or those promises that were asked for. */
export async function measureAll(run: Run, subject: Subject): Promise<void> {
  const { settings, found, cluster, signal } = run;
  const wants = (id: string) => settings.only === undefined || settings.only.includes(id);
  noteSettings(run);
  const { schema, bed: opened } = await prepareBed(run, subject);
  await using bed = opened;
  const timed = { signal };
  const { readLog } = cluster;
  if (wants("P4"))
    found.sizes = await stage(run, "P4", "sizes", async (say) => {
      const sizes = await measureSizes(bed);
      say(sizes.map(({ table, totalKb }) => `${table} ${totalKb.toFixed(0)} KB`).join(", "));
      return sizes;
    });
  // The log is read from its beginning: what needs it comes before the thousands of requests that fill it.
  if (wants("P5"))
    found.chores = await stage(run, "P5", "upkeep", (say) => measureChores(bed, { ...timed, say, readLog }));
  if (wants("P6"))
    found.removals = await stage(run, "P6", "deletes", async (say) => {
      const removals = await measureRemovals(bed, { ...timed, say });
      // A delete that was rolled back leaves pages behind of which nobody knows that all may see all of them.
      say("vacuum");
      await settle(bed);
      say(`${removals.length} deletes, each rolled back`);
      return removals;
    });
  const mislogged = wants("P3") ? await checkLogging(bed, readLog) : undefined;
  if (wants("P1"))
    await stage(run, "P1", "targets", async (say) => {
      const { floor, queries } = await measureTargets(bed, { ...timed, say });
      Object.assign(found, { floor, queries });
      say(`${queries.length} queries in the median and the largest tenant`);
    });
  if (wants("P1"))
    found.http = await stage(run, "P1", "http", async (say) => {
      const { personColumn, queries } = settings.workload;
      const { rate, seconds } = settings.http;
      const http = await measureHttp({
        address: bed.authenticator,
        tenancy: bed.tenancy,
        ...(personColumn !== undefined && { personColumn }),
        // A stranger is refused a write, and what they are shown is looked at.
        queries: queries.filter(({ writes }) => !writes),
        places: bed.scale.places.filter(({ role }) => role !== "removed"),
        seed: settings.seed,
        connections,
        ...{ rate, seconds, signal, say },
      });
      say(http.judgement.why);
      return http;
    });
  if (wants("P2"))
    found.growth = await stage(run, "P2", "growth", async (say) => {
      const smaller = decades.filter((rows) => rows < settings.rows);
      const larger = settings.deep ? [deepRows].filter((rows) => rows > settings.rows) : [];
      const others: Bed[] = [];
      try {
        for (const rows of [...smaller, ...larger]) others.push(await makeBed(run, schema, rows, say));
        const beds = [bed, ...others].sort((a, b) => a.scale.rows - b.scale.rows);
        const growth = await measureGrowth(beds, { ...timed, say });
        say(
          `${growth.length} queries at ${beds.map(({ scale }) => number.format(scale.rows)).join(", ")} rows`,
        );
        return growth;
      } finally {
        for (const other of others) await other[Symbol.asyncDispose]();
      }
    });
  if (wants("P3"))
    found.overheads = await stage(run, "P3", "overhead", async (say) => {
      const overheads = await measureOverheads(bed, { ...timed, say, mislogged });
      say(overheads.map(({ title, judgement }) => `${title} ${judgement.why}`).join(", "));
      return overheads;
    });
}

/** Whoever reads the result is told what was taken for granted. */
export function noteSettings({ settings, notes }: Run): void {
  const host = Object.entries(settings.workload.settings ?? {});
  if (host.length > 0)
    notes.push(
      `the workload takes the host to be set to ${host.map(([name, value]) => `${name} = ${value}`).join(", ")}`,
    );
}

/** A stage of the run whose time counts for the promise of that id. */
export async function stage<T>(
  { progress, durations }: Run,
  id: string,
  name: string,
  work: (say: (detail: string) => void) => Promise<T>,
): Promise<T> {
  const from = performance.now();
  try {
    return await progress.stage(name, work);
  } finally {
    durations.set(id, (durations.get(id) ?? 0) + performance.now() - from);
  }
}
