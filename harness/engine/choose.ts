import { Fault } from "../fault/fault.ts";
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
 * A running cluster of the chosen engine. "auto" takes the first that can serve with pgAudit: docker, local, embedded;
 * else the first without. `say` receives one line a step, the first of them what was chosen and why.
 * @throws Fault NO_ENGINE when none can serve, and what the engine's `start` throws.
 */
export async function openCluster(
  choice: "auto" | EngineName,
  request: EngineRequest,
  engines: readonly Engine[],
  say: (line: string) => void,
): Promise<Cluster> {
  const asked = engines.filter(({ name }) => (choice === "auto" ? name !== "existing" : name === choice));
  const passedOver: string[] = [];
  let fallback: Candidate | undefined;
  for (const engine of asked) {
    const availability = await engine.probe(request);
    if (!availability.available) {
      passedOver.push(`${engine.name}: ${availability.why} ${availability.hint}`);
    } else if (choice === "auto" && !availability.pgaudit) {
      passedOver.push(`${engine.name}: without pgAudit`);
      fallback ??= { engine, detail: availability.detail };
    } else {
      return open({ engine, detail: availability.detail }, request, passedOver, say);
    }
  }
  if (fallback) return open(fallback, request, passedOver, say);
  throw noEngine(choice, request, passedOver);
}

interface Candidate {
  readonly engine: Engine;
  readonly detail: string;
}

async function open(
  { engine, detail }: Candidate,
  request: EngineRequest,
  passedOver: readonly string[],
  say: (line: string) => void,
): Promise<Cluster> {
  const why = passedOver.filter((line) => !line.startsWith(`${engine.name}:`)).join("; ");
  say(`Engine ${engine.name}: ${detail}${why ? ` (not ${why})` : ""}`);
  return engine.start(request, say);
}

function noEngine(choice: string, request: EngineRequest, passedOver: readonly string[]): Fault {
  const wanted = request.major === undefined ? "PostgreSQL" : `PostgreSQL ${request.major}`;
  return new Fault(
    "NO_ENGINE",
    `No engine can give ${wanted}.\n${passedOver.map((line) => `  ${line}`).join("\n")}`,
    {
      where: `--engine ${choice}`,
    },
  );
}
