import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { beforeAll, describe, expect, it } from "vitest";
import type { Cluster } from "../../harness/engine/cluster.ts";
import { messageOf } from "../../harness/fault/fault.ts";
import { ask } from "./ask.ts";
import { openSavedGround } from "./saved-ground.ts";

const ground = openSavedGround();
const program = fileURLToPath(new URL("save-and-wait.ts", import.meta.url));

const sound = "00000000";
let soundName: string;

beforeAll(async () => {
  await save(sound);
  [soundName = ""] = await ground.cached();
});

async function save(data: string): Promise<void> {
  await using cluster = await ground.start({ data });
  expect(await cluster.save?.()).toMatchObject({ saved: true });
}

/** Where a copy of the sound data lies under another fingerprint. */
async function copyAs(data: string): Promise<string> {
  const entry = join(ground.cache, soundName.replace(sound, data));
  await execa("cp", ["-pR", join(ground.cache, soundName), entry]);
  return entry;
}

/** What is said while a server starts with this fingerprint, and whether it came up on saved data. */
async function startAgain(data: string) {
  const said: string[] = [];
  await using cluster = await ground.start({ data }, undefined, (line) => said.push(line));
  return { saved: cluster.savedData !== undefined, said: said.slice(1) };
}

describe("saved data that are damaged", () => {
  it.each([
    ["are not whole", (data: string) => rm(join(data, "PG_VERSION"))],
    ["are not what a server starts on", (data: string) => writeFile(join(data, "PG_VERSION"), "xx\n")],
  ])("since they %s are not used, and are gone", async (_, damage) => {
    const entry = await copyAs("aaaaaaaa");
    await damage(join(entry, "data"));
    const found = await startAgain("aaaaaaaa");
    expect(found).toEqual({ saved: false, said: [expect.stringContaining("could not be used")] });
    expect(await ground.cached()).toEqual([soundName]);
    expect(await ground.running()).toEqual([]);
  });

  it("and have no manifest are saved anew", async () => {
    await rm(join(await copyAs("bbbbbbbb"), "manifest.json"));
    expect(await startAgain("bbbbbbbb")).toEqual({ saved: false, said: [] });
    await save("bbbbbbbb");
    expect(await startAgain("bbbbbbbb")).toEqual({ saved: true, said: [] });
  });

  it("are not meant when it is a setting that keeps the server from starting", async () => {
    const start = ground.start({ data: sound, settings: { shared_buffers: "much" } });
    await expect(start).rejects.toMatchObject({
      code: "ENGINE_START",
      message: expect.stringContaining("shared_buffers"),
    });
    expect(await startAgain(sound)).toEqual({ saved: true, said: [] });
  });
});

describe("a server that cannot be saved", () => {
  let before: string[];
  beforeAll(async () => {
    before = await ground.cached();
  });

  it.each([
    ["saved data may take too little", { mostBytes: 1024 ** 2, leaveFreeBytes: 0 }, "1 MB there in all"],
    ["too little of the disk would stay free", { mostBytes: 2 ** 60, leaveFreeBytes: 2 ** 60 }, "stay free"],
  ])("since %s says so, runs on and leaves nothing", async (_, room, why) => {
    await using cluster = await ground.start({ data: "dddddddd" }, room);
    await ask(cluster.superuser, "create table thing as select 1 as id");
    expect(await cluster.save?.()).toEqual({ saved: false, why: expect.stringContaining(why) });
    expect(await ask(cluster.superuser, "table thing")).toEqual([{ id: 1 }]);
    expect(await ground.cached()).toEqual(before);
  });

  it("since part of it lies elsewhere says so, runs on and leaves nothing", async () => {
    await using cluster = await ground.start({ data: "dddddddd" });
    await symlink("/nowhere", join(cluster.superuser.host, "data", "pg_tblspc", "elsewhere"));
    expect(await cluster.save?.()).toEqual({
      saved: false,
      why: expect.stringContaining("pg_tblspc/elsewhere"),
    });
    expect(await ask(cluster.superuser, "select 1 as one")).toEqual([{ one: 1 }]);
    expect(await ground.cached()).toEqual(before);
  });

  it("with a fingerprint that is no name for a folder is not started", async () => {
    await expect(ground.start({ data: "../../elsewhere" })).rejects.toMatchObject({ code: "BUG" });
  });
});

describe("saving that is given up", () => {
  /** Whether the run has begun to copy. */
  const copying = async () => {
    const claims = (await ground.cached()).filter((name) => name.startsWith("saving-"));
    const files = await Promise.all(claims.map((name) => readdir(join(ground.cache, name)).catch(() => [])));
    return files.flat().includes("data");
  };
  const until = async (reached: () => Promise<boolean>) => {
    while (!(await reached())) await new Promise(setImmediate);
  };

  it("by the run itself ends both at once, and leaves nothing", async () => {
    const before = await ground.cached();
    const cluster = await ground.start({ data: "eeeeeeee" });
    const saved = cluster.save?.().catch((thrown) => messageOf(thrown));
    await until(copying);
    await cluster[Symbol.asyncDispose]();
    expect(await saved).toBe("The server was stopped meanwhile.");
    expect(await ground.cached()).toEqual(before);
    expect(await ground.running()).toEqual([]);
  });

  it.each([
    ["copies", copying],
    [
      "has stopped its server",
      async () => {
        const [directory = ""] = await ground.running();
        const log = await readFile(join(ground.scratch, directory, "server.log"), "utf8").catch(() => "");
        return log.includes("database system is shut down");
      },
    ],
  ])("with kill -9 while it %s leaves nothing after the next start", async (_, reached) => {
    const before = await ground.cached();
    const child: ChildProcess = spawn(
      process.execPath,
      ["--import", "tsx", program, ground.scratch, "ffffffff"],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await until(reached);
    child.kill("SIGKILL");
    await once(child, "exit");
    const fresh: Cluster = await ground.start({ data: "ffffffff" });
    await fresh[Symbol.asyncDispose]();
    expect(fresh.savedData).toBeUndefined();
    // The supervisor of the killed run removes what the sweep has left, or the sweep what it has.
    await expect.poll(() => ground.running(), { timeout: 5_000 }).toEqual([]);
    expect(await ground.cached()).toEqual(before);
  });
});

describe("a server that is kept", () => {
  it("is saved like any other, and runs on after its run", async () => {
    const cluster = await ground.start({ data: "99999999" });
    cluster.keep();
    expect(await cluster.save?.()).toMatchObject({ saved: true });
    await cluster[Symbol.asyncDispose]();
    expect(await ask(cluster.superuser, "select 1 as one")).toEqual([{ one: 1 }]);
    const record = await readFile(join(cluster.superuser.host, "data", "postmaster.pid"), "utf8");
    process.kill(Number.parseInt(record, 10), "SIGINT");
    await expect.poll(() => readdir(join(cluster.superuser.host, "data"))).not.toContain("postmaster.pid");
  });
});
