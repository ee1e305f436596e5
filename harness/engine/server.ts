// Server: a PostgreSQL made from a folder of binaries, alive exactly as long as we are.
// Binaries: what it is made from; see binaries.ts. Data directory: its files, thrown away with it.

import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { quoteIdentifier, quoteLiteral } from "../sql/identifier.ts";
import type { Binaries } from "./binaries.ts";
import type { Address, Cluster, EngineName, EngineRequest } from "./cluster.ts";
import { configurationFile, socketPort, writeConfiguration } from "./configuration.ts";
import { withConnection } from "./connection.ts";
import { fillDataDirectory } from "./data-directory.ts";
import { explainFailure, logFile } from "./failure.ts";
import type { Machine } from "./machine.ts";
import { removeDirectory } from "./remains.ts";
import { keptFile, makeRunDirectory } from "./run-directory.ts";
import { type Supervised, supervise } from "./supervisor.ts";

/** The role that `initdb` makes; the only superuser of a fresh server. */
export const bootstrapSuperuser = "supabase_admin";

const defaultPatienceMs = 60_000;
const stopTimeoutMs = 8_000;

interface ServerPlan {
  readonly engine: EngineName;
  readonly binaries: Binaries;
  readonly request?: EngineRequest;
  readonly machine: Machine;
  /** How long making its files, and then starting it, may each take; default 60,000. */
  readonly patienceMs?: number;
}

/**
 * A running server that accepts connections.
 * @throws Fault ENGINE_START, NO_SPACE, PORT_IN_USE, USAGE; nothing of the server is left then.
 */
export async function startServer(plan: ServerPlan): Promise<Cluster> {
  const { binaries, request = {}, machine, patienceMs = defaultPatienceMs } = plan;
  const directory = await makeRunDirectory(machine, request.roomBytes);
  try {
    await fillDataDirectory(binaries, directory, bootstrapSuperuser, machine, patienceMs);
    await writeConfiguration(binaries, request, directory, machine);
    const server = await supervise({
      directory,
      file: join(binaries.folder, "postgres"),
      args: ["-D", join(directory, "data"), "-c", `config_file=${join(directory, configurationFile)}`],
      libraries: binaries.libraries,
      account: machine.account,
    });
    const superuser = {
      host: directory,
      port: request.port ?? socketPort,
      user: bootstrapSuperuser,
      database: "postgres",
    };
    try {
      await untilReady(server, superuser, patienceMs);
      return await makeCluster(plan, directory, superuser, server);
    } catch (thrown) {
      await server.stop(Math.min(stopTimeoutMs, patienceMs));
      throw thrown;
    }
  } catch (thrown) {
    await removeDirectory(directory, machine.account);
    throw thrown;
  }
}

async function untilReady(server: Supervised, address: Address, patienceMs: number): Promise<void> {
  let ended: string | undefined;
  server.ended.then((status) => {
    ended = `The server ended while starting (status ${status ?? "unknown"})`;
  });
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline && ended === undefined) {
    try {
      return await withConnection(address, async () => {}, { timeoutMs: Math.min(patienceMs, 2_000) });
    } catch {
      await sleep(10);
    }
  }
  const what = ended ?? `The server accepted no connection within ${patienceMs / 1000} s`;
  throw await explainFailure(what, address.host, address.host);
}

async function makeCluster(
  { engine, binaries, request = {}, machine }: ServerPlan,
  directory: string,
  superuser: Address,
  server: Supervised,
): Promise<Cluster> {
  const { port } = request;
  const password = port === undefined ? undefined : await givePassword(superuser);
  let kept = false;
  const readLog = () => readFile(join(directory, logFile), "utf8");
  const described = `PostgreSQL ${binaries.version} from ${binaries.origin}`;
  return {
    engine,
    description: `${engine}: ${described}, ${binaries.pgauditMissing ? "without" : "with"} pgAudit`,
    major: binaries.major,
    pgaudit: binaries.pgauditMissing === undefined,
    ...(binaries.pgauditMissing === undefined ? {} : { pgauditMissing: binaries.pgauditMissing }),
    superuser: password === undefined ? superuser : { ...superuser, password },
    ...(binaries.clientBinaries === undefined ? {} : { clientBinaries: binaries.clientBinaries }),
    readLog,
    get kept() {
      return kept;
    },
    keep() {
      kept = true;
      writeFileSync(join(directory, keptFile), "");
      server.leave();
      const tcp =
        port === undefined
          ? ""
          : ` or psql "postgres://${superuser.user}:${password}@127.0.0.1:${port}/postgres"`;
      return `Kept: connect with psql -h ${directory} -p ${superuser.port} -U ${superuser.user} postgres${tcp}; remove with kill -INT $(head -1 ${directory}/data/postmaster.pid) && rm -rf ${directory}`;
    },
    async [Symbol.asyncDispose]() {
      if (kept) return;
      await server.stop(stopTimeoutMs);
      await removeDirectory(directory, machine.account);
    },
  };
}

async function givePassword(superuser: Address): Promise<string> {
  const password = randomBytes(18).toString("base64url");
  await withConnection(superuser, (connection) =>
    connection.query(`alter role ${quoteIdentifier(superuser.user)} password ${quoteLiteral(password)}`),
  );
  return password;
}
