import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connect, withConnection } from "../../harness/engine/connection.ts";
import { findInstalled } from "../../harness/engine/installed.ts";
import { localEngine } from "../../harness/engine/local.ts";
import { thisMachine } from "../../harness/engine/machine.ts";
import { startServer } from "../../harness/engine/server.ts";
import { machineIn, makeBinaries, makeScratch } from "./machines.ts";

const makesFiles = 'mkdir "$2"';

describe("a server that cannot start", () => {
  it.each([
    [
      "has a full disk",
      { initdb: "echo 'could not write: No space left on device' >&2; exit 1" },
      "NO_SPACE",
    ],
    ["breaks while making its files", { initdb: "echo wrong >&2; exit 1" }, "ENGINE_START"],
    ["hangs while making its files", { initdb: "sleep 60" }, "ENGINE_START"],
    ["ends at once", { initdb: makesFiles, postgres: "echo 'FATAL: wrong' >&2; exit 1" }, "ENGINE_START"],
    ["never answers", { initdb: makesFiles, postgres: "sleep 60 & wait" }, "ENGINE_START"],
  ])("since it %s gives a fault and leaves nothing", async (_, scripts, code) => {
    await using scratch = await makeScratch();
    const machine = machineIn(scratch.folder);
    const binaries = await makeBinaries(scratch.folder, scripts, machine);
    await expect(startServer({ engine: "local", binaries, machine, patienceMs: 500 })).rejects.toMatchObject({
      code,
    });
    expect((await readdir(scratch.folder)).filter((name) => name.startsWith("tenantproof-"))).toEqual([]);
  });

  it("says what the server said", async () => {
    await using scratch = await makeScratch();
    const machine = machineIn(scratch.folder);
    const binaries = await makeBinaries(
      scratch.folder,
      { initdb: "echo 'the moon is wrong' >&2; exit 1" },
      machine,
    );
    await expect(startServer({ engine: "local", binaries, machine })).rejects.toThrow("the moon is wrong");
  });
});

describe("a machine", () => {
  it.runIf(process.platform === "linux")("without free disk space gives NO_SPACE", async () => {
    // The file system of processes has room for nothing.
    const start = localEngine({ ...thisMachine(), scratch: ["/proc"] }).start({}, () => {});
    await expect(start).rejects.toMatchObject({ code: "NO_SPACE" });
  });

  it("with no writable folder gives ENGINE_START that names TMPDIR", async () => {
    const start = localEngine({ ...thisMachine(), scratch: ["/nowhere"] }).start({}, () => {});
    await expect(start).rejects.toMatchObject({
      code: "ENGINE_START",
      hint: expect.stringContaining("TMPDIR"),
    });
  });

  it("whose named folder holds no server gives NO_ENGINE that names the folder", async () => {
    const machine = { ...thisMachine(), env: { TENANTPROOF_PGBIN: "/nowhere" } };
    const start = localEngine(machine).start({}, () => {});
    await expect(start).rejects.toMatchObject({
      code: "NO_ENGINE",
      message: expect.stringContaining("/nowhere"),
    });
  });
});

describe("a real server", () => {
  it("on a port that is taken gives PORT_IN_USE and leaves nothing", async () => {
    await using scratch = await makeScratch();
    const machine = { ...machineIn(scratch.folder), caches: thisMachine().caches };
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    try {
      const start = localEngine(machine).start({ port }, () => {});
      await expect(start).rejects.toMatchObject({ code: "PORT_IN_USE" });
    } finally {
      taken.close();
    }
    expect(await readdir(scratch.folder)).toEqual([]);
  });

  it("on a free port asks for the password there", async () => {
    const probe = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => probe.once("listening", resolve));
    const { port } = probe.address() as { port: number };
    await new Promise((resolve) => probe.close(resolve));
    await using cluster = await localEngine(thisMachine()).start({ port }, () => {});
    const overTcp = { ...cluster.superuser, host: "127.0.0.1" };
    const ask = (address: typeof overTcp) => withConnection(address, (one) => one.query("select 1 as one"));
    await expect(ask({ ...overTcp, password: "wrong" })).rejects.toMatchObject({ code: "28P01" });
    expect((await ask(overTcp)).rows).toEqual([{ one: 1 }]);
  });

  it.runIf(process.platform === "linux")(
    "that ends while it is used gives ENGINE_LOST to every connection, and leaves nothing",
    async () => {
      await using scratch = await makeScratch();
      const machine = { ...machineIn(scratch.folder), caches: thisMachine().caches };
      const cluster = await localEngine(machine).start({}, () => {});
      await using idle = await connect(cluster.superuser);
      await using busy = await connect(cluster.superuser);
      const waiting = expect(busy.query("select pg_sleep(60)")).rejects.toMatchObject({
        code: "ENGINE_LOST",
      });
      const [directory] = await readdir(scratch.folder);
      const record = await readFile(join(scratch.folder, directory ?? "", "data", "postmaster.pid"), "utf8");
      const segment = (record.split("\n")[6] ?? "").trim().split(/\s+/)[1];
      process.kill(Number.parseInt(record, 10), "SIGKILL");
      await waiting;
      await expect
        .poll(() =>
          idle.query("select 1").then(
            () => "alive",
            (fault) => fault.code,
          ),
        )
        .toBe("ENGINE_LOST");
      await expect(connect(cluster.superuser)).rejects.toMatchObject({ code: "ENGINE_LOST" });
      await cluster[Symbol.asyncDispose]();
      expect(await readdir(scratch.folder)).toEqual([]);
      const segments = (await readFile("/proc/sysvipc/shm", "utf8"))
        .split("\n")
        .map((line) => line.trim().split(/\s+/)[1]);
      expect(segments).not.toContain(segment);
    },
  );

  it("is not looked for where it cannot be run", async () => {
    expect(await findInstalled({ ...thisMachine(), env: {}, binaryFolders: ["/etc", "/nowhere"] })).toEqual(
      [],
    );
  });
});
