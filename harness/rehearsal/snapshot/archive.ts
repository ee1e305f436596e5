// Archive: what pg_dump writes in its own formats. It begins with a header, then a table of contents:
// src/bin/pg_dump/pg_backup_archiver.c, ReadHead and ReadToc.
import { Fault } from "../../fault/fault.ts";

export const archiveMagic = "PGDMP";
/** What the header says: the contents of a directory are written as those of a tar. */
export const archiveFormats = { custom: 1, tar: 3 } as const;

/** The newest minor version of archives (1.x) that is known here: that of PostgreSQL 17 and 18. */
const newestKnown = 16;
const oldestKnown = 10;

export interface ArchiveHeader {
  /** 14 of "1.14". */
  readonly version: number;
  readonly format: number;
  /** "15.18 (Debian 15.18-0+deb12u1)" */
  readonly serverVersion: string;
  readonly dumpVersion: string;
}

export interface TocEntry {
  readonly id: number;
  /** "TABLE", "TABLE DATA", "ACL", "POLICY". */
  readonly kind: string;
  readonly name: string;
  readonly schema: string | undefined;
  readonly owner: string | undefined;
  readonly definition: string;
  /** The COPY statement of its rows. */
  readonly copy: string | undefined;
  /** Of its rows, in a directory or a tar. */
  readonly file: string | undefined;
}

export interface Archive {
  readonly header: ArchiveHeader;
  readonly entries: readonly TocEntry[];
}

/** Reading went past the bytes at hand: there must be more of them. */
export class ShortRead extends Error {}

/** @throws Fault SNAPSHOT_UNREADABLE when it is none or too new; ShortRead when `bytes` end inside it. */
export function readArchiveHeader(bytes: Buffer, where: string): ArchiveHeader {
  return new ArchiveReader(bytes, where).header();
}

/** Header and table of contents. @throws as `readArchiveHeader` does. */
export function readArchive(bytes: Buffer, where: string): Archive {
  const reader = new ArchiveReader(bytes, where);
  const header = reader.header();
  return { header, entries: reader.entries(header) };
}

class ArchiveReader {
  readonly #bytes: Buffer;
  readonly #where: string;
  #at = 0;
  #intSize = 4;
  #offsetSize = 8;

  constructor(bytes: Buffer, where: string) {
    this.#bytes = bytes;
    this.#where = where;
  }

  header(): ArchiveHeader {
    if (this.#take(5).toString("latin1") !== archiveMagic) throw this.#damaged("does not begin as one");
    const major = this.#byte();
    const version = this.#byte();
    this.#byte();
    if (major !== 1 || version > newestKnown) {
      throw new Fault(
        "SNAPSHOT_UNREADABLE",
        `The archive has version ${major}.${version}; up to 1.${newestKnown} is known here.`,
        {
          where: this.#where,
          hint: "A newer pg_dump wrote it: dump with that of PostgreSQL 18 or older, or as plain SQL.",
        },
      );
    }
    if (version < oldestKnown) {
      throw new Fault(
        "SNAPSHOT_UNREADABLE",
        `The archive has version 1.${version}, older than PostgreSQL 9.`,
        {
          where: this.#where,
        },
      );
    }
    this.#intSize = this.#byte();
    this.#offsetSize = this.#byte();
    const format = this.#byte();
    if (this.#intSize > 8 || this.#offsetSize > 8) throw this.#damaged("has a header of another kind");
    if (version >= 15) this.#byte();
    else this.#int();
    // When it was made, then the name of the database.
    for (let field = 0; field < 7; field++) this.#int();
    this.#string();
    const [serverVersion = "", dumpVersion = ""] = [this.#string(), this.#string()];
    if (!/^\d+/.test(serverVersion)) throw this.#damaged("does not say of which server it is");
    return { version, format, serverVersion, dumpVersion };
  }

  entries({ version, format }: ArchiveHeader): TocEntry[] {
    const count = this.#int();
    if (count < 0) throw this.#damaged("has no table of contents");
    const entries: TocEntry[] = [];
    while (entries.length < count) entries.push(this.#entry(version, format));
    return entries;
  }

  #entry(version: number, format: number): TocEntry {
    const id = this.#int();
    // Whether it has rows; OIDs of its catalog and of itself.
    this.#int();
    this.#string();
    this.#string();
    const [name = "", kind = ""] = [this.#string(), this.#string()];
    // The section; then what it is made with, dropped with, and its COPY.
    if (version >= 11) this.#int();
    const definition = this.#string() ?? "";
    this.#string();
    const copy = this.#string();
    const schema = this.#string();
    // Tablespace, access method, kind of relation.
    this.#string();
    if (version >= 14) this.#string();
    if (version >= 16) this.#int();
    const owner = this.#string();
    this.#string();
    while (this.#string() !== undefined);
    let file: string | undefined;
    if (format === archiveFormats.custom) this.#take(1 + this.#offsetSize);
    else file = this.#string();
    return {
      id,
      kind,
      name,
      schema,
      owner: owner || undefined,
      definition,
      copy: copy || undefined,
      file: file || undefined,
    };
  }

  #byte(): number {
    return this.#take(1)[0] ?? 0;
  }

  #int(): number {
    const negative = this.#byte() !== 0;
    const value = Number(this.#little(this.#intSize));
    return negative ? -value : value;
  }

  #little(size: number): bigint {
    return this.#take(size).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  }

  #string(): string | undefined {
    const length = this.#int();
    return length < 0 ? undefined : this.#take(length).toString("utf8");
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new ShortRead("the archive goes on");
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  #damaged(why: string): Fault {
    return new Fault("SNAPSHOT_UNREADABLE", `The archive is damaged: it ${why}.`, { where: this.#where });
  }
}
