import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import pLimit from "p-limit";
import type { Address } from "../../engine/cluster.ts";
import { Fault } from "../../fault/fault.ts";
import type { FaultCode } from "../../fault/faults.ts";
import type { DoorOptions, Route } from "./door.ts";
import type { Gateway } from "./gateway.ts";
import type { Trust } from "./tokens.ts";

/** All that a gateway has to know; plain data. */
export interface GatewayPlan extends DoorOptions {
  /** As whom it connects: the role that may become the others. */
  readonly address: Address;
  readonly routes: readonly Route[];
  readonly trust: Trust;
}

export type ThreadQuestion = "times" | "survey" | "close";
export type ThreadAnswer =
  | { readonly value?: unknown }
  | { readonly fault: { readonly code: FaultCode; readonly what: string } };

/** How long its connections may take to be closed. */
const closingMs = 10_000;

/**
 * A gateway in a thread of its own: its work does not delay the clients that time it, nor theirs what it times itself.
 * Not in a process of its own, which could outlive us. @throws Fault as the gateway does.
 */
export async function openGatewayThread(plan: GatewayPlan): Promise<Gateway> {
  const worker = new Worker(new URL("thread.mjs", import.meta.url), { workerData: plan, execArgv: [] });
  const ended = once(worker, "exit");
  const gone = ended.then(() => {
    throw new Fault("BUG", "The gateway ended by itself.");
  });
  // It may end with an error when nobody asks it anything.
  gone.catch(() => {});
  const answered = async () => {
    const [answer] = (await Promise.race([once(worker, "message"), gone])) as [ThreadAnswer];
    if ("fault" in answer) throw new Fault(answer.fault.code, answer.fault.what);
    return answer.value;
  };
  // Answers carry no name of their question.
  const inTurn = pLimit(1);
  const ask = <T>(question: ThreadQuestion): Promise<T> =>
    inTurn(async () => {
      const answer = answered();
      worker.postMessage(question);
      return (await answer) as T;
    });
  return {
    origin: (await answered()) as string,
    times: () => ask("times"),
    survey: () => ask("survey"),
    async [Symbol.asyncDispose]() {
      worker.postMessage("close" satisfies ThreadQuestion);
      const limit = new AbortController();
      await Promise.race([ended, sleep(closingMs, undefined, limit)]).catch(() => {});
      limit.abort();
      await worker.terminate();
    },
  };
}
