import { beforeAll, describe, expect, it } from "vitest";
import { type Ground, prepareGround, prepareHost, readSubject } from "../../harness/guarantees/ground.ts";
import { proveAll } from "../../harness/guarantees/prove.ts";
import { sharedHost } from "../ground.ts";
import { configuredProject } from "./subject.ts";

const groups = {
  S: "the set and how it is applied",
  T: "tenancy",
  C: "contacts",
  A: "appointments",
  N: "notifications",
  W: "webhook idempotency",
  L: "audit log",
  R: "rollback",
} as const;

const project = configuredProject();
let ground: Ground;

beforeAll(async () => {
  const silent = { stage: <T>(_: string, work: (say: () => void) => Promise<T>) => work(() => {}) };
  const subject = await readSubject(project);
  const host = await prepareHost(sharedHost(), subject, silent);
  ground = await prepareGround(host, subject, silent, { seed: 20_250_110 });
});

describe.each(Object.entries(groups))("%s. %s", (letter) => {
  for (const guarantee of project.guarantees.filter(({ id }) => id.startsWith(letter)))
    it.concurrent(`${guarantee.id}: ${guarantee.title}`, async () => {
      const [proven] = await proveAll(ground, [guarantee]);
      expect(proven?.verdict).toEqual({ state: "holds", checked: expect.any(Number) });
    });
});

it("knows a group for every promise", () => {
  expect(new Set(project.guarantees.map(({ id }) => id.charAt(0)))).toEqual(new Set(Object.keys(groups)));
});
