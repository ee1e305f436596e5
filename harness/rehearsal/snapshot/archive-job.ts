import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type ClientPrograms, clientProgramsFor } from "../../engine/clients.ts";
import type { Address } from "../../engine/cluster.ts";
import { runErrand } from "../../engine/connection.ts";
import { removeDirectory } from "../../engine/remains.ts";
import { makeRunDirectory } from "../../engine/run-directory.ts";
import { Fault } from "../../fault/fault.ts";
import type { Archive } from "./archive.ts";
import { readContents } from "./contents.ts";
import type { Job, JobPlan } from "./job.ts";
import { type Outline, OutlineMaker } from "./outline.ts";
import { openProgress } from "./progress.ts";
import { restoreArchive } from "./restore-archive.ts";
import { heed } from "./restore-session.ts";
import type { Snapshot } from "./snapshot.ts";
import { readSource } from "./source.ts";

/** What SQL grows to at least when it is decompressed; archives are mostly compressed inside already. */
const growth = 4;
const sizeEveryMs = 500;

/** pg_restore reads an archive where it lies; a compressed one is decompressed into a folder that is removed in the end. */
export async function openArchiveJob(plan: JobPlan): Promise<Job> {
  const { cluster, snapshot, machine, signal } = plan;
  const programs = await clientProgramsFor(cluster, machine);
  refuseNewer(snapshot, programs);
  const scratch = await makeRunDirectory(
    machine,
    snapshot.compression === undefined ? 0 : growth * snapshot.bytes,
  );
  const remove = () => removeDirectory(scratch, machine.account);
  try {
    const path = await decompress(plan, scratch);
    const archive = await readContents(snapshot, path);
    const outline = await outlineOf(archive, path);
    return {
      outline,
      async restore(address, missing) {
        const explained = new Set<string>();
        const run = { kind: snapshot.kind, path, archive, outline, missing, explained, programs, scratch };
        const rest = { jobs: plan.jobs, serverMajor: cluster.major, searchPath: machine.env.PATH, signal };
        await watchingSize(plan, address, () => restoreArchive(address, { ...run, ...rest }));
        return [...explained];
      },
      [Symbol.asyncDispose]: remove,
    };
  } catch (thrown) {
    await remove();
    heed(signal);
    throw thrown;
  }
}

/** The newest minor version of archives that pg_restore of a major reads. */
function readable(major: number): number {
  if (major >= 17) return 16;
  return major === 16 ? 15 : 14;
}

function refuseNewer(
  { archiveVersion = 0, path, major }: Snapshot,
  { major: programs }: ClientPrograms,
): void {
  if (archiveVersion <= readable(programs)) return;
  const wanted = Math.max(archiveVersion >= 16 ? 17 : 16, major ?? 0);
  throw new Fault(
    "SNAPSHOT_UNREADABLE",
    `The archive has version 1.${archiveVersion}; pg_restore ${programs} reads up to 1.${readable(programs)}.`,
    { where: path, hint: `A newer pg_dump wrote it: restore with --postgres ${wanted}.` },
  );
}

/** Where the archive lies uncompressed. */
async function decompress({ snapshot, say, signal }: JobPlan, scratch: string): Promise<string> {
  const { path, compression, bytes } = snapshot;
  if (compression === undefined) return path;
  const file = join(scratch, "snapshot");
  const progress = openProgress(say, "decompressing", bytes);
  try {
    const onBytes = (read: number) => progress.at(read);
    await pipeline(
      readSource(path, compression, { onBytes, signal }),
      createWriteStream(file, { mode: 0o600 }),
    );
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ENOSPC") throw thrown;
    throw new Fault("NO_SPACE", "The disk is full: the decompressed snapshot does not fit.", {
      where: scratch,
      cause: thrown,
    });
  }
  return file;
}

async function outlineOf({ entries }: Archive, path: string): Promise<Outline> {
  const maker = new OutlineMaker();
  for (const entry of entries) await maker.addEntry(entry, path);
  return maker.outline();
}

/** What `use` answers; meanwhile it is said how large the database has grown. */
async function watchingSize<T>(
  { cluster, say }: JobPlan,
  { database }: Address,
  use: () => Promise<T>,
): Promise<T> {
  const progress = openProgress(say, "restoring", undefined);
  const over = new AbortController();
  const watch = async () => {
    for (;;) {
      await sleep(sizeEveryMs, undefined, { signal: over.signal });
      const { rows } = await runErrand(cluster.superuser, (superuser) =>
        superuser.query<{ bytes: string }>("select pg_catalog.pg_database_size($1::name) as bytes", [
          database,
        ]),
      );
      progress.at(Number(rows[0]?.bytes));
    }
  };
  // That nobody could look is no reason to stop.
  const watched = watch().catch(() => {});
  try {
    return await use();
  } finally {
    over.abort();
    await watched;
  }
}
