import { Fault, messageOf } from "../fault/fault.ts";
import type { Availability, Cluster, Engine, EngineName, EngineRequest } from "./cluster.ts";

/** What each engine can do here, in the order of `engines`; for people who ask what is missing. */
export async function diagnose(
  engines: readonly Engine[],
  request: EngineRequest = {},
): Promise<readonly { readonly name: EngineName; readonly availability: Availability }[]> {
  return Promise.all(
    engines.map(async (engine) => ({ name: engine.name, availability: await engine.probe(request) })),
  );
}

/**
 * A running cluster of the chosen engine. "auto" takes the first of `engines` that can serve with pgAudit, else the
 * first without; never a server that is not ours. `say` receives one line a step: what was chosen and why, then how
 * it comes. @throws Fault NO_ENGINE when none can serve; for a chosen engine, what its `start` throws.
 */
export async function openCluster(
  choice: "auto" | EngineName,
  request: EngineRequest,
  engines: readonly Engine[],
  say: (line: string) => void,
): Promise<Cluster> {
  if (choice !== "auto") {
    const chosen = engines.find(({ name }) => name === choice);
    if (chosen === undefined) throw new Fault("NO_ENGINE", `There is no engine ${choice}.`);
    return chosen.start(request, say);
  }
  const candidates = engines.filter(({ name }) => name !== "existing");
  const found = await diagnose(candidates, request);
  const able = found.flatMap(({ name, availability }) =>
    availability.available ? [{ name, availability }] : [],
  );
  const best = [
    ...able.filter((one) => one.availability.pgaudit),
    ...able.filter((one) => !one.availability.pgaudit),
  ];
  const passedOver = new Map(
    found.map(({ name, availability }) => [
      name,
      availability.available ? "has no pgAudit" : availability.why,
    ]),
  );
  for (const { name, availability } of best) {
    const engine = candidates.find((one) => one.name === name) as Engine;
    passedOver.delete(name);
    const before = candidates.slice(0, candidates.indexOf(engine)).map((one) => one.name);
    const why = before.map((one) => `${one}: ${passedOver.get(one)}`).join("; ");
    say(`Engine ${name}: ${availability.detail}${why ? ` (${why})` : ""}`);
    try {
      return await engine.start(request, say);
    } catch (thrown) {
      // What would befall the next engine as well is no reason to try it.
      if (!(thrown instanceof Fault && (thrown.code === "NO_ENGINE" || thrown.code === "ENGINE_START")))
        throw thrown;
      passedOver.set(name, messageOf(thrown));
    }
  }
  const wanted = request.major === undefined ? "PostgreSQL" : `PostgreSQL ${request.major}`;
  const reasons = [...passedOver].map(([name, why]) => `  ${name}: ${why}`);
  const hints = found.flatMap(({ name, availability }) =>
    availability.available ? [] : [`${name}: ${availability.hint}`],
  );
  throw new Fault("NO_ENGINE", `No engine can give ${wanted}:\n${reasons.join("\n")}`, {
    where: "--engine auto",
    hint: ["Make one of them work; 'tenantproof doctor' shows what is here.", ...hints].join("\n          "),
  });
}
