import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import type { EngineRequest } from "./cluster.ts";
import type { Machine } from "./machine.ts";
import { writeForAccount } from "./run-directory.ts";
import { addSettings, serverSettings, writeSettings } from "./settings.ts";

/** The file in a run directory that a server reads its settings from; its data hold none of this run. */
export const configurationFile = "postgresql.conf";

export const socketPort = 5432;

/** `directory` has the settings of a server of `binaries` and who may connect to it. @throws Fault USAGE. */
export async function writeConfiguration(
  binaries: Binaries,
  { port, data, settings: wanted }: EngineRequest,
  directory: string,
  { account }: Machine,
): Promise<void> {
  // The directory lets only its owner in; over TCP anybody on this machine could try.
  const access =
    "local all all trust\nlocal replication all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
  const usual = {
    ...serverSettings(binaries.preload),
    ...((await knowsUtc(binaries)) ? {} : { timezone: "GMT", log_timezone: "GMT" }),
    // Log files kept for later use are gigabytes after a large filling, and would be saved with the data.
    ...(data === undefined ? {} : { wal_recycle: "off" }),
  };
  const settings = {
    ...addSettings(usual, wanted),
    listen_addresses: port === undefined ? "" : "127.0.0.1",
    port: String(port ?? socketPort),
    unix_socket_directories: directory,
    hba_file: join(directory, "pg_hba.conf"),
  };
  await writeForAccount(settings.hba_file, access, account);
  await writeForAccount(join(directory, configurationFile), writeSettings(settings), account);
}

/** A server without a table of time zones, as in a bare container, still knows GMT. */
async function knowsUtc({ folder }: Binaries): Promise<boolean> {
  const tables = ["/usr/share/zoneinfo/UTC", join(folder, "../share/postgresql/timezone/UTC")];
  const found = await Promise.all(
    tables.map((table) =>
      access(table).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
