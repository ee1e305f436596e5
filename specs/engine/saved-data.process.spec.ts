import { beforeAll, describe, expect, it } from "vitest";
import type { Cluster, Saved } from "../../harness/engine/cluster.ts";
import { cloneDatabase, createDatabase, freezeTemplate } from "../../harness/engine/database.ts";
import { isAlive, readOwner, thisOwner, writeOwner } from "../../harness/engine/owner.ts";
import { quoteLiteral } from "../../harness/sql/identifier.ts";
import { ask } from "./ask.ts";
import { freePort } from "./free-port.ts";
import { openSavedGround } from "./saved-ground.ts";

const ground = openSavedGround();
const data = "00000000";
const request = { data, settings: { shared_buffers: "24MB", track_functions: "all" } };

let template: string;
let saved: Saved | undefined;

async function fill(cluster: Cluster): Promise<string> {
  await ask(cluster.superuser, "create role keeper login; create role guest nologin; grant guest to keeper");
  const made = await createDatabase(cluster, { owner: "keeper" });
  await ask(
    made.address("keeper"),
    `create table thing as select id, repeat('x', 100) as filling from generate_series(1, 1000) as id;
     create unlogged table lasting as select 7 as number`,
  );
  const dead = quoteLiteral(writeOwner({ ...thisOwner(), started: "1" }));
  await ask(
    cluster.superuser,
    `alter database ${made.name} set work_mem = '5MB'; comment on database ${made.name} is ${dead}`,
  );
  await ask(cluster.superuser, "alter system set random_page_cost = 1.5");
  await freezeTemplate(cluster, made.name);
  return made.name;
}

const count =
  "select count(*)::int, (select number from lasting), current_setting('work_mem') as memory from thing";
const counted = [{ count: 1000, number: 7, memory: "5MB" }];

async function contents(cluster: Cluster) {
  await using clone = await cloneDatabase(cluster, template);
  return await ask(clone.address("keeper"), count);
}

describe("a server that was filled", () => {
  beforeAll(async () => {
    await using cluster = await ground.start(request);
    expect(cluster.savedData).toBeUndefined();
    template = await fill(cluster);
    const before = await cluster.readLog();
    saved = await cluster.save?.(template);
    expect(cluster.superuser.host).toContain("tenantproof-");
    // Errands and new sessions meet the same server at the same place, with the same log.
    expect(await contents(cluster)).toEqual(counted);
    expect(await ask(cluster.superuser, "show shared_buffers")).toEqual([{ shared_buffers: "24MB" }]);
    expect((await cluster.readLog()).startsWith(before)).toBe(true);
    expect(await cluster.readLog()).not.toContain("automatic recovery");
  });

  it("is saved whole, with nothing half made beside it", async () => {
    expect(saved).toEqual({ saved: true, bytes: expect.any(Number) });
    expect(await ground.cached()).toEqual([expect.stringMatching(/^saved-00000000-/)]);
    expect(await ground.running()).toEqual([]);
  });

  it("is what a later one with its fingerprint comes up as: rows, roles, settings, and what was noted", async () => {
    await using cluster = await ground.start(request);
    expect(cluster.savedData).toEqual({ note: template });
    expect(await contents(cluster)).toEqual(counted);
    const [row] = await ask(
      cluster.superuser,
      `select pg_has_role('keeper', 'guest', 'member') as member, current_setting('random_page_cost') as cost,
        current_setting('track_functions') as functions`,
    );
    expect(row).toEqual({ member: true, cost: "1.5", functions: "all" });
  });

  it("belongs to the later run, which changes nothing for the next one", async () => {
    {
      await using cluster = await ground.start(request);
      const [row] = await ask(
        cluster.superuser,
        `select shobj_description(oid, 'pg_database') as record from pg_database where datname = '${template}'`,
      );
      const owner = readOwner(row?.record);
      expect(owner && isAlive(owner)).toBe(true);
      await ask(cluster.superuser, "create role late");
    }
    await using next = await ground.start(request);
    expect(await ask(next.superuser, "select from pg_roles where rolname = 'late'")).toEqual([]);
  });

  it("serves two runs at once, and nothing tells of them afterwards", async () => {
    const both = await Promise.all([ground.start(request), ground.start(request)]);
    try {
      expect(both.map(({ savedData }) => savedData)).toEqual([{ note: template }, { note: template }]);
      expect(await Promise.all(both.map(contents))).toEqual([counted, counted]);
    } finally {
      await Promise.all(both.map((cluster) => cluster[Symbol.asyncDispose]()));
    }
    expect(await ground.cached()).toHaveLength(1);
  });

  it("takes other settings and a port, and gives whoever had its password the new one", async () => {
    const port = await freePort();
    await using cluster = await ground.start({ data, port, settings: { shared_buffers: "32MB" } });
    expect(cluster.savedData).toBeDefined();
    const { superuser } = cluster;
    const overTcp = { ...superuser, host: "127.0.0.1" };
    for (const user of [superuser.user, "keeper"]) {
      expect(await ask({ ...overTcp, user }, "show shared_buffers")).toEqual([{ shared_buffers: "32MB" }]);
      await expect(ask({ ...overTcp, user, password: "wrong" }, "select 1")).rejects.toMatchObject({
        code: "28P01",
      });
    }
    // It is there already, and the server is as reachable as before.
    expect(await cluster.save?.()).toEqual(saved);
    expect(await ask({ ...overTcp, user: "keeper" }, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("is not what another fingerprint gives", async () => {
    await using cluster = await ground.start({ data: "11111111" });
    expect(cluster.savedData).toBeUndefined();
    expect(await ask(cluster.superuser, "select from pg_roles where rolname = 'keeper'")).toEqual([]);
  });

  it("is not asked for by a run without a fingerprint, which cannot save either", async () => {
    await using cluster = await ground.start({});
    expect([cluster.savedData, cluster.save]).toEqual([undefined, undefined]);
  });
});

describe("two servers with one fingerprint", () => {
  it("that are saved at once leave one of the two in the cache, and both run on", async () => {
    const both = await Promise.all([ground.start({ data: "22222222" }), ground.start({ data: "22222222" })]);
    try {
      for (const found of await Promise.all(both.map((cluster) => cluster.save?.())))
        expect(found).toMatchObject({ saved: true });
      for (const { superuser } of both) expect(await ask(superuser, "select 1 as one")).toEqual([{ one: 1 }]);
    } finally {
      await Promise.all(both.map((cluster) => cluster[Symbol.asyncDispose]()));
    }
    expect((await ground.cached()).filter((name) => !name.startsWith("saved-00000000-"))).toEqual([
      expect.stringMatching(/^saved-22222222-/),
    ]);
  });
});
