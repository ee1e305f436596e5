import type { Address } from "../engine/cluster.ts";
import type { Connection } from "../engine/connection.ts";
import { loadSql } from "../sql/load.ts";
import { exchange } from "./exchange.ts";
import { refuseFailure } from "./reading.ts";
import type { Setting } from "./request.ts";

/** By role: its settings of ALTER ROLE ... SET, which SET ROLE does not apply. */
export type RoleSettings = ReadonlyMap<string, readonly Setting[]>;

const query = loadSql(import.meta.url, "role-settings.sql");

/** The settings of every role that the connected one may become. @throws Fault ENGINE_LOST, SESSION_REFUSED */
export async function readRoleSettings(client: Connection, address: Address): Promise<RoleSettings> {
  const reply = await exchange(client, [{ text: query, returns: true }]);
  refuseFailure(reply, address);
  const rows = (reply.completed[0]?.rows ?? []) as { role: string; name: string; value: string }[];
  const settings = new Map<string, Setting[]>();
  for (const { role, name, value } of rows) {
    settings.set(role, [...(settings.get(role) ?? []), [name, value]]);
  }
  return settings;
}
