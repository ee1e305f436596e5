import { createServer } from "node:net";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Address, Cluster } from "../../harness/engine/cluster.ts";
import { connect, withConnection } from "../../harness/engine/connection.ts";
import { dockerEngine } from "../../harness/engine/docker.ts";
import { logLinePrefix } from "../../harness/engine/settings.ts";
import { request } from "./request.ts";

const say = () => {};
const docker = dockerEngine();
let cluster: Cluster;

beforeAll(async () => {
  cluster = await docker.start(request, say);
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

async function ask<T extends pg.QueryResultRow>(address: Address, sql: string): Promise<T[]> {
  return withConnection(address, async (connection) => (await connection.query<T>(sql)).rows);
}

describe("a server in a container", () => {
  it("has pgAudit, and says so", async () => {
    expect(cluster).toMatchObject({ engine: "docker", pgaudit: true, kept: false });
    expect(cluster.description).toContain("with pgAudit");
    await ask(cluster.superuser, "create extension pgaudit");
  });

  it.each([
    ["fsync", "off"],
    ["wal_level", "logical"],
    ["max_connections", "200"],
    ["restart_after_crash", "off"],
    ["TimeZone", "UTC"],
    ["server_encoding", "UTF8"],
    ["jit", "off"],
    ["log_line_prefix", logLinePrefix],
    ["data_directory", "/tenantproof/data"],
  ])("has %s = %s", async (name, value) => {
    expect(await ask(cluster.superuser, `select current_setting('${name}') as value`)).toEqual([{ value }]);
  });

  it("has one superuser, supabase_admin", async () => {
    const roles = await ask(cluster.superuser, "select rolname from pg_catalog.pg_roles where rolsuper");
    expect(roles).toEqual([{ rolname: "supabase_admin" }]);
  });

  it("admits nobody without the password", async () => {
    await expect(connect({ ...cluster.superuser, password: "guess" })).rejects.toMatchObject({
      code: "28P01",
    });
  });

  it("shows at once what it has logged, in UTF-8, and nothing of our own reading", async () => {
    for (const word of ["één", "zwei", "три"]) {
      await ask(
        cluster.superuser,
        `set pgaudit.log = 'read'; select '${word}' from pg_catalog.pg_class limit 0`,
      );
      const log = await cluster.readLog();
      expect(log).toMatch(new RegExp(`AUDIT: SESSION,.*select '${word}'`));
      expect(log).not.toContain("fence");
    }
  });

  it("is refused a port that is taken, and leaves no container", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    await expect(docker.start({ ...request, port }, say)).rejects.toMatchObject({
      code: "PORT_IN_USE",
      exit: 2,
    });
    taken.close();
  });

  it("listens on the port that was asked for, on 127.0.0.1 alone", async () => {
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    await using other = await docker.start({ ...request, port }, say);
    expect(other.superuser).toMatchObject({ host: "127.0.0.1", port });
    await expect(connect({ ...other.superuser, host: "127.0.0.2" })).rejects.toMatchObject({
      code: "ENGINE_LOST",
    });
  });

  it("of another major than was asked for is refused", async () => {
    const image = /from image (\S+),/.exec(cluster.description)?.[1] ?? "";
    const major = cluster.major === 18 ? 17 : 18;
    await expect(docker.start({ major, image }, say)).rejects.toMatchObject({
      code: "ENGINE_START",
      message: expect.stringContaining(`asked for is ${major}`),
      hint: expect.stringContaining("--postgres"),
    });
  });
});

describe("a server that dies while it is used", () => {
  it("is a fault, its last words can be read, and disposing of it is no error", async () => {
    await using doomed = await docker.start(request, say);
    await using connection = await connect(doomed.superuser);
    // The postmaster dies with any backend, since it was told not to restart.
    const killed = connection.query("copy (select 1) to program 'kill -KILL $PPID'");
    await expect(killed).rejects.toMatchObject({ code: "ENGINE_LOST", exit: 3 });
    const log = await doomed.readLog();
    expect(log).toContain("was terminated by signal 9");
    expect(log).toContain("the server ended with status");
    await expect(connect(doomed.superuser)).rejects.toMatchObject({ code: "ENGINE_LOST" });
  });
});
