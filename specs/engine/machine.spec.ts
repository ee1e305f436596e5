import { afterEach, describe, expect, it, vi } from "vitest";
import { thisMachine } from "../../harness/engine/machine.ts";

afterEach(() => vi.unstubAllEnvs());

describe("this machine", () => {
  it("has its cache where TENANTPROOF_CACHE says, and nowhere else", () => {
    vi.stubEnv("TENANTPROOF_CACHE", "/somewhere/of/mine");
    expect(thisMachine().caches).toEqual(["/somewhere/of/mine/tenantproof"]);
  });

  it("has one in a usual place when that is empty", () => {
    vi.stubEnv("TENANTPROOF_CACHE", "");
    expect(thisMachine().caches.length).toBeGreaterThan(0);
  });
});
