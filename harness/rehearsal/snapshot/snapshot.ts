// Snapshot: a dump of a database, in a file or a folder, as pg_dump or the Supabase CLI wrote it. It is only read.
// Sniffing: knowing what it is from what is in it, whatever it is called.
// Major: that of the server that was dumped; a server of an older one cannot take it.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { showBytes } from "../../engine/bytes.ts";
import { Fault, messageOf } from "../../fault/fault.ts";
import { type ArchiveHeader, archiveFormats, archiveMagic, readArchiveHeader, ShortRead } from "./archive.ts";
import { type Compression, compressionOf, readStart } from "./source.ts";
import { firstMember } from "./tar.ts";

export type SnapshotKind = "custom" | "directory" | "tar" | "plain" | "supabase";

export interface Snapshot {
  readonly path: string;
  readonly kind: SnapshotKind;
  /** Of the whole file; what pg_dump compresses inside an archive is not meant. */
  readonly compression?: Compression;
  /** Of the server that was dumped; absent where the files do not say: the Supabase CLI removes comments. */
  readonly major?: number;
  /** An archive's own minor version: 14 of 1.14. */
  readonly archiveVersion?: number;
  /** Every file of it, in the order in which they are restored where that matters. */
  readonly files: readonly string[];
  readonly bytes: number;
  /** For people: "custom archive of PostgreSQL 15.8, 120 MB". */
  readonly description: string;
}

/** As much of a file as tells what it is. */
const headBytes = 64 * 1024;

/**
 * What the snapshot at `path` is. No server is needed, and of a file only its beginning is read: that it is whole shows
 * when it is restored. @throws Fault SNAPSHOT_UNREADABLE when it is missing, empty, or nothing that can be restored.
 */
export async function sniffSnapshot(path: string): Promise<Snapshot> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const what = cause.code === "ENOENT" ? "There is no such file or folder" : messageOf(cause);
    throw new Fault("SNAPSHOT_UNREADABLE", `${what}.`, {
      where: path,
      hint: "Check what --snapshot names.",
      cause,
    });
  });
  if (found.isDirectory()) return sniffFolder(path);
  if (!found.isFile()) throw refuse(path, "It is neither a file nor a folder.");
  if (found.size === 0) throw refuse(path, "The file is empty.");
  return sniffFile(path, found.size);
}

async function sniffFile(path: string, bytes: number): Promise<Snapshot> {
  const raw = await readStart(path, undefined, 8);
  const compression = compressionOf(raw);
  const head = await readStart(path, compression, headBytes);
  if (head.length === 0) throw refuse(path, `The ${compression ?? ""} file has nothing in it.`);
  const sniffed = sniffHead(head, path);
  const compressed = compression === undefined ? {} : { compression };
  return describe({ path, ...sniffed, ...compressed, files: [path], bytes });
}

interface Sniffed {
  readonly kind: SnapshotKind;
  readonly major?: number;
  readonly archiveVersion?: number;
  /** As the dump says it: "15.8". */
  readonly version?: string;
}

function sniffHead(head: Buffer, path: string): Sniffed {
  if (head.toString("latin1", 0, 5) === archiveMagic) {
    const header = headerOf(head, path);
    if (header.format === archiveFormats.custom) return { kind: "custom", ...versionsOf(header) };
    throw refuse(
      path,
      "It is the table of contents of a dump, without its rows.",
      "Name the folder that it was dumped into.",
    );
  }
  const member = firstMember(head);
  if (member === "toc.dat") {
    return { kind: "tar", ...versionsOf(headerOf(head.subarray(512), path)) };
  }
  if (member !== undefined) {
    throw refuse(
      path,
      `It is a tar that begins with ${JSON.stringify(member)}.`,
      "Unpack it, and name what was in it.",
    );
  }
  return sniffText(head, path);
}

function sniffText(head: Buffer, path: string): Sniffed {
  const wide = head.length >= 2 && [0xfffe, 0xfeff].includes(head.readUInt16BE());
  if (wide) {
    throw refuse(
      path,
      "It is text in UTF-16.",
      "PowerShell's > writes that: dump with pg_dump's own --file instead.",
    );
  }
  if (head.includes(0)) {
    throw refuse(path, "It is neither an archive of pg_dump, nor a tar of one, nor SQL.");
  }
  const text = head.toString("latin1");
  if (/^-- PostgreSQL database cluster dump\r?$/m.test(text)) {
    throw refuse(
      path,
      "It is a dump of a whole server, by pg_dumpall.",
      "Dump the one database with pg_dump: pg_dump --format=custom --file=snapshot.dump URL",
    );
  }
  const version = /^-- Dumped from database version (\d+(?:\.\d+)?)/m.exec(text)?.[1];
  return {
    kind: "plain",
    ...(version === undefined ? {} : { version, major: Number.parseInt(version, 10) }),
  };
}

async function sniffFolder(path: string): Promise<Snapshot> {
  const names = (await readdir(path)).sort();
  const has = (name: string) => names.includes(name);
  const toc = ["toc.dat", "toc.dat.gz"].find(has);
  if (toc !== undefined) {
    const file = join(path, toc);
    const head = await readStart(file, toc.endsWith(".gz") ? "gzip" : undefined, headBytes);
    const header = headerOf(head, file);
    if (header.format !== archiveFormats.tar) throw refuse(file, "It is not of a dump into a folder.");
    return described({ path, kind: "directory", ...versionsOf(header) }, names);
  }
  if (has("schema.sql") && has("data.sql")) {
    const files = ["roles.sql", "schema.sql", "data.sql"].filter(has);
    const head = await readStart(join(path, "schema.sql"), undefined, headBytes);
    return described({ path, ...sniffText(head, join(path, "schema.sql")), kind: "supabase" }, files);
  }
  if (names.some((name) => /^\d+\.dat(\.(gz|lz4|zst))?$/.test(name))) {
    throw refuse(path, "The folder has rows of a dump, but no table of contents (toc.dat).");
  }
  const half = ["schema.sql", "data.sql"].find(has);
  const what =
    half === undefined
      ? "The folder holds no snapshot: neither toc.dat nor schema.sql and data.sql."
      : `The folder has ${half}, but not the other of schema.sql and data.sql.`;
  throw refuse(path, what, "Name a dump of pg_dump, or a folder with the files of 'supabase db dump'.");
}

async function described(
  sniffed: Sniffed & { readonly path: string },
  names: readonly string[],
): Promise<Snapshot> {
  const files = names.map((name) => join(sniffed.path, name));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return describe({ ...sniffed, files, bytes: sizes.reduce((sum, size) => sum + size, 0) });
}

function describe({ version, ...snapshot }: Omit<Snapshot, "description"> & Sniffed): Snapshot {
  const names: Readonly<Record<SnapshotKind, string>> = {
    custom: "custom archive",
    directory: "directory archive",
    tar: "tar archive",
    plain: "plain SQL",
    supabase: "dump of the Supabase CLI",
  };
  const packed = snapshot.compression === undefined ? "" : ` in ${snapshot.compression}`;
  const of = version === undefined ? "" : ` of PostgreSQL ${version}`;
  const size =
    snapshot.bytes < 1024 ** 2 ? `${Math.ceil(snapshot.bytes / 1024)} kB` : showBytes(snapshot.bytes);
  return { ...snapshot, description: `${names[snapshot.kind]}${packed}${of}, ${size}` };
}

function headerOf(head: Buffer, where: string): ArchiveHeader {
  try {
    return readArchiveHeader(head, where);
  } catch (thrown) {
    if (thrown instanceof ShortRead) throw refuse(where, "The archive breaks off in its header.");
    throw thrown;
  }
}

function versionsOf({ version, serverVersion }: ArchiveHeader): Omit<Sniffed, "kind"> {
  return {
    archiveVersion: version,
    version: /^\d+(\.\d+)?/.exec(serverVersion)?.[0] ?? serverVersion,
    major: Number.parseInt(serverVersion, 10),
  };
}

function refuse(where: string, what: string, hint?: string): Fault {
  return new Fault("SNAPSHOT_UNREADABLE", what, { where, hint });
}
