import { access, constants } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { execa } from "execa";
import { Fault, messageOf } from "../fault/fault.ts";
import { hasApt } from "./apt.ts";
import type { Cluster } from "./cluster.ts";
import { fetchServer } from "./distribution.ts";
import type { Machine } from "./machine.ts";

/** PostgreSQL's client programs on this machine: psql, pg_dump, pg_restore. */
export interface ClientPrograms {
  readonly folder: string;
  /** Never below the server's. */
  readonly major: number;
}

const answerTimeoutMs = 5_000;

/**
 * Client programs that can speak to `cluster`: its engine's own; else the nearest major that is installed here; else those
 * of the server's major from the distribution's packages, unpacked in the cache.
 * @throws Fault NO_ENGINE when there are none.
 */
export async function clientProgramsFor(
  cluster: Pick<Cluster, "major" | "clientBinaries">,
  machine: Machine,
): Promise<ClientPrograms> {
  const { major, clientBinaries } = cluster;
  if (clientBinaries !== undefined) return { folder: clientBinaries, major };
  const [nearest] = (await findPrograms(machine))
    .filter((found) => found.major >= major)
    .sort((one, other) => one.major - other.major);
  // A newer one says some things that an older server does not know: its own is better, where it costs nothing.
  if (nearest?.major === major) return nearest;
  const fetched = await fetchPrograms(cluster, machine);
  if (typeof fetched !== "string") return fetched;
  if (nearest !== undefined) return nearest;
  throw new Fault(
    "NO_ENGINE",
    `This machine has no pg_restore of PostgreSQL ${major} or newer: ${fetched}.`,
    {
      hint: `Install the client programs of PostgreSQL ${major} (postgresql-client-${major}), or name their folder with TENANTPROOF_PGBIN.`,
    },
  );
}

async function findPrograms({ env, binaryFolders }: Machine): Promise<ClientPrograms[]> {
  const onPath = (env.PATH ?? "").split(delimiter).filter((folder) => folder.startsWith("/"));
  const folders = env.TENANTPROOF_PGBIN ? [env.TENANTPROOF_PGBIN] : [...binaryFolders, ...onPath];
  const found = await Promise.all([...new Set(folders)].map(inspectPrograms));
  return found.filter((one) => one !== undefined);
}

async function inspectPrograms(folder: string): Promise<ClientPrograms | undefined> {
  try {
    const program = join(folder, "pg_restore");
    await access(program, constants.X_OK);
    const { stdout } = await execa(program, ["--version"], {
      timeout: answerTimeoutMs,
      cwd: dirname(program),
    });
    const major = Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1]);
    return Number.isInteger(major) ? { folder, major } : undefined;
  } catch {
    return undefined;
  }
}

/** Or why there are none. */
async function fetchPrograms(
  { major }: Pick<Cluster, "major">,
  machine: Machine,
): Promise<ClientPrograms | string> {
  if (machine.platform !== "linux" || machine.env.TENANTPROOF_PGBIN || !(await hasApt()))
    return "none is installed";
  try {
    const { clientBinaries } = await fetchServer(major, machine);
    return clientBinaries === undefined ? "the packages hold none" : { folder: clientBinaries, major };
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "NO_SPACE") throw thrown;
    return `none is installed, and ${messageOf(thrown).split("\n")[0]}`;
  }
}
