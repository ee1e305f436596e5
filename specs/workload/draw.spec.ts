import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idOf, openDraw } from "../../harness/workload/draw.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const seeds = fc.integer({ min: 0, max: 0xffff_ffff });
const numbers = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

describe("an id", () => {
  it("is a version 4 UUID, the same every time", () => {
    fc.assert(
      fc.property(fc.string(), numbers, (kind, n) => {
        expect(idOf(kind, n)).toMatch(uuid);
        expect(idOf(kind, n)).toBe(idOf(kind, n));
      }),
    );
  });

  it("is another one for another number or kind", () => {
    const kinds = ["contact", "appointment", "person", "tenant"];
    // As the places number theirs: ten million each.
    const of = (kind: string) =>
      [0, 1, 199, 1_000_001].flatMap((place) =>
        Array.from({ length: 5_000 }, (_, n) => idOf(kind, place * 10_000_000 + n)),
      );
    expect(new Set(kinds.flatMap(of)).size).toBe(kinds.length * 20_000);
    fc.assert(
      fc.property(fc.uniqueArray(numbers, { minLength: 2, maxLength: 50 }), (all) => {
        expect(new Set(all.map((n) => idOf("contact", n))).size).toBe(all.length);
      }),
    );
  });

  it("tells nothing of its number: ids are spread over all that there are", () => {
    const firsts = Array.from({ length: 16_000 }, (_, n) => idOf("contact", n)[0]);
    const counts = [..."0123456789abcdef"].map((digit) => firsts.filter((one) => one === digit).length);
    // A thousand each, give or take six standard deviations.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(190);
  });
});

describe("draws", () => {
  const take = (seed: number) => {
    const draw = openDraw(seed);
    return Array.from({ length: 20 }, () => draw.between(0, 1_000_000));
  };

  it("are the same for the same seed, and others for another one", () => {
    fc.assert(
      fc.property(seeds, seeds, (one, other) => {
        expect(take(one)).toEqual(take(one));
        if (one !== other) expect(take(one)).not.toEqual(take(other));
      }),
    );
  });

  it("are whole numbers between the bounds, which they reach", () => {
    fc.assert(
      fc.property(seeds, fc.integer(), fc.nat({ max: 2 ** 31 }), (seed, low, width) => {
        const drawn = openDraw(seed).between(low, low + width);
        expect(Number.isInteger(drawn) && drawn >= low && drawn <= low + width).toBe(true);
      }),
    );
    const draw = openDraw(1);
    expect(new Set(Array.from({ length: 200 }, () => draw.between(-1, 3)))).toEqual(
      new Set([-1, 0, 1, 2, 3]),
    );
  });

  it.each([0, 0.05, 0.3, 1])("let happen what happens in %d of all cases as often", (share) => {
    const draw = openDraw(3);
    const often = Array.from({ length: 20_000 }, () => draw.happens(share)).filter(Boolean).length;
    expect(Math.abs(often / 20_000 - share)).toBeLessThan(0.015);
    if (share === 0 || share === 1) expect(often / 20_000).toBe(share);
  });

  it("pick each of several as often as the others", () => {
    const draw = openDraw(5);
    const picked = Array.from({ length: 9_000 }, () => draw.oneOf(["a", "b", "c"]));
    for (const one of ["a", "b", "c"])
      expect(Math.abs(picked.filter((each) => each === one).length - 3_000)).toBeLessThan(270);
  });
});
