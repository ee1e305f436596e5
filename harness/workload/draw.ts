import { uniformInt } from "pure-rand/distribution/uniformInt";
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
  const between = (low: number, high: number) => uniformInt(generator, low, high);
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
  const [one, two, three] = [word(), word(), word()];
  const four = (n >>> 0) ^ mix(a);
  const hex = (value: number) => (value >>> 0).toString(16).padStart(8, "0");
  const [w1, w2, w3, w4] = [hex(one), hex(two), hex(three), hex(four)];
  const variant = "89ab"[three >>> 30];
  return `${w1}-${w2.slice(0, 4)}-4${w2.slice(5)}-${variant}${w3.slice(1, 4)}-${w3.slice(4)}${w4}`;
}

function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
