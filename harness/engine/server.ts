// Server: a PostgreSQL made from a folder of binaries, alive exactly as long as we are.
// Binaries: what it is made from; see binaries.ts. Data directory: its files, thrown away with it.

import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault, messageOf } from "../fault/fault.ts";
import type { Binaries } from "./binaries.ts";
import type { Address, Cluster, EngineName, EngineRequest, Saved } from "./cluster.ts";
import { socketPort, writeConfiguration } from "./configuration.ts";
import { closeErrands, withConnection } from "./connection.ts";
import { fillDataDirectory } from "./data-directory.ts";
import { adoptDatabases } from "./database.ts";
import { logFile } from "./failure.ts";
import type { Machine } from "./machine.ts";
import { givePassword, makePassword } from "./password.ts";
import { launch, type Postmaster, stopTimeoutMs } from "./postmaster.ts";
import { removeDirectory } from "./remains.ts";
import { keptFile, makeRunDirectory } from "./run-directory.ts";
import { copySaved, dropSaved, findSaved, type SavedData, saveData, savedName } from "./saved-data.ts";

/** The role that `initdb` makes; the only superuser of a fresh server. */
export const bootstrapSuperuser = "supabase_admin";

const defaultPatienceMs = 60_000;

/** What keeps a server from starting whatever its data are. */
const blameless: ReadonlySet<string> = new Set(["NO_SPACE", "PORT_IN_USE", "USAGE"]);

interface ServerPlan {
  readonly engine: EngineName;
  readonly binaries: Binaries;
  readonly request?: EngineRequest;
  readonly machine: Machine;
  /** How long making its files, and then starting it, may each take; default 60,000. */
  readonly patienceMs?: number;
  readonly say?: (line: string) => void;
}

/**
 * A running server that accepts connections, on saved data where the request has their fingerprint and they are good.
 * @throws Fault ENGINE_START, NO_SPACE, PORT_IN_USE, USAGE; nothing of the server is left then.
 */
export async function startServer(plan: ServerPlan): Promise<Cluster> {
  const { binaries, request = {}, machine, say = () => {} } = plan;
  if (request.data === undefined) return startOn(plan, undefined, undefined);
  const name = await savedName(request.data, binaries, bootstrapSuperuser, machine);
  const saved = await findSaved(name, machine);
  if (saved === undefined) return startOn(plan, name, undefined);
  try {
    return await startOn(plan, name, saved);
  } catch (thrown) {
    if (thrown instanceof Fault && blameless.has(thrown.code)) throw thrown;
    // What befalls a server without them as well does not speak against them either.
    const fresh = await startOn(plan, name, undefined);
    say(`The saved data could not be used: ${messageOf(thrown).replaceAll("\n", " ")}`);
    // Where they cannot be removed, the next run is told the same.
    await dropSaved(saved, machine).catch(() => {});
    return fresh;
  }
}

async function startOn(plan: ServerPlan, name: string | undefined, saved: SavedData | undefined) {
  const { binaries, request = {}, machine, patienceMs = defaultPatienceMs } = plan;
  const room = Math.max(request.roomBytes ?? 0, saved?.bytes ?? 0);
  const directory = await makeRunDirectory(machine, room);
  try {
    await writeConfiguration(binaries, request, directory, machine);
    if (saved) await copySaved(saved, directory, machine);
    else await fillDataDirectory(binaries, directory, bootstrapSuperuser, machine, patienceMs);
    const address = {
      host: directory,
      port: request.port ?? socketPort,
      user: bootstrapSuperuser,
      database: "postgres",
    };
    const account = machine.account;
    const postmaster = await launch({ binaries, address, account, patienceMs });
    try {
      const superuser = await takeOver(address, request, saved);
      return makeCluster(plan, { superuser, postmaster, name, saved });
    } catch (thrown) {
      await postmaster.stop(stopTimeoutMs);
      throw thrown;
    }
  } catch (thrown) {
    await removeDirectory(directory, machine.account);
    throw thrown;
  }
}

/** The server is this run's: its password and its owner record. */
async function takeOver(
  address: Address,
  { port }: EngineRequest,
  saved: SavedData | undefined,
): Promise<Address> {
  const password = port === undefined ? undefined : makePassword();
  if (password === undefined && saved === undefined) return address;
  await withConnection(address, async (connection) => {
    await givePassword(connection, password);
    if (saved) await adoptDatabases(connection);
  });
  return password === undefined ? address : { ...address, password };
}

interface Running {
  readonly superuser: Address;
  readonly postmaster: Postmaster;
  /** What its data are saved as, if they may be. */
  readonly name: string | undefined;
  /** What it came up on. */
  readonly saved: SavedData | undefined;
}

function makeCluster(plan: ServerPlan, { superuser, postmaster, name, saved }: Running): Cluster {
  const { engine, binaries, request = {}, machine } = plan;
  const { host: directory, password } = superuser;
  const { port } = request;
  let kept = false;
  let saving: Promise<Saved> | undefined;
  const save = async (name: string, note: string) => {
    await closeErrands(superuser);
    // It may take its time; stopping must not.
    await withConnection(superuser, (connection) => connection.query("checkpoint"));
    return postmaster.pause((signal) => saveData(name, directory, note, machine, signal));
  };
  const described = `PostgreSQL ${binaries.version} from ${binaries.origin}`;
  return {
    engine,
    description: `${engine}: ${described}, ${binaries.pgauditMissing ? "without" : "with"} pgAudit`,
    major: binaries.major,
    pgaudit: binaries.pgauditMissing === undefined,
    ...(binaries.pgauditMissing === undefined ? {} : { pgauditMissing: binaries.pgauditMissing }),
    superuser,
    ...(binaries.clientBinaries === undefined ? {} : { clientBinaries: binaries.clientBinaries }),
    readLog: () => readFile(join(directory, logFile), "utf8"),
    ...(saved === undefined ? {} : { savedData: { note: saved.note } }),
    ...(name === undefined
      ? {}
      : {
          save(note = "") {
            saving = save(name, note);
            return saving;
          },
        }),
    get kept() {
      return kept;
    },
    keep() {
      kept = true;
      writeFileSync(join(directory, keptFile), "");
      postmaster.leave();
      const tcp =
        port === undefined
          ? ""
          : ` or psql "postgres://${superuser.user}:${password}@127.0.0.1:${port}/postgres"`;
      return `Kept: connect with psql -h ${directory} -p ${superuser.port} -U ${superuser.user} postgres${tcp}; remove with kill -INT $(head -1 ${directory}/data/postmaster.pid) && rm -rf ${directory}`;
    },
    async [Symbol.asyncDispose]() {
      // A kept server is to run in the end.
      if (kept) return void (await saving?.catch(() => {}));
      await postmaster.stop(stopTimeoutMs);
      await removeDirectory(directory, machine.account);
    },
  };
}
