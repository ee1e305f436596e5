import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { arrivals } from "../../../harness/bench/http/arrivals.ts";
import { driveClosed } from "../../../harness/bench/http/closed-loop.ts";
import type { Response } from "../../../harness/bench/http/inspector.ts";
import type { Load } from "../../../harness/bench/http/load.ts";
import { driveOpen } from "../../../harness/bench/http/open-loop.ts";
import type { Call } from "../../../harness/bench/http/script.ts";

const stallMs = 500;
const someOfIt = stallMs * 0.8;

/** A server that answers so, and a load on it that keeps what came. */
async function loadOn(listener: RequestListener, more: Partial<Load> = {}) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const came: { readonly call: Call; readonly response: Response; readonly ms: number | undefined }[] = [];
  let number = 0;
  const load: Load = {
    ...{ origin: `http://127.0.0.1:${port}`, connections: 4, seconds: 1 },
    next: () => ({
      ...{ number, kind: "ordinary", query: "any", method: "GET" },
      ...{ path: `/q/any?n=${number}`, headers: { "x-request-id": String(number++) } },
    }),
    take: (call, response, ms) => void came.push({ call, response, ms }),
    ...more,
  };
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { load, came, [Symbol.dispose]: close };
}

/** Answers at once, but for one stall of the whole server. */
function stallsOnce(): RequestListener {
  const begun = performance.now();
  let stall: Promise<void> | undefined;
  return async (request, response) => {
    if (performance.now() - begun > 300) stall ??= sleep(stallMs);
    await stall;
    response.end(request.headers["x-request-id"]);
  };
}

const atOnce: RequestListener = (request, response) => {
  response.end(request.headers["x-request-id"]);
};

describe("an open loop", () => {
  it("shows a stall in the time of every request that was due meanwhile", async () => {
    using stage = await loadOn(stallsOnce());
    const { dropped } = await driveOpen({ ...stage.load, rate: 200, seed: 3 });
    expect(dropped).toBe(0);
    const slow = stage.came.filter(({ ms = 0 }) => ms > stallMs / 2);
    // 100 are due within the stall, the first half of which waits for more than half of it.
    expect(slow.length).toBeGreaterThan(25);
    expect(Math.max(...stage.came.map(({ ms = 0 }) => ms))).toBeGreaterThan(someOfIt);
  });

  it("asks as often as it is told, at times that only its seed decides", async () => {
    const due = (seed: number) => [...arrivals(500, 20, seed)];
    expect(due(1)).toEqual(due(1));
    expect(due(1)).not.toEqual(due(2));
    // 10,000, give or take five standard deviations.
    expect(due(1).length).toBeGreaterThan(9_500);
    expect(due(1).length).toBeLessThan(10_500);
    using stage = await loadOn(atOnce);
    const { lags, seconds } = await driveOpen({ ...stage.load, rate: 100, seed: 1 });
    expect(stage.came).toHaveLength([...arrivals(100, 1, 1)].length);
    expect(lags).toHaveLength(stage.came.length);
    expect(Math.min(...lags)).toBeGreaterThanOrEqual(0);
    expect(seconds).toBeGreaterThan(0.5);
  });

  it("comes in no rhythm: intervals vary as much as they are long", () => {
    const due = [...arrivals(500, 20, 4)];
    const gaps = due.slice(1).map((at, index) => at - (due[index] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(deviation / mean).toBeGreaterThan(0.9);
    expect(deviation / mean).toBeLessThan(1.1);
  });

  it("drops what is due while too many wait, and says how many", async () => {
    using stage = await loadOn(stallsOnce());
    const run = await driveOpen({ ...stage.load, rate: 200, seed: 3, mostUnderWay: 10 });
    expect(run.dropped).toBeGreaterThan(20);
    expect(run.dropped + stage.came.length).toBe([...arrivals(200, 1, 3)].length);
  });

  it("ends early, with nothing under way, when it is told to", async () => {
    using stage = await loadOn(() => {});
    const signal = AbortSignal.timeout(200);
    const begun = performance.now();
    await expect(driveOpen({ ...stage.load, seconds: 60, rate: 50, seed: 1, signal })).rejects.toThrow();
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

describe("a closed loop", () => {
  it("shows a stall in the time of those who waited", async () => {
    using stage = await loadOn(stallsOnce());
    await driveClosed(stage.load);
    const slow = stage.came.filter(({ ms = 0 }) => ms > someOfIt);
    expect(slow).toHaveLength(stage.load.connections);
  });

  it("has one call under way on each connection, and takes each answer for its own call", async () => {
    let underWay = 0;
    let most = 0;
    using stage = await loadOn(async (request, response) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await sleep(5);
      underWay -= 1;
      response.end(request.headers["x-request-id"]);
    });
    await driveClosed(stage.load);
    expect(most).toBe(stage.load.connections);
    expect(stage.came.length).toBeGreaterThan(40);
    expect(stage.came.filter(({ call, response }) => response.body !== String(call.number))).toEqual([]);
    const timed = stage.came.filter(({ ms }) => ms !== undefined);
    // The first of each connection waits for that too.
    expect(timed).toHaveLength(stage.came.length - stage.load.connections);
    expect(Math.min(...timed.map(({ ms = 0 }) => ms))).toBeGreaterThan(4);
  });

  it("makes as many calls as it is told, and has all of them answered", async () => {
    using stage = await loadOn(atOnce);
    await driveClosed({ ...stage.load, calls: 50 });
    expect(stage.came.map(({ call }) => call.number).sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
  });

  it("says that a call was lost with its connection, and goes on", async () => {
    using stage = await loadOn((request, response) => {
      if (Number(request.headers["x-request-id"]) % 10 === 9) request.socket.end();
      else response.end(request.headers["x-request-id"]);
    });
    await driveClosed({ ...stage.load, seconds: 0.5 });
    const lost = stage.came.filter(({ response }) => response.status === 0);
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.filter(({ call }) => call.number % 10 !== 9)).toEqual([]);
    expect(stage.came.length).toBeGreaterThan(5 * lost.length);
  });

  it("ends early when it is told to, and with what is thrown while it runs", async () => {
    using stage = await loadOn(() => {});
    const begun = performance.now();
    const signal = AbortSignal.timeout(200);
    await expect(driveClosed({ ...stage.load, seconds: 60, signal })).rejects.toThrow();
    using other = await loadOn(atOnce, {
      take: () => {
        throw new Error("unexpected");
      },
    });
    await expect(driveClosed({ ...other.load, seconds: 60 })).rejects.toThrow("unexpected");
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});
