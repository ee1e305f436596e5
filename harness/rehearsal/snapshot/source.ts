// Source: a file of a snapshot, read from its beginning, decompressed on the way.
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Fault, messageOf } from "../../fault/fault.ts";
import { createZstdDecompress } from "./zstd.ts";

export type Compression = "gzip" | "zstd";

const chunkBytes = 256 * 1024;

/** How `head`, the first bytes of a file, says that it is compressed. */
export function compressionOf(head: Buffer): Compression | undefined {
  if (head.length >= 3 && head.readUIntBE(0, 3) === 0x1f8b08) return "gzip";
  if (head.length >= 4 && head.readUInt32LE() === 0xfd2fb528) return "zstd";
  return undefined;
}

interface ReadOptions {
  /** Hears how many bytes of the file itself have been read so far, compressed as they are. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The contents of `file`, decompressed.
 * @throws Fault SNAPSHOT_UNREADABLE when it cannot be read, is damaged, or ends before its compressed data do.
 */
export async function* readSource(
  file: string,
  compression: Compression | undefined,
  { onBytes, signal }: ReadOptions = {},
): AsyncGenerator<Buffer> {
  const input = createReadStream(file, { highWaterMark: chunkBytes, ...(signal ? { signal } : {}) });
  const decompressing =
    compression === undefined
      ? undefined
      : compression === "gzip"
        ? createGunzip({ chunkSize: chunkBytes })
        : createZstdDecompress();
  const output: Readable = decompressing ?? input;
  const flowing = decompressing && pipeline(input, decompressing);
  // It is told by the loop below as well.
  flowing?.catch(() => {});
  try {
    for await (const chunk of output) {
      onBytes?.(input.bytesRead);
      yield chunk as Buffer;
    }
    await flowing;
  } catch (thrown) {
    signal?.throwIfAborted();
    throw thrown instanceof Fault ? thrown : unreadable(file, compression, thrown);
  } finally {
    output.destroy();
    input.destroy();
  }
}

/** At most `most` bytes of the contents of `file`; fewer only where it is shorter. @throws as `readSource` does. */
export async function readStart(
  file: string,
  compression: Compression | undefined,
  most: number,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of readSource(file, compression)) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= most) break;
  }
  return Buffer.concat(chunks).subarray(0, most);
}

/** The last bytes of `file` as they are, at most `most`. */
export async function readEnd(file: string, most: number): Promise<Buffer> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  const length = Math.min(size, most);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.subarray(0, bytesRead);
}

function unreadable(file: string, compression: Compression | undefined, thrown: unknown): Fault {
  const { code } = thrown as NodeJS.ErrnoException;
  if (compression !== undefined && !/^E[A-Z]+$/.test(code ?? "")) {
    const ends = /unexpected end/i.test(messageOf(thrown));
    const what = ends ? "breaks off: its end is missing" : `is damaged (${messageOf(thrown)})`;
    return new Fault("SNAPSHOT_UNREADABLE", `The ${compression} file ${what}.`, {
      where: file,
      cause: thrown,
    });
  }
  const why: Readonly<Record<string, string>> = {
    ENOENT: "There is no such file",
    EACCES: "This user may not read it",
    EISDIR: "It is a folder",
  };
  return new Fault("SNAPSHOT_UNREADABLE", `${why[code ?? ""] ?? messageOf(thrown)}.`, {
    where: file,
    cause: thrown,
  });
}
