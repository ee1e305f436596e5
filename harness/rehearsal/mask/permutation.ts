// Permutation: a keyed, invertible mapping of rows of numbers, each below its own radix, onto rows of the same radices.
// A Feistel network, as in NIST SP 800-38G: a half is moved by a keyed hash of the other half, in turns. So two different
// rows never become the same, and without the key nobody tells which became which.

import { createCipheriv, createHash, hash } from "node:crypto";

/**
 * `numbers` become their image, in place. `tweak` chooses among independent permutations; all rows of one tweak have the
 * same radices.
 */
export type Permute = (numbers: number[], radices: readonly number[], tweak: string) => void;

/** As many as FF3-1 has. */
const rounds = 8;
/** What suffices by Luby and Rackoff where a half has far more states than there are values in any database. */
const roundsOfLong = 4;
const longFrom = 64;
/** A word is a number's share of randomness: some numbers are likelier than others by as little as their radix is smaller. */
const wordBytes = 2;
const wordBytesOfLarge = 4;
const largeFrom = 4096;
const digestBytes = 32;
/** From here on a cipher is faster than hashing, though it takes time to set up. */
const streamFrom = 16 * digestBytes;
const mostRemembered = 4096;

/** The permutations of `key`, a secret. */
export function openPermutation(key: string): Permute {
  const secret = createHash("sha256").update(key).digest();
  const seeds = new Map<string, string>();
  const tables = new Map<string, Uint32Array>();
  let room = Buffer.alloc(1024);

  /** What a tweak's permutation is made of: as good as a key of its own. */
  function seedOf(tweak: string): string {
    const known = seeds.get(tweak);
    if (known !== undefined) return known;
    const seed = hash("sha256", Buffer.concat([secret, Buffer.from(tweak)]), "binary");
    if (seeds.size >= mostRemembered) seeds.clear();
    seeds.set(tweak, seed);
    return seed;
  }

  /**
   * `wanted` bytes or more that look random to whoever lacks the key; a character is a byte, since Node makes a string of a
   * hash several times as fast as a buffer. They depend on the seed, the round and the numbers from `from` to before `to`.
   */
  function bytesOf(
    seed: string,
    round: number,
    numbers: readonly number[],
    from: number,
    to: number,
    wanted: number,
  ): string {
    const length = digestBytes + 1 + 2 * (to - from);
    if (room.length < length) room = Buffer.alloc(2 * length);
    let at = room.write(seed, 0, "latin1");
    room[at++] = round;
    for (let index = from; index < to; index += 1) {
      const number = numbers[index] as number;
      room[at++] = number & 0xff;
      room[at++] = number >>> 8;
    }
    let bytes = hash("sha256", room.subarray(0, at), "binary");
    if (wanted <= digestBytes) return bytes;
    if (wanted >= streamFrom) {
      const stream = createCipheriv("aes-256-ctr", Buffer.from(bytes, "latin1"), Buffer.alloc(16));
      return stream.update(Buffer.alloc(wanted)).toString("latin1");
    }
    const first = bytes;
    for (let block = 0; bytes.length < wanted; block += 1)
      bytes += hash("sha256", Buffer.from(`${first}${block}`, "latin1"), "binary");
    return bytes;
  }

  /** Image of each number below `radix`: a shuffle, since one number has no halves. */
  function tableOf(radix: number, tweak: string): Uint32Array {
    const name = `${radix} ${tweak}`;
    const known = tables.get(name);
    if (known) return known;
    const bytes = bytesOf(seedOf(tweak), 0, [radix], 0, 1, radix * wordBytesOfLarge);
    const table = Uint32Array.from({ length: radix }, (_, index) => index);
    for (let last = radix - 1; last > 0; last -= 1) {
      const other = wordAt(bytes, last * wordBytesOfLarge, wordBytesOfLarge) % (last + 1);
      [table[last], table[other]] = [table[other] as number, table[last] as number];
    }
    if (tables.size >= mostRemembered) tables.clear();
    tables.set(name, table);
    return table;
  }

  return function permute(numbers, radices, tweak) {
    const count = numbers.length;
    if (count === 1) numbers[0] = tableOf(radices[0] as number, tweak)[numbers[0] as number] as number;
    if (count < 2) return;
    const seed = seedOf(tweak);
    const middle = count >>> 1;
    const turns = count < longFrom ? rounds : roundsOfLong;
    const width = radices.some((radix) => radix >= largeFrom) ? wordBytesOfLarge : wordBytes;
    for (let round = 0; round < turns; round += 1) {
      const left = round % 2 === 0;
      const from = left ? 0 : middle;
      const to = left ? middle : count;
      const wanted = (to - from) * width;
      const bytes = bytesOf(seed, round, numbers, left ? middle : 0, left ? count : middle, wanted);
      for (let index = from, at = 0; index < to; index += 1, at += width)
        numbers[index] = ((numbers[index] as number) + wordAt(bytes, at, width)) % (radices[index] as number);
    }
  };
}

function wordAt(bytes: string, at: number, width: number): number {
  const low = bytes.charCodeAt(at) + (bytes.charCodeAt(at + 1) << 8);
  return width === wordBytes
    ? low
    : low + (bytes.charCodeAt(at + 2) << 16) + bytes.charCodeAt(at + 3) * 0x1000000;
}
