import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Use } from "../../../harness/rehearsal/mask/literals.ts";
import { openMasker } from "../../../harness/rehearsal/mask/masker.ts";
import { makeVocabulary } from "../../../harness/rehearsal/mask/vocabulary.ts";

const literals: { text: string; use: Use }[] = [
  { text: "active", use: "word" },
  { text: "^\\+1[2-9]\\d{9}$", use: "regex" },
  { text: "^INV-\\d{5}$", use: "regex" },
  { text: "^[0-9a-f]{32}$", use: "regex" },
  { text: "https://%", use: "like" },
];
const masker = openMasker("a secret", makeVocabulary(literals));
/** Words and patterns that lie in the way of nearly every short text. */
const tricky = openMasker(
  "a secret",
  makeVocabulary([
    { text: "q", use: "word" },
    { text: "q5", use: "word" },
    { text: "^x[0-9]$", use: "regex" },
    { text: "^(a[0-9]|[a-f]5)$", use: "regex" },
  ]),
);
const plain = openMasker("a secret", makeVocabulary([]));

/** What must stay of every character. */
function shapeOf(value: string): string[] {
  return [...value].map((character) => {
    if (/[a-z]/.test(character)) return "small";
    if (/[A-Z]/.test(character)) return "capital";
    if (/[0-9]/.test(character)) return "digit";
    return /[\p{L}\p{Nd}]/u.test(character) ? "beyond ASCII" : character;
  });
}

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(..."aAbBzZ019 -@.éÉßüÜж王김ñ"), maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(..."01a"), minLength: 1, maxLength: 3 }),
  fc.emailAddress(),
  fc.uuid().map((uuid) => `${uuid}/file.pdf`),
  fc.constantFrom("INV-00123", "+12025550123", "https://a.example", "active", "0", "00", "true"),
);

/** All texts of one shape: each must have an image of its own. */
function everyOf(...units: readonly string[]): string[] {
  return units.reduce<string[]>(
    (texts, unit) => texts.flatMap((text) => [...unit].map((one) => text + one)),
    [""],
  );
}
const az = "abcdefghijklmnopqrstuvwxyz";

describe("a masked text", () => {
  it("has the length and the shape that the text had", () => {
    fc.assert(
      fc.property(anyText, (value) => {
        for (const each of [masker, plain]) expect(shapeOf(each.text(value))).toEqual(shapeOf(value));
      }),
      { numRuns: 400 },
    );
  });

  it("is another for another text, and the same for the same", () => {
    const other = openMasker("a secret", makeVocabulary(literals));
    fc.assert(
      fc.property(anyText, anyText, (one, two) => {
        expect(masker.text(one) === masker.text(two)).toBe(one === two);
        expect(other.text(one)).toBe(masker.text(one));
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    ["one letter", everyOf(az)],
    ["one digit", everyOf("0123456789")],
    ["three digits", everyOf("0123456789", "0123456789", "0123456789")],
    ["two letters of either case", everyOf(az + az.toUpperCase(), az)],
    ["a letter and a digit", everyOf(az, "0123456789")],
    ["letters of one page", everyOf("éèüößñçÉÈÜÖÑÇ", "éèüößñç")],
    [
      "what a pattern narrows",
      everyOf("I", "N", "V", "-", "0", "0", "123456789", "0123456789", "0123456789"),
    ],
    ["what a pattern is near", everyOf("hIi", "NTno", "VTvt", "pP-", "sS0", ":", "/", "/")],
  ])("has an image of its own among all of %s", (_, texts) => {
    for (const each of [masker, tricky, plain])
      expect(new Set(texts.map((text) => each.text(text))).size).toBe(texts.length);
  });

  it("differs from another in case only where the texts did: what citext calls equal becomes equal", () => {
    fc.assert(
      fc.property(anyText, (value) => {
        // What has no other case by itself, such as ß, is another letter for a database, too.
        fc.pre([...value].every((one) => one.toUpperCase().toLowerCase() === one.toLowerCase()));
        fc.pre([...value].every((one) => [...one.toUpperCase()].length === 1));
        expect(masker.text([...value].map((one) => one.toUpperCase()).join("")).toLowerCase()).toBe(
          masker.text([...value].map((one) => one.toLowerCase()).join("")).toLowerCase(),
        );
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    ["", "nothing"],
    ["f47ac10b-58cc-4372-a567-0e02b2c3d479", "a UUID"],
    ["F47AC10B-58CC-4372-A567-0E02B2C3D479", "a UUID in capitals"],
    ["2024-02-29", "a day"],
    ["2024-02-29T12:30:00.123Z", "a time"],
    ["2024-02-29 12:30:00+02", "a time as the server writes it"],
    ["true", "a truth value"],
    ["Active", "a word of the schema"],
    ["+ -/.!", "what has no letter or digit"],
  ])("is %j itself: %s", (value) => {
    expect(masker.text(value)).toBe(value);
  });

  it("keeps a UUID in a path, and of the rest nothing", () => {
    const path = "f47ac10b-58cc-4372-a567-0e02b2c3d479/Passport-Miller.pdf";
    const image = masker.text(path);
    expect(image.slice(0, 37)).toBe(path.slice(0, 37));
    expect(image).toMatch(/\/[A-Z][a-z]{7}-[A-Z][a-z]{5}\.[a-z]{3}$/);
    expect(image).not.toContain("Passport");
  });

  it.each([
    ["+12025550123", /^\+1[2-9]\d{9}$/],
    ["INV-00123", /^INV-\d{5}$/],
    ["d41d8cd98f00b204e9800998ecf8427e", /^[0-9a-f]{32}$/],
    ["https://example.test/me", /^https:\/\/[a-z]+\.[a-z]+\/[a-z]+$/],
    ["0049 171 1234567", /^00[1-9]\d [1-9]\d\d [1-9]\d{6}$/],
  ])("in place of %s still matches %s", (value, pattern) => {
    expect(masker.text(value)).toMatch(pattern);
    expect(masker.text(value)).not.toBe(value);
  });

  it("tells nothing by its beginning: texts that begin alike do not become texts that do", () => {
    const images = Array.from({ length: 200 }, (_, index) =>
      plain.text(`margaret.${az[index % 26]}${index + 100}`),
    );
    expect(new Set(images.map((image) => image.slice(0, 4))).size).toBeGreaterThan(190);
    expect(new Set(images.map((image) => image.slice(4, 8))).size).toBeGreaterThan(190);
  });

  it("depends on every character, and on the key", () => {
    const base = plain.text("margaret hamilton");
    const differing = (image: string) => [...image].filter((one, index) => one !== base[index]).length;
    for (const near of ["nargaret hamilton", "margaret hamiltom", "margaret-hamilton"])
      expect(differing(plain.text(near))).toBeGreaterThan(10);
    expect(differing(openMasker("another", makeVocabulary([])).text("margaret hamilton"))).toBeGreaterThan(
      10,
    );
  });

  it("uses all letters alike", () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 2600; index += 1)
      for (const letter of plain.text(`aaaaaaaaaa ${index + 10_000}`).slice(0, 10))
        counts.set(letter, (counts.get(letter) ?? 0) + 1);
    expect(counts.size).toBe(26);
    expect(Math.min(...counts.values())).toBeGreaterThan(850);
    expect(Math.max(...counts.values())).toBeLessThan(1150);
  });

  it("is refused where a pattern leaves too few, without the text being told", () => {
    const narrow = openMasker("a secret", makeVocabulary([{ text: "^(a+|z+)$", use: "regex" }]));
    const refused = expect.objectContaining({
      code: "CONFIG_INVALID",
      message: expect.not.stringContaining("aaaa"),
      hint: "Name the column under rehearsal.unmasked in the configuration.",
    });
    expect(() => narrow.text("aaaaaaaaaa")).toThrow(refused);
  });
});
