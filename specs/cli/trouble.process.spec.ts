import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, inject, it } from "vitest";
import { withConnection } from "../../harness/engine/connection.ts";
import { type FaultCode, faults } from "../../harness/fault/faults.ts";
import { listenAs } from "../engine/fake-docker.ts";
import { makeScratch } from "../engine/machines.ts";
import { type Ended, migrationsFolder, postmasterIn, tenantproof } from "./command.ts";

const linux = process.platform === "linux";
/** Servers of ours have their files and processes where a spec can see them. */
const here = inject("shared").engine !== "docker" && linux;
const holds = ["gate", "--only", "H"];

/** The run ended in this fault, said so as every fault does, and left nothing. */
function expectFault({ exit, said, left }: Ended, code: FaultCode, ...phrases: readonly string[]): void {
  expect(said).toMatch(new RegExp(`^FAILED {2}${code}: no verdict could be reached$`, "m"));
  expect(said).toMatch(new RegExp(`^${code} {2}\\S[^]*\\n {2}next {4}\\S`, "m"));
  for (const phrase of phrases) expect(said).toContain(phrase);
  expect({ exit, left }).toEqual({ exit: faults[code].exit, left: [] });
}

describe.concurrent("an engine", () => {
  it("that has no server ends in NO_ENGINE, which says what to install", async () => {
    const env = { TENANTPROOF_PGBIN: "/nowhere", TENANTPROOF_ENGINE: "local" };
    expectFault(await tenantproof(holds, { env }), "NO_ENGINE", "/nowhere", "postgres and initdb");
  });

  it("that nobody runs ends in NO_ENGINE", async () => {
    const env = { DOCKER_HOST: "unix:///nowhere/docker.sock" };
    const ended = await tenantproof([...holds, "--engine", "docker"], { env });
    expectFault(ended, "NO_ENGINE", "/nowhere/docker.sock");
  });

  it("that takes questions and never answers ends in NO_ENGINE", async () => {
    await using scratch = await makeScratch();
    await using silent = await listenAs(join(scratch.folder, "docker.sock"), () => {});
    const env = { DOCKER_HOST: silent.uri };
    const ended = await tenantproof([...holds, "--engine", "docker"], { env });
    expectFault(ended, "NO_ENGINE", silent.uri.replace("unix://", ""));
    expect(silent.asked).toContain("GET /_ping");
  });

  it.runIf(here)("that never answers does not hold up a choice among all", async () => {
    await using scratch = await makeScratch();
    await using silent = await listenAs(join(scratch.folder, "docker.sock"), () => {});
    const ended = await tenantproof([...holds, "--engine", "auto"], { env: { DOCKER_HOST: silent.uri } });
    expect(ended).toMatchObject({ exit: 0, left: [] });
  });

  it("named by a URL where nobody listens ends in NO_ENGINE", async () => {
    const url = "postgres://me:secret@127.0.0.1:1/postgres";
    const ended = await tenantproof([...holds, "--engine", url, "--disposable"]);
    expectFault(ended, "NO_ENGINE", "127.0.0.1:1");
    expect(ended.said).not.toContain("secret");
  });

  it("on a port that is taken ends in PORT_IN_USE", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    try {
      expectFault(await tenantproof([...holds, "--port", String(port)]), "PORT_IN_USE", String(port));
    } finally {
      taken.close();
    }
  });

  // A run of its own mounts, with a small memory disk wherever a server's files could lie.
  describe.runIf(here && process.geteuid?.() === 0)("on a disk", () => {
    // The checkout itself may lie in /tmp: it is put back where it was.
    const checkout = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
    const on = (size: string) => [
      ...["unshare", "--mount", "sh", "-c"],
      `set -e; checkout=$1; shift
       mount --bind "$checkout" /mnt
       mount -t tmpfs -o size=1m none /dev/shm
       mount -t tmpfs -o size=1m none /var/tmp
       mount -t tmpfs -o size=${size} none /tmp
       mkdir -p "$checkout"; mount --bind /mnt "$checkout"; cd "$PWD"
       TMPDIR=/tmp exec "$@"`,
      ...["sh", checkout],
    ];

    it("without space ends in NO_SPACE", async () => {
      expectFault(await tenantproof(holds, { within: on("16m") }), "NO_SPACE", "TMPDIR", "MB free");
    });

    it("that the migrations fill ends in NO_SPACE", async () => {
      const ended = await tenantproof([...holds, "--migrations", migrationsFolder("broken-filling")], {
        within: on("300m"),
      });
      expectFault(ended, "NO_SPACE", "1_fill.sql");
    });
  });
});

describe.concurrent("a migration", () => {
  it.each<[string, string, FaultCode, string[]]>([
    ["that does not parse", "broken-syntax", "SQL_SYNTAX", ["1_a.sql:", "^"]],
    ["that requires what is not there", "broken-missing-requirement", "REQUIREMENT_MISSING", ["2_b.sql"]],
    ["that requires itself by way of others", "broken-cycle", "REQUIREMENT_CYCLE", ["1_a", "2_b", "3_c"]],
    ["whose header is empty", "broken-empty-header", "MIGRATION_HEADER", ["1_a.sql"]],
  ])("%s is refused before any server starts", async (_, folder, code, phrases) => {
    const ended = await tenantproof([...holds, "--migrations", migrationsFolder(folder)]);
    expectFault(ended, code, ...phrases, "  where   ");
    expect(ended.stderr).not.toContain("engine");
  });

  it("that never ends is stopped, and named", async () => {
    const folder = migrationsFolder("broken-endless");
    const ended = await tenantproof([...holds, "--migrations", folder, "--migration-timeout", "0.5"]);
    expectFault(ended, "MIGRATION_TIMEOUT", "1_endless.sql:2:1", "select pg_sleep(1000)", "57014");
  });

  it.runIf(here)("that waits for somebody's lock is stopped, and named", async () => {
    const ended = await tenantproof([...holds, "--migrations", migrationsFolder("broken-locked")], {
      async meanwhile(running) {
        const host = await running.directory();
        await running.printed("platform");
        const superuser = { host, port: 5432, user: "supabase_admin", database: "postgres" };
        let database = "";
        await withConnection(superuser, async (connection) => {
          while (database === "") {
            const { rows } = await connection.query(`
              select datname from pg_stat_activity
              where state = 'active' and query like '%objid = 7%' and pid <> pg_backend_pid()`);
            database = rows[0]?.datname ?? "";
          }
        });
        await withConnection({ ...superuser, database }, async (connection) => {
          await connection.query("select pg_advisory_lock(7)");
          await running.printed("✖ migrations");
        });
      },
    });
    expectFault(ended, "MIGRATION_TIMEOUT", "2_want_the_lock.sql:2:1", "pg_advisory_xact_lock", "55P03");
  });
});

describe.runIf(here).concurrent("a server that is killed", () => {
  it.each([
    ["a promise is proved", ["--only", "W,H"], "tenants"],
    ["a migration runs", ["--only", "H", "--migrations", migrationsFolder("broken-endless")], "platform"],
  ])("while %s ends the run in ENGINE_LOST, with the end of its log", async (_, args, stage) => {
    const ended = await tenantproof(["gate", ...args], {
      async meanwhile(running) {
        await running.printed(stage);
        process.kill(await postmasterIn(await running.directory()), "SIGQUIT");
      },
    });
    expectFault(ended, "ENGINE_LOST", "The end of the server's log:", "immediate shutdown request");
  });
});
