// Local: PostgreSQL's own binaries, installed on this machine or fetched from its distribution without installing.

import { Fault, messageOf } from "../fault/fault.ts";
import { hasApt } from "./apt.ts";
import type { Binaries } from "./binaries.ts";
import type { Availability, Engine, EngineRequest } from "./cluster.ts";
import { fetchServer } from "./distribution.ts";
import { findInstalled } from "./installed.ts";
import type { Machine } from "./machine.ts";
import { overlayPgaudit } from "./overlay.ts";
import { sweepRunDirectories } from "./run-directory.ts";
import { sweepSaved } from "./saved-room.ts";
import { startServer } from "./server.ts";

/** The engine of the binaries that `machine` has or can fetch. */
export function localEngine(machine: Machine): Engine {
  return {
    name: "local",
    probe: (request) => probe(request, machine),
    async start(request, say) {
      await sweepRunDirectories(machine);
      await sweepSaved(machine);
      const binaries = await findBinaries(request, machine, say);
      say(`Starting PostgreSQL ${binaries.version} from ${binaries.origin}`);
      return startServer({ engine: "local", binaries, request, machine, say });
    },
  };
}

async function probe(request: EngineRequest, machine: Machine): Promise<Availability> {
  const [fitting, apt] = [await findFitting(request, machine), await canFetch(machine)];
  if (fitting.length > 0) {
    const ready = fitting.some(({ pgauditMissing }) => pgauditMissing === undefined);
    const later = ready || !apt ? "" : "; pgAudit is fetched with apt, without installing it";
    return {
      available: true,
      majors: [...new Set(fitting.map(({ major }) => major))],
      pgaudit: ready || apt,
      detail: `${fitting.map(({ version, folder }) => `PostgreSQL ${version} in ${folder}`).join(", ")}${later}`,
    };
  }
  if (apt) {
    const majors = request.major === undefined ? [] : [request.major];
    return {
      available: true,
      majors,
      pgaudit: true,
      detail: "none installed; fetched with apt, without installing it",
    };
  }
  return { available: false, why: noServer(request, machine), hint: installHint(machine) };
}

async function findBinaries(
  request: EngineRequest,
  machine: Machine,
  say: (line: string) => void,
): Promise<Binaries> {
  const fitting = await findFitting(request, machine);
  const ready = fitting.find(({ pgauditMissing }) => pgauditMissing === undefined);
  if (ready) return ready;
  const apt = await canFetch(machine);
  const [bare] = fitting;
  if (bare === undefined && !apt) {
    throw new Fault("NO_ENGINE", `${noServer(request, machine)}.`, { hint: installHint(machine) });
  }
  if (bare !== undefined && !apt) return bare;
  try {
    if (bare !== undefined) return await overlayPgaudit(bare, machine);
    return await fetchServer(request.major, machine);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "NO_SPACE") throw thrown;
    const why = `the distribution's packages could not be used: ${messageOf(thrown).split("\n")[0]}`;
    if (bare === undefined) {
      throw new Fault("NO_ENGINE", `${noServer(request, machine)}, and ${why}.`, {
        cause: thrown,
        hint: installHint(machine),
      });
    }
    say(`No pgAudit: ${why}`);
    return { ...bare, pgauditMissing: why };
  }
}

async function findFitting({ major }: EngineRequest, machine: Machine): Promise<Binaries[]> {
  const found = await findInstalled(machine);
  return found.filter((one) => major === undefined || one.major === major);
}

async function canFetch({ platform, env }: Machine): Promise<boolean> {
  return platform === "linux" && !env.TENANTPROOF_PGBIN && (await hasApt());
}

function noServer({ major }: EngineRequest, { env }: Machine): string {
  const what = major === undefined ? "PostgreSQL server" : `server of PostgreSQL ${major}`;
  return env.TENANTPROOF_PGBIN
    ? `TENANTPROOF_PGBIN (${env.TENANTPROOF_PGBIN}) holds no ${what} that can be run`
    : `This machine has no ${what}`;
}

function installHint({ platform, env }: Machine): string {
  if (env.TENANTPROOF_PGBIN) return "Name the folder that holds postgres and initdb, readable by every user.";
  if (platform === "darwin")
    return "Install one with 'brew install postgresql@17', or use --engine docker or embedded.";
  if (platform === "win32") return "Use --engine docker, or run in WSL.";
  return "Install postgresql with the system's package manager, or use --engine docker or embedded.";
}
