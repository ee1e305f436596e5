import type { Binaries } from "./binaries.ts";
import { withConnection } from "./connection.ts";
import type { Machine } from "./machine.ts";
import { startServer } from "./server.ts";

/** pgAudit of these binaries loads, and its extension can be created. @throws Fault or pg's error when not. */
export async function verifyPgaudit(binaries: Binaries | undefined, machine: Machine): Promise<void> {
  if (!binaries?.preload.includes("pgaudit"))
    throw new Error("pgAudit's files are not where the server looks");
  await using server = await startServer({ engine: "local", binaries, machine });
  await withConnection(server.superuser, (connection) => connection.query("create extension pgaudit"));
}
