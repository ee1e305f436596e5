import type { Cluster } from "../engine/cluster.ts";
import { Fault, messageOf } from "../fault/fault.ts";

const shownLines = 8;
/** What a server says of itself, and not of the statements that it ran. */
const ofItself = /^\d{4}-\d\d-\d\d .* (?:PANIC|FATAL|WARNING|LOG): {2}(?!AUDIT|duration|statement)/;

/** `fault` itself, unless the server was lost: then it shows the end of the server's log, while that is still there. */
export async function withLog(fault: Fault, cluster: Cluster): Promise<Fault> {
  if (fault.code !== "ENGINE_LOST") return fault;
  const log = await cluster.readLog().catch((thrown) => `The log is gone too: ${messageOf(thrown)}`);
  const lines = log.split("\n");
  const said = lines.length === 1 ? lines : lines.filter((line) => ofItself.test(line)).slice(-shownLines);
  const what = `${fault.what}\nThe end of the server's log:\n${said.map((line) => `  ${line}`).join("\n")}`;
  // A server whose disk is full ends itself.
  if (said.some((line) => /no space left on device|disk quota exceeded/i.test(line)))
    return new Fault("NO_SPACE", what, { where: fault.where, cause: fault });
  return new Fault("ENGINE_LOST", what, { where: fault.where, hint: fault.hint, cause: fault });
}
