import { describe, expect, it } from "vitest";
import { pairedOfAll } from "../../../harness/bench/paired.ts";
import type { Cell } from "../../../harness/bench/regression/arms.ts";
import { controlsOf, misbehaviourOf } from "../../../harness/bench/regression/controls.ts";
import { armNames, race } from "../../../harness/bench/regression/race.ts";
import type { Arm } from "../../../harness/bench/rounds.ts";
import { openDraw } from "../../../harness/workload/draw.ts";

const cellOf = (id: string, writes = false) => ({ id, writes }) as Cell;
const [first, second] = [cellOf("first"), cellOf("second")];

interface Speeds {
  readonly base?: number;
  readonly head?: number;
  readonly twin?: number;
  /** What a delay added on purpose really adds, as a part of it. */
  readonly delayed?: number;
}

/** Arms that take so many milliseconds, more or less; the second cell takes ten times as many. */
async function raceOf({ base = 1, head = 1, twin = 1, delayed = 1 }: Speeds, cells: readonly Cell[]) {
  const noise = openDraw(5);
  const said: string[] = [];
  const asked = new Set<string>();
  const arm = (name: string, ms: number, delays?: ReadonlyMap<Cell, number>): Arm<Cell> => ({
    name,
    async open() {
      return {
        async run(cell) {
          asked.add(`${name} ${cell.id}`);
          const took = ms * (cell === second ? 10 : 1) * (1 + noise.between(-20, 20) / 1000);
          return took + delayed * (delays?.get(cell) ?? 0);
        },
        async [Symbol.asyncDispose]() {},
      };
    },
  });
  const timed = await race({
    cells,
    arms: [arm(armNames.base, base), arm(armNames.head, head), arm(armNames.twin, twin)],
    slow: (delays) => arm(armNames.slowed, head, delays),
    ...{ rounds: { first: 8, most: 16 }, samples: 4, warmUps: 1, seed: 1 },
    say: (line) => said.push(line),
  });
  const all = pairedOfAll(
    timed.map(({ equalPairs }) => equalPairs),
    1,
  );
  const controls = controlsOf(timed, all);
  return { timed, controls, misbehaviour: misbehaviourOf(controls), said, asked };
}

const verdictsOf = ({ timed }: Awaited<ReturnType<typeof raceOf>>) => timed.map(({ time }) => time.verdict);

describe("a race", () => {
  it.each<[string, Speeds]>([
    ["same", {}],
    ["slower", { head: 1.3, twin: 1.3 }],
    ["faster", { head: 0.7, twin: 0.7 }],
  ])("tells that head is %s, and finds its controls in order", async (verdict, speeds) => {
    const found = await raceOf(speeds, [first, second]);
    expect(verdictsOf(found)).toEqual([verdict, verdict]);
    expect(found.misbehaviour).toBeUndefined();
    expect(found.controls.map(({ behaved }) => behaved)).toEqual([true, true]);
  });

  it("slows the fastest cell, and asks the slowed head for no other", async () => {
    const { timed, asked } = await raceOf({}, [second, first]);
    expect(timed.map(({ slowed }) => slowed === undefined)).toEqual([true, false]);
    expect(timed[1]?.slowed?.effect.estimate).toBeCloseTo(1, 0);
    expect(asked).toContain("slowed first");
  });

  it("goes on with what is undecided, and with nothing else", async () => {
    const settled = await raceOf({}, [first, second]);
    expect(settled.said.filter((line) => /, round 5 of 5$/.test(line))).toEqual([]);
    // Between 4% and 6%, with 5% allowed.
    const narrow = await raceOf({ head: 1.05, twin: 1.05 }, [cellOf("only"), second]);
    expect(narrow.said).toContain("1 of 2 queries, round 5 of 5");
    expect(narrow.timed.map(({ paired }) => paired.rounds.length)).toEqual([8, 16]);
  });
});

describe("times are not believed where", () => {
  it("two copies of the same database come out different", async () => {
    const { misbehaviour, controls } = await raceOf({ twin: 1.3 }, [first, second]);
    expect(misbehaviour).toMatch(/^two copies of the same database: first came out slower, /);
    expect(controls[0]).toMatchObject({ behaved: false });
  });

  it("a delay added on purpose is not found", async () => {
    const { misbehaviour } = await raceOf({ delayed: 0.01 }, [first, second]);
    expect(misbehaviour).toMatch(/^a delay added on purpose: first came out same, /);
  });

  it("there is nothing to slow", async () => {
    const { misbehaviour } = await raceOf({}, [cellOf("write", true)]);
    expect(misbehaviour).toBe("no query reads, so none could be made slower on purpose");
  });
});
