import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Draws at random, the same for the same seed. */
export interface Draw {
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** One of them, each as likely as the others. */
  oneOf<T>(choices: readonly [T, ...T[]] | readonly T[]): T;
  /** Whether something happens that happens in `share` of all cases; 0 to 1. */
  happens(share: number): boolean;
}

/** A new source of draws. */
export function openDraw(seed: number): Draw {
  const generator = xoroshiro128plus(seed);
  // The library's own distribution rejects draws to be exact, at half the speed; here nobody counts on the last bit.
  const between = (low: number, high: number) =>
    low + Math.floor(((generator.next() >>> 0) / 0x1_0000_0000) * (high - low + 1));
  return {
    between,
    oneOf: (choices) => choices[between(0, choices.length - 1)] as (typeof choices)[number],
    happens: (share) => between(0, 999_999) < share * 1_000_000,
  };
}

/** The id of the `n`-th of a kind: a version 4 UUID by its looks, spread like random ones, the same every time. */
export function idOf(kind: string, n: number): string {
  let a = 0x9e3779b9;
  for (let index = 0; index < kind.length; index++) a = mix(a ^ kind.charCodeAt(index));
  const high = Math.floor(n / 0x1_0000_0000);
  let b = mix(a ^ mix(n >>> 0) ^ mix(high + 0x85ebca6b));
  const word = () => {
    b = mix((b + 0x9e3779b9) >>> 0);
    return b;
  };
  // Four draws of one 32-bit state would repeat after 2^32; the number itself makes each id another one.
  const four = (n >>> 0) ^ mix(a);
  const [one, two, three] = [word(), word(), word()];
  return `${quad(one >>> 16)}${quad(one)}-${quad(two >>> 16)}-4${quad(two).slice(1)}-${quad(0x8000 | ((three >>> 16) & 0x3fff))}-${quad(three)}${quad(four >>> 16)}${quad(four)}`;
}

/** Every two bytes in hex. */
const quads = Array.from({ length: 0x10000 }, (_, value) => value.toString(16).padStart(4, "0"));

function quad(value: number): string {
  return quads[value & 0xffff] as string;
}

function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
