import { lstat, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withConnection } from "../../harness/engine/connection.ts";
import { embeddedEngine } from "../../harness/engine/embedded.ts";
import { completePackage, findPackage } from "../../harness/engine/embedded-package.ts";
import { thisMachine } from "../../harness/engine/machine.ts";
import { furnishedMachineIn, machineIn, makeScratch } from "./machines.ts";

const installed = await findPackage(thisMachine());

describe.runIf(installed)("npm's server binaries", () => {
  it("are completed with every link that npm left out, each leading to a file", async () => {
    await using scratch = await makeScratch();
    const prefix = await completePackage(
      installed as NonNullable<typeof installed>,
      machineIn(scratch.folder),
    );
    const listed = JSON.parse(await readFile(join(prefix, "pg-symlinks.json"), "utf8"));
    expect(listed.length).toBeGreaterThan(0);
    for (const { target } of listed) {
      const link = join(prefix, target.replace("native/", ""));
      expect((await lstat(link)).isSymbolicLink()).toBe(true);
      expect((await stat(link)).isFile()).toBe(true);
    }
  });

  it("are completed once by two first runs at the same time, with nothing half made left", async () => {
    await using scratch = await makeScratch();
    const complete = () =>
      completePackage(installed as NonNullable<typeof installed>, machineIn(scratch.folder));
    const [one, other] = await Promise.all([complete(), complete()]);
    expect(one).toBe(other);
    expect(await readdir(join(scratch.folder, "cache"))).toHaveLength(1);
  });

  it("make a server whose pgAudit can be created where it says so, and which knows no psql", async () => {
    await using cluster = await embeddedEngine(thisMachine()).start({}, () => {});
    expect(cluster.clientBinaries).toBeUndefined();
    const create = withConnection(cluster.superuser, (one) => one.query("create extension pgaudit"));
    if (cluster.pgaudit) await create;
    else await expect(create).rejects.toMatchObject({ code: "0A000" });
  });

  it("make a server whose data are saved, and another that comes up on them", async () => {
    await using scratch = await makeScratch();
    const engine = embeddedEngine(await furnishedMachineIn(scratch.folder));
    {
      await using cluster = await engine.start({ data: "00000000" }, () => {});
      await withConnection(cluster.superuser, (one) => one.query("create table thing as select 1 as id"));
      expect(await cluster.save?.("what it is")).toMatchObject({ saved: true });
    }
    await using again = await engine.start({ data: "00000000" }, () => {});
    expect(again.savedData).toEqual({ note: "what it is" });
    const { rows } = await withConnection(again.superuser, (one) => one.query("table thing"));
    expect(rows).toEqual([{ id: 1 }]);
  });
});

describe.each([
  ["without binaries in npm", { arch: "sparc" }],
  ["of Windows", { platform: "win32" as const }],
])("a machine %s", (_, difference) => {
  const strange = { ...thisMachine(), ...difference };

  it("is told so", async () => {
    expect(await embeddedEngine(strange).probe({})).toMatchObject({ available: false });
  });

  it("gives NO_ENGINE when they are asked for all the same", async () => {
    await expect(embeddedEngine(strange).start({}, () => {})).rejects.toMatchObject({ code: "NO_ENGINE" });
  });
});
