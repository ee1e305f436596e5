import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Place, type Scale, scaleOf, steadyRows } from "../../harness/workload/scale.ts";

const today = new Date("2025-01-10T00:00:00Z");
const rows = fc.integer({ min: 0, max: 10_000_000 });
const tenants = fc.integer({ min: 3, max: 400 });
const scales = fc.record({ rows, tenants });
const few = { numRuns: 30 };

const sizesOf = ({ places }: Scale) => places.map((place) => place.rows);
const sum = (all: readonly number[]) => all.reduce((one, other) => one + other, 0);
const ordinary = ({ places }: Scale) => places.filter(({ role }) => role === "ordinary");

function forAll(check: (scale: Scale, given: { rows: number; tenants: number }) => void): void {
  fc.assert(
    fc.property(scales, (given) => check(scaleOf(given.rows, given.tenants, today), given)),
    few,
  );
}

describe("a scale", () => {
  it("has exactly its rows, over exactly its tenants", () =>
    forAll((scale, given) => {
      expect(sum(sizesOf(scale))).toBe(given.rows);
      expect(sizesOf(scale).every((size) => Number.isInteger(size) && size >= 0)).toBe(true);
      expect(scale.places.filter(({ role }) => role !== "removed")).toHaveLength(given.tenants);
      expect(scale.removed).toMatchObject({ role: "removed", rows: 0 });
    }));

  it("has tenants and people that nobody else has", () =>
    forAll(({ places }) => {
      const ids = places.flatMap(({ tenant, people }) => [tenant, ...people]);
      expect(new Set(ids).size).toBe(ids.length);
      expect(new Set(places.map(({ index }) => index)).size).toBe(places.length);
      for (const { people } of places) expect(people.length).toBeGreaterThanOrEqual(3);
    }));

  it("puts the largest tenant first, and then ever smaller ones", () =>
    forAll((scale) => {
      const sizes = ordinary(scale).map((place) => place.rows);
      expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
      expect(scale.largest.rows).toBe(sizes[0]);
    }));

  it.each([10_000, 100_000, 1_000_000, 10_000_000])("of %d rows gives the largest of 200 a tenth", (all) => {
    expect(scaleOf(all, 200, today).largest.rows).toBe(all / 10);
  });

  it("has as many ordinary tenants above its median one as below", () =>
    forAll((scale) => {
      const sizes = ordinary(scale).map((place) => place.rows);
      const above = sizes.filter((size) => size > scale.median.rows).length;
      const below = sizes.filter((size) => size < scale.median.rows).length;
      expect(Math.max(above, below)).toBeLessThanOrEqual(sizes.length / 2);
      expect(scale.places).toContain(scale.median);
    }));

  it("has the same steady and removed tenant whatever its size", () => {
    const plain = ({ rows: _, ...place }: Place) => place;
    const small = scaleOf(1_000, 200, today);
    forAll((scale, given) => {
      expect(scale.steady.rows).toBe(Math.min(given.rows, steadyRows));
      expect(plain(scale.steady)).toEqual(plain(small.steady));
      expect(scale.removed).toEqual(small.removed);
    });
  });

  it("is the same for the same request", () =>
    forAll((scale, given) => {
      expect(scaleOf(given.rows, given.tenants, today)).toEqual(scale);
    }));

  it.each([
    { rows: 0, tenants: 3, sizes: [0, 0, 0, 0] },
    { rows: 400, tenants: 3, sizes: [0, 0, 400, 0] },
    { rows: 1_000, tenants: 4, sizes: [0, 0, 0, 1_000, 0] },
    { rows: 1_050, tenants: 4, sizes: [50, 0, 0, 1_000, 0] },
    { rows: 10_000, tenants: 3, sizes: [8_000, 1_000, 1_000, 0] },
  ])("of $rows rows over $tenants tenants is $sizes", ({ rows: all, tenants: over, sizes }) => {
    expect(sizesOf(scaleOf(all, over, today))).toEqual(sizes);
  });
});
