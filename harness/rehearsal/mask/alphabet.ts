// Alphabet: characters that may stand for each other: a-z, 0-9, the letters of a Unicode page. Cased ones are in it once.
// Place: a character that is replaced: its alphabet, its number there, and whether it was a capital.
// Whatever has no alphabet stays: punctuation, blanks, symbols, accents that are characters of their own.

/** Characters that may stand for each other, by number. */
export interface Alphabet {
  /** One character of its own, for whoever writes down which alphabets a value has. */
  readonly mark: string;
  readonly small: readonly string[];
  /** The same as capitals; where there are none, the same. */
  readonly capital: readonly string[];
}

/** Where a character stands in its alphabet. */
export interface Place {
  readonly alphabet: Alphabet;
  readonly number: number;
  readonly capital: boolean;
}

let made = 0;

function makeAlphabet(small: readonly string[]): Alphabet {
  made += 1;
  // Private use: no value is mistaken for one, since these characters stay as they are and are no places.
  const mark = String.fromCharCode(0xe000 + made);
  return { mark, small, capital: small.map((one) => (isCased(one) ? one.toUpperCase() : one)) };
}

export const letters = makeAlphabet([..."abcdefghijklmnopqrstuvwxyz"]);
export const digits = makeAlphabet([..."0123456789"]);
/** The letters of hexadecimal digits. */
export const hexLetters = makeAlphabet([..."abcdef"]);
/** The first digit of a number that counts: leading zeros stay, and no others are made. */
export const leadingDigits = makeAlphabet([..."123456789"]);

/**
 * Smaller alphabets that a schema's pattern may leave of one, the largest first. Where none fits, the character stays.
 */
export const narrower: ReadonlyMap<Alphabet, readonly Alphabet[]> = new Map([
  [letters, [hexLetters]],
  [digits, [leadingDigits, makeAlphabet([..."23456789"])]],
  [leadingDigits, [makeAlphabet([..."23456789"])]],
]);

/** The place of `character` in an alphabet, given as one code point; undefined for what stays. */
export function placeOf(character: string): Place | undefined {
  const known = places.get(character);
  if (known !== undefined || places.has(character)) return known;
  const found = findPlace(character);
  places.set(character, found);
  return found;
}

/** The place that a digit which begins a number has; undefined for a zero. */
export function leadingPlace({ number }: Place): Place | undefined {
  return leadingPlaces[number - 1];
}

const leadingPlaces: readonly Place[] = leadingDigits.small.map((_, number) => ({
  alphabet: leadingDigits,
  number,
  capital: false,
}));

/** The place of the same character in `alphabet`, which must have it. */
export function placeIn(alphabet: Alphabet, place: Place): Place | undefined {
  const number = alphabet.small.indexOf(place.alphabet.small[place.number] as string);
  return number < 0 ? undefined : { alphabet, number, capital: place.capital };
}

const places = new Map<string, Place | undefined>();
for (const alphabet of [letters, digits])
  for (const number of alphabet.small.keys()) {
    places.set(alphabet.small[number] as string, { alphabet, number, capital: false });
    if (alphabet === letters)
      places.set(alphabet.capital[number] as string, { alphabet, number, capital: true });
  }

function findPlace(character: string): Place | undefined {
  const kind = kindOf(character);
  if (kind === undefined) return undefined;
  const folded = kind === "cased" ? character.toLowerCase() : character;
  const alphabet = alphabetOf(folded, kind);
  const number = alphabet.small.indexOf(folded);
  return { alphabet, number, capital: folded !== character };
}

type Kind = "cased" | "letter" | "digit";

function kindOf(character: string): Kind | undefined {
  if (character <= "\x7f") return undefined;
  if (/^\p{Nd}$/u.test(character)) return "digit";
  if (!/^\p{L}$/u.test(character)) return undefined;
  return isCased(character.toLowerCase(), character) ? "cased" : "letter";
}

/** Whether `small` and its capital are one character each and lead back to each other, and `character` is either. */
function isCased(small: string, character = small): boolean {
  const capital = small.toUpperCase();
  const pair = capital !== small && capital.toLowerCase() === small && [...small, ...capital].length === 2;
  return pair && (character === small || character === capital);
}

const alphabets = new Map<string, Alphabet>();

function alphabetOf(character: string, kind: Kind): Alphabet {
  const [first, last] = rangeOf(character.codePointAt(0) as number);
  const name = `${first} ${kind}`;
  const known = alphabets.get(name);
  if (known) return known;
  const members: string[] = [];
  for (let code = Math.max(first, 0x80); code <= last; code += 1) {
    // Halves of surrogate pairs are no characters, and no property finds them to be letters.
    const member = String.fromCodePoint(code);
    if (kindOf(member) === kind && (kind !== "cased" || member === member.toLowerCase()))
      members.push(member);
  }
  const alphabet = makeAlphabet(members);
  alphabets.set(name, alphabet);
  return alphabet;
}

/** Scripts whose page would tell too much of a character; all others have 256 code points to a page. */
const wideRanges: readonly (readonly [first: number, last: number])[] = [
  [0x4e00, 0x9fff], // Chinese characters
  [0xac00, 0xd7a3], // Korean syllables
  [0x20000, 0x2a6df], // rare Chinese characters
];

function rangeOf(code: number): readonly [first: number, last: number] {
  const wide = wideRanges.find(([first, last]) => code >= first && code <= last);
  return wide ?? [code & ~0xff, code | 0xff];
}
