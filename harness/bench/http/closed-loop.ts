import autocannon from "autocannon";
import { type Load, lost, patienceMs } from "./load.ts";
import type { Call } from "./script.ts";

interface Pending {
  readonly call: Call;
  readonly sentAt: number;
  readonly timed: boolean;
}

interface ClosedLoad extends Load {
  /** Ends after so many calls, however long they take, instead of after `seconds`; every one of them is answered. */
  readonly calls?: number;
}

/**
 * Asks over each connection, one call after the other; answers with the seconds that took. autocannon drives; its own
 * times are whole milliseconds, so they are taken here. It is given no rate, with which it would correct them, wrongly.
 * What is under way at the end is cut off and not counted.
 */
export async function driveClosed(load: ClosedLoad): Promise<number> {
  const { origin, connections, seconds, calls, signal } = load;
  signal?.throwIfAborted();
  const begunAt = performance.now();
  let failure: unknown;
  await new Promise<void>((resolve, reject) => {
    // What is thrown in its hooks would end the process.
    const fail = (thrown: unknown) => {
      failure ??= thrown;
      queueMicrotask(() => running.stop());
    };
    const running = autocannon(
      {
        url: origin,
        connections,
        ...(calls === undefined ? { duration: seconds } : { amount: calls }),
        timeout: patienceMs / 1000,
        // It looks only then whether the time is over.
        sampleInt: 50,
        // A connection that is refused is opened again at once, for ever.
        bailout: 10 * connections,
        setupClient: (client) => client.setRequests([askingOf(load, fail)]),
      },
      (error) => (error ? reject(error) : resolve()),
    );
    signal?.addEventListener("abort", () => running.stop(), { once: true });
  });
  signal?.throwIfAborted();
  if (failure !== undefined) throw failure;
  return (performance.now() - begunAt) / 1000;
}

/** The calls of one connection: each is made when the one before was answered, and its time begins when it is ready. */
function askingOf({ next, take }: Load, fail: (thrown: unknown) => void): autocannon.Request {
  let pending: Pending | undefined;
  let first = true;
  return {
    setupRequest: (request) => {
      try {
        // Another is made only when nothing more is to come for this one.
        if (pending !== undefined) take(pending.call, lost);
        const call = next();
        const { method, path, headers } = call;
        // The first one, and one that follows a loss, waits for its connection too.
        pending = { call, timed: !first && pending === undefined, sentAt: performance.now() };
        first = false;
        return { ...request, method, path, headers: { ...headers } };
      } catch (thrown) {
        fail(thrown);
        return request;
      }
    },
    onResponse: (status, body) => {
      if (pending === undefined) return;
      const { call, sentAt, timed } = pending;
      const ms = performance.now() - sentAt;
      pending = undefined;
      try {
        take(call, { status, body }, timed ? ms : undefined);
      } catch (thrown) {
        fail(thrown);
      }
    },
  };
}
