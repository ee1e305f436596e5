import { setTimeout as sleep } from "node:timers/promises";
import { type AuditEntry, auditEntriesOf, readLogEntries } from "../../harness/engine/log-entries.ts";
import { logLinePrefix } from "../../harness/engine/settings.ts";
import { Fault } from "../../harness/fault/fault.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Site } from "../../harness/guarantees/site.ts";

/** How long a server's log may take to show what it has answered already. */
const patienceMs = 2_000;
const pauseMs = 50;

/** A statement that was run, and how pgAudit must tell it. */
export interface Audited {
  readonly who: string;
  readonly class: "READ" | "WRITE" | "DDL";
  readonly command: string;
  /** With its schema. */
  readonly object: string;
  /** As it was sent, with its marker. */
  readonly statement: string;
}

/** The statement with a comment that tells it from every other one in the log; from 18 on one before it is left out there. */
export function marked(site: Site, ordinal: number | string, statement: string): string {
  return `${statement} /* ${site.database.name} ${ordinal} */`;
}

/**
 * Each statement has its AUDIT entry in the server log. Answers all AUDIT entries of the site's database; nothing where
 * the log cannot be read, which is told as a doubt.
 */
export async function provesAudited(
  ground: Ground,
  site: Site,
  proof: Proof,
  audited: readonly Audited[],
): Promise<readonly AuditEntry[] | undefined> {
  const entries = await readAudit(ground, site, proof, (all) => audited.every((one) => isIn(all, one)));
  if (entries === undefined) return undefined;
  for (const one of audited) {
    const seen = entries
      .filter(({ statement }) => statement === one.statement)
      .map((entry) => `${entry.class},${entry.command},${entry.object}`);
    proof.weigh(
      isIn(entries, one),
      `${one.who}: the server log has no AUDIT entry ${one.class},${one.command},${one.object}; of this statement it has ${seen.join(" and ") || "none"}`,
      `${one.statement};`,
    );
  }
  return entries;
}

function isIn(entries: readonly AuditEntry[], one: Audited): boolean {
  return entries.some(
    (entry) =>
      // pgAudit 1.7 keeps a semicolon at the end; ours have none.
      entry.statement === one.statement &&
      entry.class === one.class &&
      entry.command === one.command &&
      entry.object === one.object,
  );
}

async function readAudit(
  ground: Ground,
  site: Site,
  proof: Proof,
  isComplete: (entries: readonly AuditEntry[]) => boolean,
): Promise<readonly AuditEntry[] | undefined> {
  const prefix = (await site.superuser.reads("show log_line_prefix"))[0]?.log_line_prefix;
  if (prefix !== logLinePrefix) {
    proof.doubted(
      `the server's log_line_prefix is '${prefix}', not '${logLinePrefix}': whose entries are whose?`,
    );
    return undefined;
  }
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const log = await ground.cluster.readLog().catch((thrown) => {
      if (thrown instanceof Fault && thrown.code === "NO_ENGINE") return thrown;
      throw thrown;
    });
    if (log instanceof Fault) {
      proof.doubted(log.what);
      return undefined;
    }
    const entries = auditEntriesOf(readLogEntries(log, site.database.name));
    if (isComplete(entries)) return entries;
    if (performance.now() > deadline) {
      if (log !== "") return entries;
      proof.doubted("The server's log is empty: it writes elsewhere.");
      return undefined;
    }
    await sleep(pauseMs);
  }
}
