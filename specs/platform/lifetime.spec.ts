import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCluster } from "../../harness/engine/choose.ts";
import type { Cluster } from "../../harness/engine/cluster.ts";
import { type Connection, connect, withConnection } from "../../harness/engine/connection.ts";
import { createDatabase } from "../../harness/engine/database.ts";
import { allEngines } from "../../harness/engine/engines.ts";
import {
  installPlatform,
  type PlatformChoice,
  preparePlatform,
  removePlatform,
} from "../../harness/platform/platform.ts";

// Roles belong to a whole cluster: taking them away needs one that no other spec uses.
let cluster: Cluster;
let superuser: Connection;

beforeAll(async () => {
  cluster = await openCluster("auto", {}, allEngines(), () => {});
  superuser = await connect(cluster.superuser);
});

afterAll(async () => {
  await superuser?.end();
  await cluster?.[Symbol.asyncDispose]();
});

const supabase: PlatformChoice = { platform: "supabase", privileges: "open" };
const plain: PlatformChoice = { platform: "none", privileges: "open" };

async function roles(): Promise<unknown[]> {
  const { rows } = await superuser.query("select * from pg_catalog.pg_roles order by rolname");
  return rows;
}

describe("a platform", () => {
  it.each([supabase, plain])("$platform leaves no role behind once it is removed", async (choice) => {
    const before = await roles();
    const prepared = await preparePlatform(superuser, choice);
    {
      await using database = await createDatabase(cluster);
      await withConnection(database.address(cluster.superuser.user), (it) => installPlatform(it, prepared));
    }
    expect(prepared.createdRoles).toContain(prepared.deployer);
    await removePlatform(superuser, prepared);
    expect(await roles()).toEqual(before);
  });

  it("changes nothing when it is prepared a second time", async () => {
    const prepared = await preparePlatform(superuser, supabase);
    const once = await roles();
    expect((await preparePlatform(superuser, supabase)).createdRoles).toEqual([]);
    expect(await roles()).toEqual(once);
    await removePlatform(superuser, prepared);
  });

  it("leaves a role that was there before", async () => {
    await superuser.query("create role anon");
    const prepared = await preparePlatform(superuser, supabase);
    await removePlatform(superuser, prepared);
    expect(await roles()).toContainEqual(expect.objectContaining({ rolname: "anon" }));
    await superuser.query("drop role anon");
  });

  it("gives its deployer another name where postgres is a superuser, and leaves that one alone", async () => {
    await superuser.query("create role postgres superuser");
    const prepared = await preparePlatform(superuser, supabase);
    expect(prepared.deployer).toBe("tenantproof_deployer");
    await removePlatform(superuser, prepared);
    expect(await roles()).toContainEqual(expect.objectContaining({ rolname: "postgres", rolsuper: true }));
    await superuser.query("drop role postgres");
  });

  it("is made whole or not at all", async () => {
    const prepared = await preparePlatform(superuser, supabase);
    {
      await using database = await createDatabase(cluster);
      await withConnection(database.address(cluster.superuser.user), async (it) => {
        await it.query("create schema storage");
        await expect(installPlatform(it, prepared)).rejects.toMatchObject({ code: "42P06" });
        const { rows } = await it.query("select from pg_catalog.pg_namespace where nspname = 'auth'");
        expect(rows).toEqual([]);
      });
    }
    await removePlatform(superuser, prepared);
  });

  it("none gives a deployer that owns the database and has no power besides", async () => {
    const prepared = await preparePlatform(superuser, plain);
    {
      await using database = await createDatabase(cluster);
      await withConnection(database.address(cluster.superuser.user), (it) => installPlatform(it, prepared));
      await withConnection(database.address(prepared.deployer), async (deployer) => {
        await deployer.query("create schema own; create table public.things (id int)");
        await expect(deployer.query("create role own")).rejects.toMatchObject({ code: "42501" });
      });
    }
    await removePlatform(superuser, prepared);
  });
});
