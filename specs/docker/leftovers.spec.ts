import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import type { Address } from "../../harness/engine/cluster.ts";
import { connect, withConnection } from "../../harness/engine/connection.ts";
import { dockerEngine } from "../../harness/engine/docker.ts";
import { connectDocker, type Docker, ownerLabel, sweepDocker } from "../../harness/engine/docker-client.ts";
import { findDocker } from "../../harness/engine/docker-ping.ts";
import { thisMachine } from "../../harness/engine/machine.ts";
import { readOwner } from "../../harness/engine/owner.ts";
import { request } from "./request.ts";

const say = () => {};
let docker: Docker;

beforeAll(async () => {
  const reach = await findDocker(thisMachine());
  if ("why" in reach) throw new Error(`${reach.why} ${reach.hint}`);
  docker = (await connectDocker(reach.address)).docker;
  // So that the moments below fall into a start, and not into the first build of the image.
  await (await dockerEngine().start(request, say))[Symbol.asyncDispose]();
});

/** The containers whose owner is process `pid`. */
async function listOf(pid: number): Promise<string[]> {
  const containers = await docker.listContainers({ all: true, filters: { label: [ownerLabel] } });
  const owned = containers.filter(({ Labels }) => readOwner(Labels[ownerLabel] ?? "")?.pid === pid);
  return owned.flatMap(({ Names }) => Names);
}

/** A process that starts a server and holds it. */
function hold(...args: string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", "specs/docker/hold.ts", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** The first line that begins so. */
  const hear = async (begin: string) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`it ended before it said "${begin}"`);
      if (value.startsWith(begin)) return value;
    }
  };
  const ready = async () => JSON.parse(await hear("{")) as Address;
  const end = async (signal: NodeJS.Signals) => {
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  };
  return { pid: child.pid ?? 0, hear, ready, end };
}

describe("nothing is left on the engine", () => {
  it("after a server was disposed of", async () => {
    await (await dockerEngine().start(request, say))[Symbol.asyncDispose]();
    expect(await listOf(process.pid)).toEqual([]);
  });

  it.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)(
    "after %s to the owner of a running server, without another start",
    async (signal) => {
      const holder = hold();
      await holder.ready();
      expect(await listOf(holder.pid)).toHaveLength(1);
      await holder.end(signal);
      await expect.poll(() => listOf(holder.pid), { timeout: 10_000, interval: 100 }).toEqual([]);
    },
  );

  it.each([0, 30, 60, 100, 150, 250, 400, 600, 900, 1_300])(
    "after kill -9 %i ms after it began to make a container, and a sweep",
    async (delayMs) => {
      const holder = hold();
      await holder.hear("docker: starting");
      await sleep(delayMs);
      await holder.end("SIGKILL");
      const swept = async () => {
        await sweepDocker(docker);
        return listOf(holder.pid);
      };
      // A request that was under way when its sender was killed may still make a container.
      await expect.poll(swept, { timeout: 10_000, interval: 100 }).toEqual([]);
      await sleep(300);
      expect(await swept()).toEqual([]);
    },
  );
});

describe("a server that was asked to be kept", () => {
  it("outlives its owner and every sweep, until it is removed by the name that was given", async () => {
    const holder = hold("keep");
    const address = await holder.ready();
    await holder.end("SIGKILL");
    await sweepDocker(docker);
    await withConnection(address, (connection) => connection.query("select 1"));
    const [name = ""] = await listOf(holder.pid);
    expect(name).toMatch(/^\/tenantproof-kept-/);
    await docker.getContainer(name.slice(1)).remove({ force: true });
    await expect(connect(address)).rejects.toMatchObject({ code: "ENGINE_LOST" });
    expect(await listOf(holder.pid)).toEqual([]);
  });

  it("says how to connect and how to remove it, and disposing of it leaves it", async () => {
    const cluster = await dockerEngine().start(request, say);
    const said = cluster.keep();
    const name = /docker rm -f (\S+)$/.exec(said)?.[1] ?? "";
    expect(said).toContain(`@${cluster.superuser.host}:${cluster.superuser.port}/postgres`);
    expect(cluster.kept).toBe(true);
    await cluster[Symbol.asyncDispose]();
    await withConnection(cluster.superuser, (connection) => connection.query("select 1"));
    await docker.getContainer(name).remove({ force: true });
  });
});
