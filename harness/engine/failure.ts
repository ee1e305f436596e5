import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../fault/fault.ts";

/** In a run directory: all that the server and its making printed. */
export const logFile = "server.log";

/** A Fault that says why the program in `directory` failed, from the end of its log. */
export async function explainFailure(what: string, directory: string, where: string): Promise<Fault> {
  const end = await endOfLog(directory);
  const said = end ? `${what}; it said:\n${end}` : `${what}; it said nothing.`;
  if (/no space left on device|disk quota exceeded/i.test(end)) return new Fault("NO_SPACE", said, { where });
  if (/could not bind .*address|could not create any TCP\/IP sockets/i.test(end)) {
    const hint = /permission denied/i.test(end) ? "Give a --port of 1024 or above, or none." : undefined;
    return new Fault("PORT_IN_USE", said, { where, hint });
  }
  return new Fault("ENGINE_START", said, { where });
}

async function endOfLog(directory: string): Promise<string> {
  const text = await readFile(join(directory, logFile), "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-12).join("\n");
}
