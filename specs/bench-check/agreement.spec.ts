import { loadavg } from "node:os";
import { afterAll, expect, inject, it } from "vitest";
import { drawExecution, type Execution, floorExecution } from "../../harness/bench/bed.ts";
import { type Pair, pairedOf, pairedOfAll } from "../../harness/bench/paired.ts";
import type { Interval, Paired } from "../../harness/bench/result.ts";
import { openDraw } from "../../harness/workload/draw.ts";
import { openProjectBed, seed } from "../bench/beds.ts";
import { openClients, type Ways } from "./clients.ts";
import { findPgbench } from "./pgbench.ts";

/** How far the stopwatch may be from pgbench, over all queries, asked once each. */
const most = 0.1;
/**
 * A single query may also be so far: no comparison calls less a difference. A client in Node takes 0.01 to 0.05 ms longer
 * than one in C for whatever is asked, which is much of a request that takes 0.2 ms.
 */
const mostMs = 0.1;
const rounds = { first: 10, more: 5, most: 25 };

const program = await findPgbench(inject("shared").clientBinaries);
const bed = await openProjectBed(100_000, 200);
const clients = await openClients(bed.authenticator, program);
afterAll(() => clients[Symbol.asyncDispose]());
const draw = openDraw(seed);
/** With the same values in all rounds, for both. */
const executions: ReadonlyMap<string, Execution> = new Map(
  bed.workload.queries
    .filter(({ writes }) => !writes)
    .map((query) => [query.id, drawExecution(bed.tenancy, query, bed.scale.largest, draw)]),
);
const nothing = floorExecution(bed.tenancy, bed.scale.median);

/** Rounds of each, until it is clear on which side of the limits all together are, or nobody can tell. */
async function compare(some: ReadonlyMap<string, Execution>, ways: Ways) {
  const pairs = new Map<string, Pair[]>([...some.keys()].map((id) => [id, []]));
  for (let goal = rounds.first; ; goal += rounds.more) {
    for (let round = goal === rounds.first ? 0 : goal - rounds.more; round < goal; round++)
      for (const [id, execution] of some) pairs.get(id)?.push(await clients.measure(execution, ways));
    const all = pairedOfAll([...pairs.values()], seed);
    const open = [-most, most].some((limit) => all.ratio.low < limit && limit < all.ratio.high);
    if (open && goal < rounds.most) continue;
    return { all, each: [...pairs].map(([id, played]) => [id, pairedOf(played, seed)] as const) };
  }
}

const percent = ({ estimate, low, high }: Interval) =>
  [estimate, low, high].map((part) => `${(100 * part).toFixed(1)}%`).join(" ");
const told = (id: string, { ratio, firstMedian, secondMedian, rounds: { length } }: Paired) =>
  `${id}: pgbench ${firstMedian.toFixed(3)} ms, stopwatch ${secondMedian.toFixed(3)} ms, ${percent(ratio)}, ${length} rounds`;

it.each([
  ["prepared", true],
  ["not prepared", false],
])("requests that are %s take as long by the stopwatch as by pgbench", async (way, prepared) => {
  const ways = { stopwatch: prepared, pgbench: prepared };
  const { all, each } = await compare(executions, ways);
  const floor = pairedOf([await clients.measure(nothing, ways), await clients.measure(nothing, ways)], seed);
  const lines = [...each, ["nothing", floor] as const, ["all", all] as const].map((one) => told(...one));
  console.log([way, ...lines].join("\n  "));
  const beyond = ({ low, high }: Interval, limit: number) => low > limit || high < -limit;
  const apart = each.filter(([, { ratio, effect }]) => beyond(ratio, most) && beyond(effect, mostMs));
  expect(apart.map((one) => told(...one))).toEqual([]);
  const load = `the load is ${loadavg()[0]?.toFixed(1)}: where it is above 1, measure again when it is not`;
  expect(Math.abs(all.ratio.estimate), `${told("all", all)}; ${load}`).toBeLessThan(most);
});

it("requests that the server plans each time are seen to take longer than those that it keeps", async () => {
  const { all } = await compare(executions, { stopwatch: false, pgbench: true });
  expect(all.ratio.low, told("all", all)).toBeGreaterThan(most);
});

it("a pgbench that is nowhere is missed in words", async () => {
  const path = process.env.PATH;
  process.env.PATH = "/nowhere";
  await expect(findPgbench("/nowhere").finally(() => (process.env.PATH = path))).rejects.toThrow(
    "There is no pgbench to compare with, neither at /nowhere/pgbench nor on PATH. It comes with PostgreSQL",
  );
});
