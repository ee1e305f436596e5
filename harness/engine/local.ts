// Local: PostgreSQL's own binaries, found on this machine or fetched from its distribution.

import { Fault } from "../fault/fault.ts";
import type { Availability, Engine, EngineRequest } from "./cluster.ts";
import { findInstalled } from "./installed.ts";
import type { Machine } from "./machine.ts";
import { sweepRunDirectories } from "./run-directory.ts";
import { startServer } from "./server.ts";

/** The engine of binaries that `machine` has. */
export function localEngine(machine: Machine): Engine {
  return {
    name: "local",
    probe: (request) => probe(machine, request),
    async start(request, say) {
      const found = await findInstalled(machine);
      const fitting = found.filter(({ major }) => request.major === undefined || major === request.major);
      const binaries = fitting.find(({ pgauditMissing }) => pgauditMissing === undefined) ?? fitting[0];
      if (binaries === undefined)
        throw new Fault("NO_ENGINE", "There is no PostgreSQL server on this machine.");
      say(`Starting PostgreSQL ${binaries.version} from ${binaries.origin}`);
      await sweepRunDirectories(machine);
      return startServer({ engine: "local", binaries, port: request.port, machine });
    },
  };
}

async function probe(machine: Machine, request: EngineRequest): Promise<Availability> {
  const found = await findInstalled(machine);
  const fitting = found.filter(({ major }) => request.major === undefined || major === request.major);
  if (fitting.length === 0)
    return { available: false, why: "no PostgreSQL server on this machine", hint: "Install one." };
  return {
    available: true,
    majors: [...new Set(fitting.map(({ major }) => major))],
    pgaudit: fitting.some(({ pgauditMissing }) => pgauditMissing === undefined),
    detail: fitting.map(({ version, origin }) => `${version} from ${origin}`).join("; "),
  };
}
