// What a rehearsal says of locks and stalls, beside what a psql that knows nothing of it sees on the same server.

import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { openCluster } from "../../harness/engine/choose.ts";
import type { Cluster } from "../../harness/engine/cluster.ts";
import { withConnection } from "../../harness/engine/connection.ts";
import { createDatabase, freezeTemplate } from "../../harness/engine/database.ts";
import { allEngines } from "../../harness/engine/engines.ts";
import { installPlatform, preparePlatform } from "../../harness/platform/platform.ts";
import { type Host, rehearseProject } from "./theatre.ts";

/** One line a look: when, then of the migration's locks or of those who wait, whose, which and since when. */
const look = `
  select 'look', round(extract(epoch from clock_timestamp()) * 1000), lock.pid, activity.datname, lock.mode, lock.granted,
    coalesce(round(extract(epoch from lock.waitstart) * 1000), 0)
  from pg_locks as lock join pg_stat_activity as activity on activity.pid = lock.pid
  where lock.locktype = 'relation' and lock.database <> 0
    and (activity.application_name = 'tenantproof migration' and lock.mode = 'AccessExclusiveLock' and lock.granted
      or activity.application_name = 'tenantproof session' and not lock.granted)`;

interface Look {
  readonly at: number;
  readonly database: string;
  readonly mode: string;
  readonly granted: boolean;
  readonly since: number;
}

/** What psql sees, every 20 ms, while `work` goes on. */
async function watching<T>(cluster: Cluster, work: () => Promise<T>): Promise<{ result: T; looks: Look[] }> {
  const { host, port, user, database } = cluster.superuser;
  const args = ["-h", host, "-p", String(port), "-U", user, "-d", database, "-qAtX", "-F", ","];
  const psql = execa(`${cluster.clientBinaries}/psql`, args, {
    input: `${look}\n\\watch 0.02\n`,
    reject: false,
    env: { PGAPPNAME: "an independent psql" },
  });
  const result = await work();
  psql.kill("SIGINT");
  const { stdout } = await psql;
  const looks = stdout.split("\n").flatMap((line) => {
    const [tag, at, , name = "", mode = "", granted, since] = line.split(",");
    return tag === "look"
      ? [{ at: Number(at), database: name, mode, granted: granted === "t", since: Number(since) }]
      : [];
  });
  return { result, looks };
}

async function openHost(cluster: Cluster): Promise<Host> {
  const prepared = await withConnection(cluster.superuser, (superuser) =>
    preparePlatform(superuser, { platform: "supabase", privileges: "open" }),
  );
  const { deployer } = prepared;
  const { name, address } = await createDatabase(cluster, { owner: deployer });
  await withConnection(address(cluster.superuser.user), (superuser) => installPlatform(superuser, prepared));
  await freezeTemplate(cluster, name);
  return { cluster, template: name, deployer };
}

describe("the figures of a rehearsal", () => {
  it("are those that an independent psql sees", async () => {
    await using cluster = await openCluster("local", {}, allEngines(), () => {});
    const host = await openHost(cluster);
    const { result, looks } = await watching(cluster, () =>
      rehearseProject("long-lock-then-work", { host, rate: 40 }),
    );
    const { findings } = result;

    // How long the lock was held, in the pass alone in the database, which is the first of them.
    const ours = Math.max(
      ...(findings.files ?? []).flatMap(({ statements }) =>
        statements.flatMap(({ locks }) =>
          locks.filter(({ mode }) => mode === "AccessExclusiveLock").map(({ heldMs }) => heldMs),
        ),
      ),
    );
    const held = looks.filter(({ granted }) => granted);
    const [first] = held;
    const ofFirst = held.filter(({ database }) => database === first?.database);
    // The same database sees the way back and the way there again: the first run of looks without a gap.
    const end = ofFirst.findIndex(({ at }, index) => at - (ofFirst[index - 1]?.at ?? at) > 200);
    const theirs = (ofFirst.at(end < 0 ? -1 : end - 1)?.at ?? 0) - (first?.at ?? 0);
    expect(theirs).toBeGreaterThan(500);
    expect(Math.abs(ours - theirs), `${ours} ms held, psql saw ${theirs} ms`).toBeLessThan(
      Math.max(150, theirs * 0.1),
    );

    // How long a request of the traffic waited behind it, at most.
    const waited = Math.max(
      ...(findings.traffic?.files ?? []).flatMap(({ waiters }) => waiters.map(({ waitedMs }) => waitedMs)),
    );
    const seen = Math.max(...looks.filter(({ granted }) => !granted).map(({ at, since }) => at - since));
    expect(Math.abs(waited - seen), `${waited} ms waited, psql saw ${seen} ms`).toBeLessThan(
      Math.max(150, seen * 0.1),
    );
    // The requests say the same of themselves, from when they were due.
    const stall = findings.traffic?.summary.longestStall?.ms ?? 0;
    expect(stall).toBeGreaterThan(seen - 50);
    expect(stall).toBeLessThan(seen + 500);
  });
});
