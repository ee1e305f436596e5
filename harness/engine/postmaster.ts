// Postmaster: the server as a process: launched, paused, stopped. Its files and settings are there before.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../fault/fault.ts";
import type { Binaries } from "./binaries.ts";
import type { Address } from "./cluster.ts";
import { configurationFile } from "./configuration.ts";
import { withConnection } from "./connection.ts";
import { explainFailure } from "./failure.ts";
import type { Account } from "./machine.ts";
import { type Supervised, supervise } from "./supervisor.ts";

/** How long a server that is thrown away may take to end, before it is killed. */
export const stopTimeoutMs = 8_000;
/** After a checkpoint a server has little left to write. */
const finishTimeoutMs = 60_000;

interface Launching {
  readonly binaries: Binaries;
  /** Its host is the run directory. */
  readonly address: Address;
  readonly account: Account | undefined;
  /** How long starting may take. */
  readonly patienceMs: number;
}

export interface Postmaster extends Pick<Supervised, "leave"> {
  /**
   * Stopped in order, `use` done, and running again at the same address. `use` must heed the signal: it comes when the
   * server is stopped for good meanwhile. @throws Fault ENGINE_LOST, ENGINE_START, INTERRUPTED; and as `use`.
   */
  pause<T>(use: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** The server has ended, its directory is gone, and nothing of a pause is under way. */
  stop(timeoutMs: number): Promise<void>;
}

/** The server runs and accepts connections. @throws Fault ENGINE_START, NO_SPACE, PORT_IN_USE; no process is left then. */
export async function launch(launching: Launching): Promise<Postmaster> {
  const { address, patienceMs } = launching;
  const givenUp = new AbortController();
  let left = false;
  let pausing: Promise<unknown> | undefined;
  let server = await spawnServer(launching);
  try {
    await untilReady(server, address, patienceMs, givenUp.signal);
  } catch (thrown) {
    await server.stop(Math.min(stopTimeoutMs, patienceMs));
    throw thrown;
  }
  const pause = async <T>(use: (signal: AbortSignal) => Promise<T>) => {
    const status = await server.finish(finishTimeoutMs, givenUp.signal);
    heed(givenUp.signal);
    if (status !== 0) {
      const how =
        status === undefined ? `did not within ${finishTimeoutMs / 1000} s` : `ended with ${status}`;
      throw new Fault("ENGINE_LOST", `The server was to stop in order, and ${how}.`, { where: address.host });
    }
    const answer = await use(givenUp.signal);
    heed(givenUp.signal);
    // Until then the first supervisor answers for the directory.
    const before = server;
    server = await spawnServer(launching);
    before.leave();
    if (left) server.leave();
    await untilReady(server, address, patienceMs, givenUp.signal);
    return answer;
  };
  return {
    pause(use) {
      const paused = pause(use);
      pausing = paused.catch(() => {});
      return paused;
    },
    leave() {
      left = true;
      server.leave();
    },
    async stop(timeoutMs) {
      givenUp.abort();
      await server.stop(timeoutMs);
      await pausing;
      await server.stop(timeoutMs);
    },
  };
}

function spawnServer({ binaries, address: { host: directory }, account }: Launching): Promise<Supervised> {
  return supervise({
    directory,
    file: join(binaries.folder, "postgres"),
    args: ["-D", join(directory, "data"), "-c", `config_file=${join(directory, configurationFile)}`],
    libraries: binaries.libraries,
    account,
  });
}

async function untilReady(
  server: Supervised,
  address: Address,
  patienceMs: number,
  signal: AbortSignal,
): Promise<void> {
  let ended: string | undefined;
  server.ended.then((status) => {
    ended = `The server ended while starting (status ${status ?? "unknown"})`;
  });
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline && ended === undefined && !signal.aborted) {
    try {
      return await withConnection(address, async () => {}, { timeoutMs: Math.min(patienceMs, 2_000) });
    } catch {
      await sleep(10);
    }
  }
  heed(signal);
  const what = ended ?? `The server accepted no connection within ${patienceMs / 1000} s`;
  throw await explainFailure(what, address.host, address.host);
}

function heed({ aborted }: AbortSignal): void {
  if (aborted) throw new Fault("INTERRUPTED", "The server was stopped meanwhile.");
}
