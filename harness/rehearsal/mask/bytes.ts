import type { Masker } from "./masker.ts";

/** Larger values are replaced in pieces of as many bytes, each for itself; large objects are read in such pieces. */
export const pieceBytes = 65_536;

/** As many other bytes. `from` is where in a longer value they stand, a multiple of `pieceBytes`. */
export function maskBytes(bytes: Buffer, masker: Masker, from = 0): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    pieces.push(Buffer.from(masker.numbers([...piece], 256, `bytes ${from + at}`)));
  }
  return Buffer.concat(pieces);
}
