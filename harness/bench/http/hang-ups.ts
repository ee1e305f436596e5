import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "undici";
import type { Call, Script } from "./script.ts";

const everyMs = 150;
/** Less than the call takes. */
const patienceMs = 10;

export interface HangUps {
  /** No more of them; answers with how many hung up before there was an answer. */
  stop(): Promise<number>;
}

/** Clients that ask, and hang up while their query runs, beside all others. */
export function startHangUps(origin: string, script: Pick<Script, "abandoned">): HangUps {
  const stopping = new AbortController();
  let hungUp = 0;
  const loop = async () => {
    while (!stopping.signal.aborted) {
      if (await hangUp(origin, script.abandoned())) hungUp += 1;
      await sleep(everyMs, undefined, stopping).catch(() => {});
    }
  };
  const running = loop();
  running.catch(() => {});
  return {
    async stop() {
      stopping.abort();
      await running;
      return hungUp;
    },
  };
}

/** Whether the client was gone before it was answered. */
async function hangUp(origin: string, { method, path, headers }: Call): Promise<boolean> {
  const client = new Client(origin);
  const asking = client.request({ method, path, headers: { ...headers } }).then(
    () => false,
    () => true,
  );
  await sleep(patienceMs);
  await client.destroy();
  return asking;
}
