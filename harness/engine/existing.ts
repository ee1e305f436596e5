// Existing: a server that the user names by URL and calls disposable. It must be as good as new, and is so again after.

import { Fault, messageOf } from "../fault/fault.ts";
import { loadSql } from "../sql/load.ts";
import {
  type Address,
  type Availability,
  type Cluster,
  type Engine,
  type EngineRequest,
  majors,
} from "./cluster.ts";
import { type Connection, connect, endErrands, withConnection } from "./connection.ts";
import {
  endOtherSessions,
  keepMarked,
  markRole,
  placeMark,
  readMark,
  removeMarked,
  takeLock,
} from "./existing-mark.ts";
import { findInstalled } from "./installed.ts";
import type { Machine } from "./machine.ts";
import { isAlive } from "./owner.ts";
import { parseServerUrl } from "./server-url.ts";

const answerTimeoutMs = 3_000;
/** Roles that a platform is going to make: were they there, they would be somebody's. */
const reservedRoles = ["anon", "authenticated", "service_role", "authenticator", "supabase_auth_admin"];

/** The engine of one server that is there already. */
export function existingEngine(machine: Machine): Engine {
  return { name: "existing", probe, start: (request, say) => start(request, machine, say) };
}

async function probe(request: EngineRequest): Promise<Availability> {
  const hint = "Name a server: --engine postgres://user:password@host:port/postgres --disposable";
  if (request.url === undefined) return { available: false, why: "no URL was given", hint };
  try {
    const address = parseServerUrl(request.url);
    const found = await withConnection(address, survey, { timeoutMs: answerTimeoutMs });
    const pgauditMissing = whyNoPgaudit(found);
    return {
      available: true,
      majors: majors.filter((one) => one === found.major),
      pgaudit: pgauditMissing === undefined,
      detail: `PostgreSQL ${found.version} at ${place(address)}${pgauditMissing ? `; ${pgauditMissing}` : ""}`,
    };
  } catch (thrown) {
    return { available: false, why: messageOf(thrown), hint };
  }
}

async function start(
  request: EngineRequest,
  machine: Machine,
  say: (line: string) => void,
): Promise<Cluster> {
  if (request.url === undefined) throw new Fault("USAGE", "The existing engine needs a server's URL.");
  const superuser = parseServerUrl(request.url);
  const where = place(superuser);
  if (!request.disposable) {
    throw new Fault("NOT_DISPOSABLE", "The server was not called disposable.", { where });
  }
  // Held to the end: this session's lock tells other runs that the server is taken.
  const keeper = await reach(superuser);
  try {
    const found = await claim(keeper, request, where, say);
    // Some take effect with a restart only, and none of them is ours to put back.
    const unset = Object.keys(request.settings ?? {});
    if (unset.length > 0) say(`The server at ${where} keeps its own settings of ${unset.join(", ")}`);
    return await makeCluster(keeper, superuser, found, machine);
  } catch (thrown) {
    await keeper.end();
    throw thrown;
  }
}

async function reach(address: Address): Promise<Connection> {
  try {
    return await connect(address, { applicationName: "tenantproof keeper", timeoutMs: answerTimeoutMs });
  } catch (thrown) {
    throw new Fault("NO_ENGINE", `The server cannot be used: ${messageOf(thrown)}`, {
      where: place(address),
      hint: "Check that it runs, and that the URL has the right host, port, user and password.",
      cause: thrown,
    });
  }
}

interface Survey {
  readonly version: string;
  readonly major: number;
  readonly preloaded: string;
  readonly pgaudit_installed: boolean;
  readonly superuser: boolean;
  readonly databases: readonly string[];
  readonly roles: readonly string[];
  readonly superusers: readonly string[];
}

async function survey(connection: Connection): Promise<Survey> {
  const { rows } = await connection.query(loadSql(import.meta.url, "existing/survey.sql"));
  return rows[0] as Survey;
}

/** The server is as good as new, bears our mark and is locked for us. @throws Fault NOT_DISPOSABLE, NO_ENGINE. */
async function claim(
  keeper: Connection,
  request: EngineRequest,
  where: string,
  say: (line: string) => void,
): Promise<Survey> {
  const refuse = (what: string, hint?: string) => new Fault("NOT_DISPOSABLE", what, { where, hint });
  const { superuser, major, version } = await survey(keeper);
  if (!superuser) throw refuse("The URL's user is no superuser there.", "Name a superuser in the URL.");
  if (!majors.some((one) => one === major) || (request.major ?? major) !== major) {
    throw new Fault(
      "NO_ENGINE",
      `The server is PostgreSQL ${version}; wanted: ${request.major ?? majors.join(", ")}.`,
      {
        where,
        hint: "Name another server, or leave --postgres out.",
      },
    );
  }
  const [free, mark] = [await takeLock(keeper), await readMark(keeper)];
  if (!free || (mark !== undefined && !mark.kept && isAlive(mark.owner))) {
    const who = mark ? ` (process ${mark.owner.pid} on ${mark.owner.host})` : "";
    throw refuse(`Another run uses this server${who}.`, "Wait for it to end, or name another server.");
  }
  if (mark?.kept)
    throw refuse("An earlier run was told to keep what it made there.", removalHint(mark.rolesBefore));
  if (mark) {
    say(`Removing what a killed run left at ${where}`);
    await removeMarked(keeper, mark);
  }
  const found = await survey(keeper);
  if (found.databases.length > 0) throw refuse(`The server holds databases: ${found.databases.join(", ")}.`);
  const taken = found.roles.filter(
    (name) => reservedRoles.includes(name) || (name === "postgres" && !found.superusers.includes(name)),
  );
  if (taken.length > 0) {
    throw refuse(
      `The server has roles that the platform would make: ${taken.join(", ")}.`,
      "Drop them, or name another server.",
    );
  }
  await placeMark(keeper, found.roles);
  return found;
}

function removalHint(rolesBefore: readonly string[]): string {
  return `Drop the databases tenantproof_*, the role ${markRole} and every role but: ${rolesBefore.join(", ")}.`;
}

function whyNoPgaudit({ preloaded, pgaudit_installed }: Survey): string | undefined {
  if (!pgaudit_installed) return "pgAudit is not installed on the server";
  const loaded = preloaded.split(",").some((name) => name.trim().replaceAll('"', "") === "pgaudit");
  return loaded ? undefined : "the server does not preload pgAudit (shared_preload_libraries)";
}

async function makeCluster(
  keeper: Connection,
  superuser: Address,
  found: Survey,
  machine: Machine,
): Promise<Cluster> {
  const major = majors.find((one) => one === found.major);
  if (major === undefined) throw new Fault("BUG", `PostgreSQL ${found.major} passed for one we support.`);
  const pgauditMissing = whyNoPgaudit(found);
  const client = (await findInstalled(machine)).find((one) => one.major === major)?.clientBinaries;
  const where = place(superuser);
  let kept = false;
  return {
    engine: "existing",
    description: `existing: PostgreSQL ${found.version} at ${where}, ${pgauditMissing ? "without" : "with"} pgAudit`,
    major,
    pgaudit: pgauditMissing === undefined,
    ...(pgauditMissing === undefined ? {} : { pgauditMissing }),
    superuser,
    readLog: () => readServerLog(superuser),
    ...(client === undefined ? {} : { clientBinaries: client }),
    get kept() {
      return kept;
    },
    keep() {
      kept = true;
      return `Kept at ${where}. ${removalHint(found.roles)}`;
    },
    async [Symbol.asyncDispose]() {
      try {
        // A run that is given up may still be in the middle of making something.
        await endErrands(superuser);
        await endOtherSessions(keeper);
        if (kept) await keepMarked(keeper, found.roles);
        else await removeMarked(keeper, { rolesBefore: found.roles });
      } catch (thrown) {
        // The server is gone, and all that we made with it.
        if (!(thrown instanceof Fault && thrown.code === "ENGINE_LOST")) throw thrown;
      } finally {
        await keeper.end();
      }
    },
  };
}

async function readServerLog(superuser: Address): Promise<string> {
  return withConnection(superuser, async (connection) => {
    const { rows } = await connection.query("select pg_catalog.pg_current_logfile('stderr') as file");
    if (rows[0]?.file == null) {
      throw new Fault("NO_ENGINE", "The server's log cannot be read: it has no logging collector.", {
        where: place(superuser),
        hint: "Set logging_collector = on there, or use another engine.",
      });
    }
    const { rows: read } = await connection.query("select pg_catalog.pg_read_file($1) as text", [
      rows[0].file,
    ]);
    return read[0]?.text as string;
  });
}

function place({ host, port }: Address): string {
  return host.startsWith("/") ? `${host}, port ${port}` : `${host}:${port}`;
}
