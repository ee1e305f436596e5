// Whole: nothing of a dump is missing. pg_restore does not notice that the rows of a table in a folder break off at the end
// of a line, and plain SQL has no other mark than its last comment.
import { access } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../fault/fault.ts";
import type { Archive, TocEntry } from "./archive.ts";
import { readEnd, readSource } from "./source.ts";

/** What pg_dump writes behind the rows of a table: for COPY, and for INSERT. */
const closings = { copy: "\\.\n\n\n", insert: "\n\n" } as const;

/** The rows of every table of the dump in `folder` are there to their end. @throws Fault SNAPSHOT_UNREADABLE */
export async function checkDirectory(
  folder: string,
  { entries }: Archive,
  signal?: AbortSignal,
): Promise<void> {
  for (const entry of entries) {
    if (entry.file === undefined) continue;
    const { file, suffix } = await findRows(folder, entry);
    if (entry.kind !== "TABLE DATA" && suffix === "") continue;
    const closing = closings[entry.copy === undefined ? "insert" : "copy"];
    const ends = await readClosing(file, suffix, signal);
    const whole = ends === undefined || entry.kind !== "TABLE DATA" || ends.endsWith(closing);
    if (!whole)
      throw new Fault("SNAPSHOT_UNREADABLE", `The rows of ${nameOf(entry)} break off.`, { where: file });
  }
}

async function findRows(folder: string, entry: TocEntry): Promise<{ file: string; suffix: string }> {
  for (const suffix of ["", ".gz", ".zst", ".lz4"]) {
    const file = join(folder, `${entry.file}${suffix}`);
    if (
      await access(file).then(
        () => true,
        () => false,
      )
    )
      return { file, suffix };
  }
  throw new Fault("SNAPSHOT_UNREADABLE", `The rows of ${nameOf(entry)} are missing.`, {
    where: join(folder, entry.file ?? ""),
    hint: "Copy the whole folder, with every file that pg_dump wrote into it.",
  });
}

/** The last characters of the contents; undefined where only the frame around them can be looked at. */
async function readClosing(file: string, suffix: string, signal?: AbortSignal): Promise<string | undefined> {
  if (suffix === "") return (await readEnd(file, 8)).toString("latin1");
  if (suffix === ".lz4") return checkLz4(file);
  let end: Buffer = Buffer.alloc(0);
  for await (const chunk of readSource(file, suffix === ".gz" ? "gzip" : "zstd", { signal })) {
    end = chunk.length >= 8 ? chunk.subarray(-8) : Buffer.concat([end, chunk]).subarray(-8);
  }
  return end.toString("latin1");
}

/** A frame of LZ4 ends with an empty block, and a checksum of its contents behind that where pg_dump asks for one. */
async function checkLz4(file: string): Promise<undefined> {
  const end = await readEnd(file, 8);
  const zero = (from: number) => end.length >= from + 4 && end.readUInt32LE(from) === 0;
  if (zero(end.length - 4) || zero(0)) return;
  throw new Fault("SNAPSHOT_UNREADABLE", "The lz4 file breaks off: its end is missing.", { where: file });
}

function nameOf({ schema, name }: TocEntry): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

/** Sees from the comments and commands of a script whether it ends where pg_dump, or the Supabase CLI, ended it. */
export class Ending {
  #dump = false;
  #restricted = false;
  #complete = false;
  #lastStatement = "";

  /** `text` is a comment, a command of psql, or a statement. */
  pass(text: string): void {
    if (/^-- PostgreSQL database dump$/.test(text)) this.#dump = true;
    else if (/^-- PostgreSQL database dump complete$/.test(text)) this.#complete = true;
    else if (/^\\restrict\b/.test(text)) this.#restricted = true;
    else if (/^\\unrestrict\b/.test(text)) this.#restricted = false;
    else if (!text.startsWith("--")) this.#lastStatement = text.slice(0, 100);
  }

  /** @throws Fault SNAPSHOT_UNREADABLE when the script has nothing to run, or says how it would end and does not. */
  check(file: string, supabase: boolean): void {
    if (this.#lastStatement === "") {
      throw new Fault("SNAPSHOT_UNREADABLE", "The snapshot has no statement.", { where: file });
    }
    const reset = /^reset all\s*;$/i.test(this.#lastStatement);
    if (this.#complete ? !this.#restricted : supabase ? reset : reset || !this.#dump) return;
    const mark = supabase
      ? "RESET ALL, which the Supabase CLI writes last"
      : "the closing comment of pg_dump";
    throw new Fault("SNAPSHOT_UNREADABLE", `The snapshot breaks off: it lacks ${mark}.`, { where: file });
  }
}
