import { describe, expect, it } from "vitest";
import { diagnose, openCluster } from "../../harness/engine/choose.ts";
import type { Availability, Cluster, Engine, EngineName } from "../../harness/engine/cluster.ts";
import { Fault } from "../../harness/fault/fault.ts";

const full: Availability = { available: true, majors: [17], pgaudit: true, detail: "all well" };
const bare: Availability = { available: true, majors: [17], pgaudit: false, detail: "no audit" };
const absent: Availability = { available: false, why: "not here", hint: "install it" };

function pretend(name: EngineName, availability: Availability, fault?: Fault): Engine {
  return {
    name,
    probe: async () => availability,
    start: async () => {
      if (fault) throw fault;
      return { engine: name } as Cluster;
    },
  };
}

const broken = new Fault("ENGINE_START", "it broke");
const fullDisk = new Fault("NO_SPACE", "no room");

describe("auto", () => {
  it.each([
    ["docker when it can serve", [full, full, full], "docker"],
    ["local when docker is absent", [absent, full, full], "local"],
    ["embedded with pgAudit before local without", [absent, bare, full], "embedded"],
    ["local without pgAudit before embedded without", [absent, bare, bare], "local"],
    ["embedded when it is alone", [absent, absent, bare], "embedded"],
  ] as const)("takes %s", async (_, [docker, local, embedded], chosen) => {
    const engines = [pretend("docker", docker), pretend("local", local), pretend("embedded", embedded)];
    const said: string[] = [];
    const cluster = await openCluster("auto", {}, engines, (line) => said.push(line));
    expect(cluster.engine).toBe(chosen);
    expect(said[0]).toContain(`Engine ${chosen}`);
  });

  it("says why it did not take the better ones", async () => {
    const said: string[] = [];
    await openCluster("auto", {}, [pretend("docker", absent), pretend("local", full)], (line) =>
      said.push(line),
    );
    expect(said).toEqual(["Engine local: all well (docker: not here)"]);
  });

  it("goes on to the next engine when one does not start", async () => {
    const engines = [pretend("docker", full, broken), pretend("local", full)];
    expect((await openCluster("auto", {}, engines, () => {})).engine).toBe("local");
  });

  it("stops where the next engine would fail as well", async () => {
    const engines = [pretend("docker", full, fullDisk), pretend("local", full)];
    await expect(openCluster("auto", {}, engines, () => {})).rejects.toBe(fullDisk);
  });

  it("never takes a server that is not ours", async () => {
    await expect(openCluster("auto", {}, [pretend("existing", full)], () => {})).rejects.toMatchObject({
      code: "NO_ENGINE",
    });
  });

  it("names every reason when none can serve", async () => {
    const engines = [pretend("docker", absent), pretend("local", full, broken)];
    await expect(openCluster("auto", { major: 16 }, engines, () => {})).rejects.toThrow(
      /PostgreSQL 16:\n {2}docker: not here\n {2}local: it broke/,
    );
  });
});

describe("a chosen engine", () => {
  it("is never replaced by another", async () => {
    const engines = [pretend("docker", full, broken), pretend("local", full)];
    await expect(openCluster("docker", {}, engines, () => {})).rejects.toBe(broken);
  });
});

describe("a diagnosis", () => {
  it("has what every engine can do, in order", async () => {
    const found = await diagnose([pretend("docker", absent), pretend("local", full)]);
    expect(found).toEqual([
      { name: "docker", availability: absent },
      { name: "local", availability: full },
    ]);
  });
});
