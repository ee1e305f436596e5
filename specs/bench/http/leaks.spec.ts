import { describe, expect, it } from "vitest";
import type { Gateway } from "../../../harness/bench/http/gateway.ts";
import { measureHttp } from "../../../harness/bench/http/measure.ts";
import type { GatewayPlan } from "../../../harness/bench/http/thread.ts";
import * as crooked from "./crooked.ts";
import { openHttpGround } from "./ground.ts";

const { request } = await openHttpGround();
const measure = (open: (plan: GatewayPlan) => Promise<Gateway>) =>
  measureHttp(request({ open, seconds: 0.3, rate: 100 }));

const some = expect.toSatisfy((count: number) => count > 0, "more than none");

describe("a gateway", () => {
  it("that does nothing wrong passes", async () => {
    const { isolation, judgement } = await measure(crooked.straight);
    expect(judgement).toMatchObject({ outcome: "pass" });
    expect(isolation).toMatchObject({ foreignRows: 0, strangersServed: 0, leftBehind: 0 });
  });

  it.each([
    ["sets claims for the session", crooked.claimsForTheSession, { leftBehind: some }, "request.jwt.claims"],
    [
      "leaves a transaction open after an error",
      crooked.openAfterAnError,
      { leftBehind: some },
      "a failed tr",
    ],
    ["ends no transaction that reads", crooked.readsNeverEnded, { leftBehind: some }, "an open transaction"],
    ["does not reset the role", crooked.roleForTheSession, { leftBehind: some }, "connections: role "],
    ["asks as the backend", crooked.everybodyIsTheBackend, { foreignRows: some }, "of another tenant"],
    [
      "forgets the tenant in its cache",
      crooked.cacheWithoutTheTenant,
      { foreignRows: some },
      "another tenant",
    ],
    ["forgets the person in its cache", crooked.cacheWithoutThePerson, { foreignRows: some }, "another user"],
    ["takes the tenant of the request", crooked.tenantOfTheRequest, { foreignRows: some }, "another tenant"],
    ["verifies no signature", crooked.signatureNotVerified, { strangersServed: some }, "by another secret"],
    ["takes tokens without a signature", crooked.unsignedTaken, { strangersServed: some }, "no signature"],
    ["takes expired tokens", crooked.expiryNotChecked, { strangersServed: some }, "an expired token"],
    [
      "takes tokens for others",
      crooked.audienceNotChecked,
      { strangersServed: some },
      "for another audience",
    ],
    [
      "lets anybody ask for the backend",
      crooked.backendOpenToAll,
      { strangersServed: some },
      "only the backend",
    ],
  ])("that %s is found", async (_, open, found, why) => {
    const { isolation, judgement } = await measure(open);
    expect(judgement).toMatchObject({ outcome: "fail", why: expect.stringContaining(why) });
    expect(isolation).toMatchObject(found);
  });
});
