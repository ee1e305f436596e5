// What runs in the thread: a gateway, and a port on which the main thread asks for what only it knows.
import { parentPort, workerData } from "node:worker_threads";
import { Fault } from "../../fault/fault.ts";
import { openDoor } from "./door.ts";
import { openGateway } from "./gateway.ts";
import type { GatewayPlan, ThreadAnswer, ThreadQuestion } from "./thread.ts";
import { verifierOf } from "./tokens.ts";

const { address, routes, trust, ...options } = workerData as GatewayPlan;
const door = openDoor(address, options);
const gateway = await openGateway({ routes, door, verify: verifierOf(trust) });

const answers: Record<ThreadQuestion, () => Promise<unknown>> = {
  times: () => gateway.times(),
  survey: () => gateway.survey(),
  close: async () => {
    await gateway[Symbol.asyncDispose]();
    parentPort?.close();
  },
};

parentPort?.on("message", async (question: ThreadQuestion) => {
  const answer: ThreadAnswer = await answers[question]().then(
    (value) => ({ value }),
    (thrown) => ({ fault: { code: Fault.from(thrown).code, what: Fault.from(thrown).what } }),
  );
  parentPort?.postMessage(answer);
});
parentPort?.postMessage({ value: gateway.origin } satisfies ThreadAnswer);
