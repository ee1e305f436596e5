import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { arrivals } from "./arrivals.ts";
import type { Response } from "./inspector.ts";
import { type Load, lost, patienceMs } from "./load.ts";
import type { Call } from "./script.ts";

interface OpenLoad extends Load {
  /** Calls a second. */
  readonly rate: number;
  readonly seed: number;
  /** A call that is due while so many wait for their answers is never made; default those of two seconds, at least 100. */
  readonly mostUnderWay?: number;
}

interface OpenRun {
  readonly seconds: number;
  readonly dropped: number;
  /** How much later than due each was sent; milliseconds. */
  readonly lags: readonly number[];
}

/**
 * Asks at the times of a Poisson process, and times each call from when it was due: whoever is held up delays those
 * behind too. autocannon cannot do that: it sends each second's calls in a burst at its start, and none while a
 * connection waits for an answer. Ends when the last call is answered.
 */
export async function driveOpen(load: OpenLoad): Promise<OpenRun> {
  const { origin, connections, rate, seconds, seed, signal } = load;
  const { mostUnderWay = Math.max(100, 2 * rate) } = load;
  const pool = new Pool(origin, {
    ...{ connections, pipelining: 1 },
    ...{ headersTimeout: patienceMs, bodyTimeout: patienceMs },
  });
  const underWay = new Set<Promise<void>>();
  const lags: number[] = [];
  let dropped = 0;
  let failure: unknown;
  const begunAt = performance.now();
  try {
    for (const at of arrivals(rate, seconds, seed)) {
      const due = begunAt + at;
      await until(due, signal);
      const call = load.next();
      if (underWay.size >= mostUnderWay) {
        if (call.kind === "ordinary") dropped += 1;
        continue;
      }
      lags.push(performance.now() - due);
      const asking = ask(pool, call).then((response) => {
        load.take(call, response, performance.now() - due);
      });
      underWay.add(asking);
      asking
        .catch((thrown) => {
          failure ??= thrown;
        })
        .finally(() => underWay.delete(asking));
    }
    await Promise.all(underWay);
    if (failure !== undefined) throw failure;
    signal?.throwIfAborted();
    return { seconds: (performance.now() - begunAt) / 1000, dropped, lags };
  } finally {
    await pool.destroy();
    await Promise.allSettled(underWay);
  }
}

/** It is `due`, or later. Never earlier: that would take from the time of the answer. */
async function until(due: number, signal: AbortSignal | undefined): Promise<void> {
  // Timers take whole milliseconds, so the rest is waited awake; more of it would take a core from the server.
  const early = due - performance.now();
  if (early >= 1) await sleep(early, undefined, { signal });
  do await breathe(undefined, { signal });
  while (performance.now() < due);
}

async function ask(pool: Pool, { method, path, headers }: Call): Promise<Response> {
  try {
    const { statusCode, body } = await pool.request({ method, path, headers: { ...headers } });
    return { status: statusCode, body: await body.text() };
  } catch {
    return lost;
  }
}
