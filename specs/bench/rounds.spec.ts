import { describe, expect, it } from "vitest";
import { type Arm, playRounds, type Question } from "../../harness/bench/rounds.ts";

const read: Question = { id: "read" };
const other: Question = { id: "other" };
const write: Question = { id: "write", writes: true };

interface Run {
  readonly arm: string;
  readonly session: number;
  readonly query: string;
  readonly value: number;
}

/** Arms that write down what is asked of them, on which connection. */
function recordingArms(...names: string[]) {
  const runs: Run[] = [];
  const closed: number[] = [];
  let opened = 0;
  const arms: Arm<Question>[] = names.map((name) => ({
    name,
    async open() {
      const session = opened++;
      return {
        async run({ id }, draw) {
          runs.push({ arm: name, session, query: id, value: draw.between(1, 1_000_000) });
          return 1;
        },
        async [Symbol.asyncDispose]() {
          closed.push(session);
        },
      };
    },
  }));
  const sessions = () => [...new Map(runs.map(({ session, arm }) => [session, arm])).values()].join("");
  return { arms, runs, closed, sessions, opened: () => opened };
}

const noWarmUps = { samples: 4, warmUps: 0, seed: 1 };

describe("rounds", () => {
  it("open each arm anew, there and back", async () => {
    const { arms, sessions, closed } = recordingArms("A", "B", "C");
    await playRounds({ ...noWarmUps, arms, queries: [read], rounds: 2 });
    expect(sessions()).toBe("ABCCBAABCCBA");
    expect(closed).toHaveLength(12);
  });

  it("ask every arm with the same values, and never with those of before", async () => {
    const { arms, runs } = recordingArms("A", "B");
    await playRounds({ ...noWarmUps, arms, queries: [read, other], rounds: 3, warmUps: 10 });
    const valuesOf = (arm: string, query: string) =>
      runs.filter((run) => run.arm === arm && run.query === query).map(({ value }) => value);
    for (const { id } of [read, other]) {
      expect(valuesOf("A", id)).toEqual(valuesOf("B", id));
      expect(new Set(valuesOf("A", id)).size).toBeGreaterThan(40);
    }
    expect(valuesOf("A", read.id)).not.toEqual(valuesOf("A", other.id));
  });

  it("ask the same for the same seed, and go on with other values", async () => {
    const valuesOf = async (options: { readonly seed: number; readonly from?: number }) => {
      const { arms, runs } = recordingArms("A");
      await playRounds({ ...noWarmUps, ...options, arms, queries: [read], rounds: 1 });
      return runs.map(({ value }) => value);
    };
    expect(await valuesOf({ seed: 1 })).toEqual(await valuesOf({ seed: 1 }));
    expect(await valuesOf({ seed: 2 })).not.toEqual(await valuesOf({ seed: 1 }));
    expect(await valuesOf({ seed: 1, from: 1 })).not.toEqual(await valuesOf({ seed: 1 }));
  });

  it("write only when all has been read", async () => {
    const { arms, runs } = recordingArms("A", "B");
    await playRounds({ ...noWarmUps, arms, queries: [write, read], rounds: 3 });
    const order = runs.map(({ query }) => query);
    expect(order.lastIndexOf("read")).toBeLessThan(order.indexOf("write"));
  });

  it("count no warm-up, and warm each query often enough for its plan to settle", async () => {
    const { arms, runs } = recordingArms("A");
    const played = await playRounds({
      ...noWarmUps,
      arms,
      queries: [read, other],
      rounds: 1,
      warmUps: 3,
      samples: ({ id }) => (id === "read" ? 6 : 2),
    });
    expect(played.map(({ query, samples }) => [query, samples.A?.length])).toEqual([
      ["read", 6],
      ["other", 2],
    ]);
    expect(runs).toHaveLength(2 * (6 + 6) + 8);
  });

  it("do not warm what is slow for long", async () => {
    const slow: Arm<Question> = {
      name: "A",
      async open() {
        return { run: async () => ++asked && 400, async [Symbol.asyncDispose]() {} };
      },
    };
    let asked = 0;
    await playRounds({ arms: [slow], queries: [read], rounds: 1, samples: 2, seed: 1 });
    expect(asked).toBe(2 * (2 + 1));
  });

  it("say how far they are", async () => {
    const { arms } = recordingArms("A", "B");
    const said: string[] = [];
    const onRound = ({ done, of }: { done: number; of: number }) => said.push(`${done}/${of}`);
    await playRounds({ ...noWarmUps, arms, queries: [read, write], rounds: 2, onRound });
    expect(said).toEqual(["1/4", "2/4", "3/4", "4/4"]);
  });

  it("end with the reason of whoever stops them, their sessions closed", async () => {
    const { arms, closed, opened } = recordingArms("A", "B");
    const stop = new AbortController();
    const onRound = () => stop.abort(new Error("enough"));
    const { signal } = stop;
    const playing = playRounds({ ...noWarmUps, arms, queries: [read], rounds: 9, onRound, signal });
    await expect(playing).rejects.toThrow("enough");
    expect(closed).toHaveLength(opened());
    expect(opened()).toBe(5);
  });
});
