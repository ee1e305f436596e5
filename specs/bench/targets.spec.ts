import { expect, it } from "vitest";
import { measureTargets } from "../../harness/bench/targets.ts";
import type { Query } from "../../harness/workload/workload.ts";
import { makeMiniature, recent } from "./miniature.ts";

const openMiniature = await makeMiniature();
const member = { asker: "member", values: () => [] } as const;
const reads = (outcome: string) => [outcome, outcome, outcome, outcome];

it("a query that is too slow and one that reads too much are found, each by its own judgement", async () => {
  const queries: Query[] = [
    { ...member, id: "slow", title: "asleep", text: "select pg_sleep(0.002)", targetMs: 2 },
    {
      ...member,
      id: "greedy",
      title: "an unindexed order",
      text: "select * from public.tickets order by subject limit 5",
    },
    recent,
  ];
  const bed = await openMiniature(3_000, { queries });
  const { floor, queries: found } = await measureTargets(bed, {
    ...{ rounds: 2, samples: 150, mostMs: 0 },
    say: () => {},
  });
  expect(found.map(({ id }) => id)).toEqual(["slow", "greedy", "recent"]);
  const [slow, greedy, fast] = found;
  const ways = found.map(({ cells }) => cells.map(({ place, way }) => `${place} ${way}`));
  expect(new Set(ways.flat())).toEqual(
    new Set(["median prepared", "median unprepared", "largest prepared", "largest unprepared"]),
  );
  // A machine that is so busy that even nothing takes long vouches for no target.
  const late = floor.p99.high < 2 ? "fail" : expect.stringMatching(/fail|inconclusive/);
  expect(slow?.cells.map(({ timeJudgement }) => timeJudgement?.outcome)).toEqual(reads(late));
  expect(slow?.cells[0]?.latency.count).toBe(300);
  expect(slow?.cells.map(({ workJudgement }) => workJudgement.outcome)).toEqual(reads("pass"));
  expect(greedy?.cells.map(({ workJudgement }) => workJudgement.outcome)).toEqual(reads("fail"));
  expect(greedy?.cells.map(({ timeJudgement }) => timeJudgement)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  for (const cell of fast?.cells ?? []) {
    expect(cell.workJudgement.outcome).toBe("pass");
    expect(cell.timeJudgement?.outcome).toBe("pass");
    expect(cell.placeRows).toBe(bed.scale[cell.place].rows);
    expect(cell.plan.lines.join("\n")).toContain("using tickets_recent");
  }
});

it("more samples are taken only of what they could still tell something of", async () => {
  const bed = await openMiniature(3_000, {
    queries: [recent, { ...recent, id: "hopeless", targetMs: 0.0001 }],
  });
  const { queries: found } = await measureTargets(bed, {
    ...{ rounds: 1, samples: 40, mostSamples: 80, mostMs: 60_000 },
    say: () => {},
  });
  const counts = found.map(({ cells }) => cells.map(({ latency }) => latency.count));
  // Of 40 or 80 below the target nobody knows the percentile; of 40 above it everybody does.
  expect(counts).toEqual([
    [80, 80, 80, 80],
    [40, 40, 40, 40],
  ]);
});
