import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClientPrograms } from "../../engine/clients.ts";
import type { Address } from "../../engine/cluster.ts";
import { Fault } from "../../fault/fault.ts";
import type { Archive, TocEntry } from "./archive.ts";
import { explain } from "./explain.ts";
import { missingHint, subjectOf } from "./failed-restore.ts";
import type { Outline } from "./outline.ts";
import { runPgRestore } from "./pg-restore.ts";
import type { RestoreMessage, RestoreOutput } from "./pg-restore-output.ts";
import { heed } from "./restore-session.ts";
import type { SnapshotKind } from "./snapshot.ts";
import { tellMessage } from "./told.ts";
import { checkDirectory } from "./whole.ts";

export interface ArchiveRun {
  readonly kind: SnapshotKind;
  /** The archive's file or folder, uncompressed. */
  readonly path: string;
  readonly archive: Archive;
  readonly outline: Outline;
  /** Extensions that were left out. */
  readonly missing: ReadonlyMap<string, string>;
  readonly explained: Set<string>;
  readonly programs: ClientPrograms;
  /** A folder that is removed with the run. */
  readonly scratch: string;
  readonly jobs: number;
  readonly searchPath: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Everything in the archive is in the database at `address`.
 * @throws Fault RESTORE_INCOMPLETE with every error that nothing explains; SNAPSHOT_UNREADABLE, NO_SPACE, ENGINE_LOST,
 * INTERRUPTED.
 */
export async function restoreArchive(address: Address, run: ArchiveRun): Promise<void> {
  const { kind, path, archive, signal } = run;
  // Whichever fails first ends the other.
  const ending = new AbortController();
  const either = AbortSignal.any(signal ? [ending.signal, signal] : [ending.signal]);
  const abort = (thrown: unknown): never => {
    ending.abort(thrown);
    throw thrown;
  };
  const checked = kind === "directory" ? checkDirectory(path, archive, either).catch(abort) : undefined;
  const restored = runPgRestore({
    ...run,
    address,
    jobs: kind === "tar" ? 1 : run.jobs,
    list: await writeList(run),
    signal: either,
  }).catch(abort);
  const [check, restore] = await Promise.allSettled([checked, restored]);
  heed(signal);
  if (check.status === "rejected") throw check.reason;
  if (restore.status === "rejected") throw restore.reason;
  account(restore.value, restore.value.failed, run);
}

/** The entries to restore, where some are left out. */
async function writeList({ archive, missing, scratch }: ArchiveRun): Promise<string | undefined> {
  if (missing.size === 0) return undefined;
  const wanted = archive.entries.filter(({ kind, name }) => {
    if (kind === "EXTENSION") return !missing.has(name);
    return kind !== "COMMENT" || !missing.has(/^EXTENSION "?(.+?)"?$/.exec(name)?.[1] ?? "");
  });
  const list = join(scratch, "restore.list");
  await writeFile(list, wanted.map(({ id }) => `${id};\n`).join(""));
  return list;
}

/** Every error is explained, or thrown. */
function account(output: RestoreOutput, failed: boolean, run: ArchiveRun): void {
  const unexplained: RestoreMessage[] = [];
  for (const error of output.errors) {
    refuseFatal(error, run);
    const why = explainMessage(error, run);
    if (why === undefined) unexplained.push(error);
    else run.explained.add(why);
  }
  // Workers print at the same time: what was not understood is not taken for explained.
  const lost = output.ignored - output.errors.filter(({ server }) => server).length;
  if (unexplained.length === 0 && lost <= 0 && (!failed || output.ignored > 0)) return;
  const lines = unexplained.slice(0, mostTold).map((error) => describe(error, run));
  const others = unexplained.length - lines.length + Math.max(0, lost);
  if (others > 0) lines.push(`and ${others} other error${others === 1 ? "" : "s"}`);
  throw new Fault("RESTORE_INCOMPLETE", lines.join("\n") || "pg_restore failed without saying why.", {
    where: run.path,
    hint: missingHint(run.missing),
  });
}

const mostTold = 20;

function explainMessage(
  { server, message, statement, ...error }: RestoreMessage,
  run: ArchiveRun,
): string | undefined {
  const told = server ? tellMessage(message) : undefined;
  if (told === undefined) return undefined;
  const entry = entryOf(error.entry, run);
  const rows =
    entry?.kind === "TABLE DATA" && statement === "" ? `COPY ${entry.schema}.${entry.name}` : statement;
  return explain({ statement: rows, message: told }, run);
}

function describe({ entry: id, message, server, statement, row }: RestoreMessage, run: ArchiveRun): string {
  const entry = entryOf(id, run);
  const subject =
    entry === undefined
      ? subjectOf(statement)
      : `${entry.kind} ${entry.schema === undefined ? "" : `${entry.schema}.`}${entry.name}`;
  const at = row === undefined ? "" : `, row ${row}`;
  const told = tellMessage(message);
  const withheld = server
    ? "the server refused it, with a message that may quote a row and is not repeated"
    : "pg_restore failed, with a message that may quote a row and is not repeated";
  return `${subject}${at}: ${told ?? withheld}`;
}

function entryOf(id: number | undefined, { archive }: ArchiveRun): TocEntry | undefined {
  return archive.entries.find((entry) => entry.id === id);
}

// pg_restore's own words, in which nothing of a row stands.
const breaksOff =
  /^(could not read from input file|unexpected end of file|did not find magic string|could not find block ID|found unexpected block ID|unrecognized data block type|corrupt tar header|incomplete tar|actual file length|could not find (file|header)|could not open (input|TOC|large object) |could not uncompress|could not decompress|could not close (data|compressed) |input file (appears|does not)|restoring tables? .* out of order)/;
const lost =
  /connection to (server|database) |server closed the connection|terminating connection|no connection to the server|could not (receive|send) data|the database system is/;
const full = /No space left on device|could not (extend|write to) file|disk quota exceeded/i;

/** @throws Fault where the error ends everything. */
function refuseFatal({ message, server }: RestoreMessage, { path, programs }: ArchiveRun): void {
  if (full.test(message)) {
    throw new Fault("NO_SPACE", "The disk is full: the snapshot does not fit.", { where: path });
  }
  if (lost.test(message)) {
    throw new Fault("ENGINE_LOST", "The server ended while the snapshot was restored.", { where: path });
  }
  if (server) return;
  const version = /^unsupported version \(([\d.]+)\) in file header/.exec(message)?.[1];
  if (version !== undefined) {
    throw new Fault(
      "SNAPSHOT_UNREADABLE",
      `pg_restore ${programs.major} does not know archives of version ${version}.`,
      {
        where: path,
        hint: "Restore with the major that dumped it: --postgres N.",
      },
    );
  }
  if (breaksOff.test(message)) {
    throw new Fault(
      "SNAPSHOT_UNREADABLE",
      `The archive breaks off or is damaged (${message.split("\n")[0]}).`,
      { where: path },
    );
  }
}
