import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import type { ClientPrograms } from "../../engine/clients.ts";
import type { Address } from "../../engine/cluster.ts";
import { Fault } from "../../fault/fault.ts";
import { RestoreOutput } from "./pg-restore-output.ts";
import { heed, sessionOptions } from "./restore-session.ts";

interface Invocation {
  readonly programs: ClientPrograms;
  readonly address: Address;
  /** The archive's file or folder. */
  readonly path: string;
  readonly jobs: number;
  /** A file with the entries to restore; absent: all. */
  readonly list: string | undefined;
  /** Of our own process: where the wrapped programs find a shell. */
  readonly searchPath: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** How long it may take to end when it is told to, before it is killed. */
const graceMs = 2_000;

/**
 * pg_restore has gone through the archive; what went wrong is in its output. It has ended when this throws.
 * @throws Fault INTERRUPTED through `signal`; NO_ENGINE when the program is not there.
 */
export async function runPgRestore(
  invocation: Invocation,
): Promise<RestoreOutput & { readonly failed: boolean }> {
  const { programs, address, path, jobs, list, signal } = invocation;
  heed(signal);
  const child = execa(
    join(programs.folder, "pg_restore"),
    [
      `--dbname=${address.database}`,
      "--no-password",
      ...(jobs > 1 ? [`--jobs=${jobs}`] : []),
      ...(list === undefined ? [] : [`--use-list=${list}`]),
      path,
    ],
    {
      env: environmentOf(invocation),
      // Nothing of the user's PG* variables or locale.
      extendEnv: false,
      stdin: "ignore",
      stdout: "ignore",
      buffer: false,
      reject: false,
      forceKillAfterDelay: graceMs,
      ...(signal ? { cancelSignal: signal } : {}),
    },
  );
  const output = new RestoreOutput();
  const lines = createInterface({ input: child.stderr });
  lines.on("line", (line) => output.pass(line));
  const { code, failed, originalMessage } = await child;
  heed(signal);
  if (code === "ENOENT") throw new Fault("NO_ENGINE", "pg_restore is not there.", { where: programs.folder });
  if (failed && output.errors.length === 0)
    output.pass(`pg_restore: error: ${originalMessage ?? "it failed"}`);
  return Object.assign(output, { failed });
}

function environmentOf({ address, searchPath }: Invocation): NodeJS.ProcessEnv {
  const { host, port, user, password } = address;
  return {
    ...(searchPath === undefined ? {} : { PATH: searchPath }),
    LC_ALL: "C",
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGOPTIONS: sessionOptions,
    PGAPPNAME: "tenantproof",
    PGCONNECT_TIMEOUT: "10",
    ...(password === undefined ? {} : { PGPASSWORD: password }),
  };
}
