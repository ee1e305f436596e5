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
  readonly serverMajor: number;
  readonly jobs: number;
  readonly searchPath: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Everything in the archive is in the database at `address`.
 * @throws Fault RESTORE_INCOMPLETE with the errors that nothing explains; SNAPSHOT_UNREADABLE, NO_SPACE, ENGINE_LOST,
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
  const restored = restoreParts(address, { ...run, signal: either }).catch(abort);
  const [check, restore] = await Promise.allSettled([checked, restored]);
  heed(signal);
  // That rows are missing says more than what follows from it.
  if (check.status === "rejected" && check.reason instanceof Fault) throw check.reason;
  if (restore.status === "rejected") throw restore.reason;
  if (check.status === "rejected") throw check.reason;
}

/**
 * Where extensions are left out, what is said of their objects fails, and is explained. It comes last and in one session:
 * workers tear the lines of each other, and count an error twice.
 */
async function restoreParts(address: Address, run: ArchiveRun): Promise<void> {
  const { kind, archive, missing, outline, programs, serverMajor } = run;
  // A newer pg_restore sets in every session what an older server does not know.
  const alone = kind === "tar" || (programs.major >= 17 && serverMajor < 17);
  const jobs = alone ? 1 : run.jobs;
  if (missing.size === 0) return restorePart(address, run, jobs, undefined);
  const wanted = archive.entries.filter((entry) => !isOf(entry, missing));
  const last = wanted.filter((entry) => isRemark(entry) || isStrange(entry, outline));
  const first = wanted.filter((entry) => !last.includes(entry));
  await restorePart(address, run, jobs, first);
  await restorePart(address, run, 1, last);
}

async function restorePart(
  address: Address,
  run: ArchiveRun,
  jobs: number,
  entries: readonly TocEntry[] | undefined,
): Promise<void> {
  if (entries?.length === 0) return;
  const list = entries && join(run.scratch, "restore.list");
  if (list !== undefined) await writeFile(list, (entries ?? []).map(({ id }) => `${id};\n`).join(""));
  const output = await runPgRestore({ ...run, address, jobs, list });
  account(output, output.failed, run);
}

/** Whether the entry makes, or says something of, an extension that is left out. */
function isOf({ kind, name }: TocEntry, missing: ReadonlyMap<string, string>): boolean {
  if (kind === "EXTENSION") return missing.has(name);
  return kind === "COMMENT" && missing.has(/^EXTENSION "?(.+?)"?$/.exec(name)?.[1] ?? "");
}

/** What pg_restore itself does last, and in this order: privileges, then what may need them. */
function isRemark({ kind }: TocEntry): boolean {
  return /^(ACL|DEFAULT ACL|COMMENT|SECURITY LABEL|EVENT TRIGGER|MATERIALIZED VIEW DATA)$/.test(kind);
}

/** Rows of a table that the snapshot does not make: of an extension, which keeps its settings in it. */
function isStrange({ kind, schema, name }: TocEntry, { tables }: Outline): boolean {
  return kind === "TABLE DATA" && !tables.has(`${schema}.${name}`);
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
  const all = output.ignored <= output.errors.length && (!failed || output.ignored > 0);
  if (unexplained.length === 0 && all) return;
  const lines = unexplained.slice(0, mostTold).map((error) => describe(error, run));
  if (unexplained.length > mostTold) lines.push(`and ${unexplained.length - mostTold} other errors`);
  if (unexplained.length === 0) lines.push("pg_restore failed, and what it printed could not be read.");
  throw new Fault("RESTORE_INCOMPLETE", lines.join("\n"), {
    where: run.path,
    hint: missingHint(run.missing),
  });
}

const mostTold = 20;

function explainMessage({ server, message, statement }: RestoreMessage, run: ArchiveRun): string | undefined {
  const told = server ? tellMessage(message) : undefined;
  return told === undefined ? undefined : explain({ statement, message: told }, run);
}

function describe({ message, server, statement, table, row }: RestoreMessage, run: ArchiveRun): string {
  const subject = table === undefined ? subjectOf(statement) : `rows of ${qualified(table, run.archive)}`;
  const at = row === undefined ? "" : `, row ${row}`;
  const who = server ? "the server refused it" : "pg_restore failed";
  const told = tellMessage(message, /^insert\b/i.test(statement));
  return `${subject}${at}: ${told ?? `${who}, with a message that may quote a row and is not repeated`}`;
}

/** pg_restore names no schema where rows fail. */
function qualified(table: string, { entries }: Archive): string {
  const schemas = entries.filter(({ kind, name }) => kind === "TABLE DATA" && name === table);
  return schemas.length === 1 ? `${schemas[0]?.schema}.${table}` : table;
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
