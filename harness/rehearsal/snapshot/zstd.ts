// Zstandard: Node 20 has none. fzstd decompresses as a stream, in JavaScript alone, and depends on no program that a
// machine may lack; Node's own is taken where there is one, since it is some five times as fast.
import { Transform, type TransformCallback } from "node:stream";
import * as zlib from "node:zlib";
import { Decompress } from "fzstd";

type Native = { readonly createZstdDecompress?: () => Transform };

/** A stream that decompresses; it fails where the data are damaged. That they end too early is for `ZstdFrames` to see. */
export function createZstdDecompress(): Transform {
  const native = (zlib as Native).createZstdDecompress;
  return native === undefined ? new ZstdStream() : native();
}

class ZstdStream extends Transform {
  readonly #decompress = new Decompress((data) => {
    if (data.length > 0) this.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  });
  readonly #frames = new ZstdFrames();

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#frames.pass(chunk);
      this.#decompress.push(chunk);
      done();
    } catch (thrown) {
      done(thrown as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    done(this.#frames.whole ? null : new Error("unexpected end of the compressed data"));
  }
}

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/** Follows the frames of a stream without decompressing, to know whether it ends with one: RFC 8878, section 3.1. */
export class ZstdFrames {
  #wanted: "magic" | "descriptor" | "block" | "skippable" = "magic";
  #head = Buffer.alloc(0);
  #skip = 0;
  #checksum = false;

  /** Whether what passed is one frame or several, the last one complete. */
  get whole(): boolean {
    return this.#wanted === "magic" && this.#head.length === 0 && this.#skip === 0;
  }

  /** @throws Error where no frame or block can begin. */
  pass(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, rest.length);
        this.#skip -= passed;
        rest = rest.subarray(passed);
        continue;
      }
      const missing = sizes[this.#wanted] - this.#head.length;
      this.#head = Buffer.concat([this.#head, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (this.#head.length < sizes[this.#wanted]) return;
      const head = this.#head;
      this.#head = Buffer.alloc(0);
      this.#take(head);
    }
  }

  #take(head: Buffer): void {
    if (this.#wanted === "magic") {
      const magic = head.readUInt32LE();
      if (magic !== frameMagic && (magic & 0xfffffff0) >>> 0 !== skippableMagic) {
        throw new Error("there are other data behind the compressed ones");
      }
      this.#wanted = magic === frameMagic ? "descriptor" : "skippable";
    } else if (this.#wanted === "skippable") {
      this.#skip = head.readUInt32LE();
      this.#wanted = "magic";
    } else if (this.#wanted === "descriptor") {
      const flags = head.readUInt8();
      const single = (flags & 32) !== 0;
      this.#checksum = (flags & 4) !== 0;
      const contentSize = [single ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
      this.#skip = (single ? 0 : 1) + ([0, 1, 2, 4][flags & 3] ?? 0) + contentSize;
      this.#wanted = "block";
    } else {
      const block = head.readUIntLE(0, 3);
      const last = (block & 1) !== 0;
      const repeated = ((block >> 1) & 3) === 1;
      this.#skip = (repeated ? 1 : block >> 3) + (last && this.#checksum ? 4 : 0);
      if (last) this.#wanted = "magic";
    }
  }
}

const sizes = { magic: 4, descriptor: 1, block: 3, skippable: 4 } as const;
