import { beforeAll, describe, expect, it } from "vitest";
import { type Ground, prepareGround, prepareHost, readSubject } from "../../harness/guarantees/ground.ts";
import { Proof } from "../../harness/guarantees/proof.ts";
import { sharedHost } from "../ground.ts";
import { provesCuts } from "../promises/interruption.ts";
import { configuredProject } from "../promises/subject.ts";
import { provesBackfillCut } from "./backfill.ts";
import { provesLargeTable } from "./large-table.ts";
import { provesWayBack } from "./way-back.ts";

const silent = { stage: <T>(_: string, work: (say: () => void) => Promise<T>) => work(() => {}) };
const subject = await readSubject(configuredProject());
let ground: Ground;

beforeAll(async () => {
  const host = await prepareHost(sharedHost(), subject, silent);
  ground = await prepareGround(host, subject, silent, { seed: 20_250_110 });
});

describe("cut off after each of its statements and applied again, it ends as if nothing had happened", () => {
  it.each(subject.plan.map((migration) => [migration.file, migration] as const))(
    "%s",
    async (_, migration) => {
      const proof = new Proof();
      const cuts = migration.statements.map((_, index) => index + 1);
      await provesCuts(ground, proof, migration, cuts);
      expect(proof.verdict()).toEqual({ state: "holds", checked: 2 * cuts.length });
    },
  );
});

describe("cut off after each of its statements and rolled back, it leaves what was there before", () => {
  it.each(subject.plan.map((migration) => [migration.file, migration] as const))(
    "%s",
    async (_, migration) => {
      const proof = new Proof();
      await provesWayBack(ground, proof, migration);
      expect(proof.verdict()).toEqual({ state: "holds", checked: migration.statements.length });
    },
  );
});

it("cut off in the middle of the backfill and applied again, the webhook file ends as if nothing had happened", async () => {
  const proof = new Proof();
  await provesBackfillCut(ground, proof);
  expect(proof.verdict()).toEqual({ state: "holds", checked: 2 });
});

it("stopped before a large table's indexes, the webhook file goes on once they are built", async () => {
  const proof = new Proof();
  await provesLargeTable(ground, proof);
  expect(proof.verdict()).toEqual({ state: "holds", checked: 2 });
});
