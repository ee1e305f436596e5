// Contents: the table of contents of an archive, wherever its format keeps it.
import { open } from "node:fs/promises";
import { Fault } from "../../fault/fault.ts";
import { type Archive, readArchive, ShortRead } from "./archive.ts";
import type { Snapshot } from "./snapshot.ts";
import { readStart } from "./source.ts";
import { readMembers } from "./tar.ts";

const firstBytes = 1024 ** 2;

/**
 * Header and table of contents of the archive `snapshot`, whose file or folder is uncompressed at `path`.
 * @throws Fault SNAPSHOT_UNREADABLE when it breaks off in them, is damaged, or, being a tar, breaks off anywhere.
 */
export async function readContents({ kind, files }: Snapshot, path: string): Promise<Archive> {
  if (kind === "directory") {
    const toc = files.find((file) => /[\\/]toc\.dat(\.gz)?$/.test(file)) ?? path;
    return parse(await readStart(toc, toc.endsWith(".gz") ? "gzip" : undefined, Infinity), toc);
  }
  if (kind !== "tar") return readFrom(path, 0, Infinity);
  const toc = (await readMembers(path)).find(({ name }) => name === "toc.dat");
  if (toc === undefined) {
    throw new Fault("SNAPSHOT_UNREADABLE", "The tar has no table of contents (toc.dat).", { where: path });
  }
  return readFrom(path, toc.offset, toc.bytes);
}

/** How long the contents are is nowhere said: more is read until they parse. */
async function readFrom(path: string, offset: number, most: number): Promise<Archive> {
  await using handle = await open(path);
  const { size } = await handle.stat();
  const all = Math.min(most, size - offset);
  for (let wanted = firstBytes; ; wanted *= 4) {
    const length = Math.min(wanted, all);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
    try {
      return readArchive(buffer.subarray(0, bytesRead), path);
    } catch (thrown) {
      if (!(thrown instanceof ShortRead)) throw thrown;
      if (wanted >= all) throw breaksOff(path);
    }
  }
}

function parse(bytes: Buffer, path: string): Archive {
  try {
    return readArchive(bytes, path);
  } catch (thrown) {
    throw thrown instanceof ShortRead ? breaksOff(path) : thrown;
  }
}

function breaksOff(where: string): Fault {
  return new Fault("SNAPSHOT_UNREADABLE", "The archive breaks off in its table of contents.", { where });
}
