// Masker: replaces values by others of the same shape, equal ones by equal ones, different ones by different ones.
// Frame: what of a value stays, and the places that are replaced.
// Walk: a value is permuted again until it is of the kind that it was: matches the same patterns, is no word. Since the way
// back is as certain as the way there, no two values meet on it (cycle walking, NIST SP 800-38G).

import { Fault } from "../../fault/fault.ts";
import {
  type Alphabet,
  digits,
  hexLetters,
  leadingPlace,
  letters,
  narrower,
  type Place,
  placeIn,
  placeOf,
} from "./alphabet.ts";
import { openPermutation } from "./permutation.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface Masker {
  /**
   * Another text of the same length, shape and case; or the same where it is empty, a UUID, a time, a truth value or a word.
   * @throws Fault CONFIG_INVALID when the schema's patterns leave too few texts to choose from.
   */
  text(value: string): string;
  /** As many others, each below its radix. `kind` tells apart what is never compared: an address, a file. */
  numbers(values: readonly number[], radix: number, kind: string): number[];
}

interface Frame {
  /** By character; those at places are replaced. */
  readonly characters: readonly string[];
  readonly places: readonly Place[];
  /** Of each place, which character it is. */
  readonly at: readonly number[];
  /** What stays, and the alphabet of what does not, without regard to case. */
  readonly shape: string;
  /** Whether it depends on more than the alphabets of the characters: another value of them may have another frame. */
  readonly isPeculiar: boolean;
}

/** A frame in the making. */
interface Draft {
  readonly characters: readonly string[];
  readonly places: Place[];
  readonly at: number[];
}

const mostSteps = 5000;
const mostRemembered = 10_000;
const longestRemembered = 100;

/** `key` is a secret: who has it can tell what was there before. */
export function openMasker(key: string, vocabulary: Vocabulary): Masker {
  const permute = openPermutation(key);
  const remembered = new Map<string, string>();
  return {
    text(value) {
      const known = remembered.get(value);
      if (known !== undefined) return known;
      const image = walk(value);
      if (value.length <= longestRemembered) {
        if (remembered.size >= mostRemembered) remembered.clear();
        remembered.set(value, image);
      }
      return image;
    },
    numbers(values, radix, kind) {
      const image = [...values];
      permute(image, Array(image.length).fill(radix), `${kind} ${radix} ${image.length}`);
      return image;
    },
  };

  function walk(value: string): string {
    if (stays(value, vocabulary)) return value;
    const wanted = vocabulary.matches(value);
    const frame = frameOf(value, vocabulary, wanted);
    if (frame.places.length === 0) return value;
    const numbers = frame.places.map(({ number }) => number);
    const radices = frame.places.map(({ alphabet }) => alphabet.small.length);
    for (let step = 0; step < mostSteps; step += 1) {
      permute(numbers, radices, frame.shape);
      const image = render(frame, numbers);
      if (isLike(image, frame, wanted)) return image;
    }
    throw new Fault(
      "CONFIG_INVALID",
      "the schema's patterns leave too few values to put in the place of one",
      {
        hint: "Name the column under rehearsal.unmasked in the configuration.",
      },
    );
  }

  function isLike(image: string, frame: Frame, wanted: readonly number[]): boolean {
    if (stays(image, vocabulary)) return false;
    if (vocabulary.patterns > 0 && !isSame(vocabulary.matches(image), wanted)) return false;
    return (
      !(frame.isPeculiar || mayHoldUuid(image)) || frameOf(image, vocabulary, wanted).shape === frame.shape
    );
  }
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((number, index) => number === other[index]);
}

const uuidLength = 36;
const uuids = /(?<![\p{L}\p{N}])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\p{L}\p{N}])/giu;
const wholeUuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const time =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[t ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:z|utc|[+-]\d\d(?::?\d\d)?))?)?$/i;
const truth = /^(?:true|false)$/i;

function mayHoldUuid(value: string): boolean {
  return value.length > uuidLength && value.includes("-");
}

/** UUIDs lead to rows, and what columns of its type would hold stays as such columns do: somebody may cast it. */
function stays(value: string, vocabulary: Vocabulary): boolean {
  if (value.length === uuidLength && wholeUuid.test(value)) return true;
  if (value.length >= 10 && value.charCodeAt(4) === 45 && time.test(value)) return true;
  return (value.length <= 5 && truth.test(value)) || vocabulary.isWord(value);
}

function frameOf(value: string, vocabulary: Vocabulary, wanted: readonly number[]): Frame {
  const characters = [...value];
  const fixed = fixedIn(value, characters);
  const draft: Draft = { characters, places: [], at: [] };
  let inNumber = false;
  for (let index = 0; index < characters.length; index += 1) {
    const place = placeOf(characters[index] as string);
    const isDigit = place?.alphabet === digits;
    const here: Place | undefined = isDigit && !inNumber ? leadingPlace(place) : place;
    inNumber = isDigit && here !== undefined;
    if (here === undefined || fixed?.has(index)) continue;
    draft.places.push(here);
    draft.at.push(index);
  }
  const free = wanted.length === 0 ? draft : widest(draft, vocabulary, wanted);
  const final = free ?? narrow(draft, vocabulary, wanted);
  return { ...final, shape: shapeOf(final), isPeculiar: free === undefined || fixed !== undefined };
}

/** The draft where the patterns allow whatever its places could be, or with the letters of hexadecimal digits alone. */
function widest(draft: Draft, vocabulary: Vocabulary, wanted: readonly number[]): Draft | undefined {
  if (fitsWithAny(draft, vocabulary, wanted)) return draft;
  const places = draft.places.map((place) =>
    place.alphabet === letters ? placeIn(hexLetters, place) : place,
  );
  const hex = { ...draft, places: places.filter((place) => place !== undefined) };
  return hex.places.length === places.length && fitsWithAny(hex, vocabulary, wanted) ? hex : undefined;
}

/** The positions of UUIDs within a longer text, such as the path of a file. */
function fixedIn(value: string, characters: readonly string[]): Set<number> | undefined {
  if (!mayHoldUuid(value)) return undefined;
  const fixed = new Set<number>();
  // By character and not by code unit, as places are.
  const text = characters.length === value.length ? value : characters.map((one) => one[0]).join("");
  for (const { index } of text.matchAll(uuids))
    for (let at = index; at < index + uuidLength; at += 1) fixed.add(at);
  return fixed;
}

/** Whether the value would match the patterns with other characters in all its places; the same for all of its shape. */
function fitsWithAny(draft: Draft, vocabulary: Vocabulary, wanted: readonly number[]): boolean {
  return [0, 1].every((side) => {
    const trial = [...draft.characters];
    for (let index = 0; index < draft.at.length; index += 1)
      trial[draft.at[index] as number] = probesOf((draft.places[index] as Place).alphabet)[side] as string;
    return vocabulary.matchesAll(trial.join(""), wanted);
  });
}

/** The places with the alphabets that the patterns leave them; those that can be nothing else are no places. */
function narrow({ characters, places, at }: Draft, vocabulary: Vocabulary, wanted: readonly number[]): Draft {
  const bound: Draft = { characters, places: [], at: [] };
  for (let index = 0; index < at.length; index += 1) {
    const place = places[index] as Place;
    const here = at[index] as number;
    const before = characters.slice(0, here).join("");
    const after = characters.slice(here + 1).join("");
    const fits = (probe: string) => vocabulary.matchesAll(before + probe + after, wanted);
    const choices = [place.alphabet, ...(narrower.get(place.alphabet) ?? [])];
    const chosen = choices.find((alphabet) => probesOf(alphabet).every(fits));
    const there = chosen && placeIn(chosen, place);
    if (there === undefined) continue;
    bound.places.push(there);
    bound.at.push(here);
  }
  return bound;
}

const probes = new Map<Alphabet, readonly string[]>();

/** Members that stand for all: the first, the last, and for letters one that ends the hexadecimal ones. */
function probesOf(alphabet: Alphabet): readonly string[] {
  const known = probes.get(alphabet);
  if (known) return known;
  const { small } = alphabet;
  const chosen = [small[0] as string, small.at(-1) as string, ...(alphabet === letters ? ["g", "m"] : [])];
  probes.set(alphabet, chosen);
  return chosen;
}

function shapeOf({ characters, places, at }: Draft): string {
  let shape = "";
  for (let index = 0, next = 0; index < characters.length; index += 1) {
    if (at[next] === index) {
      shape += (places[next] as Place).alphabet.mark;
      next += 1;
    } else shape += (characters[index] as string).toLowerCase();
  }
  return shape;
}

function render({ characters, places, at }: Frame, numbers: readonly number[]): string {
  let image = "";
  for (let index = 0, next = 0; index < characters.length; index += 1) {
    if (at[next] === index) {
      const { alphabet, capital } = places[next] as Place;
      image += (capital ? alphabet.capital : alphabet.small)[numbers[next] as number];
      next += 1;
    } else image += characters[index];
  }
  return image;
}
