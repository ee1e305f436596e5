import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cluster } from "../../harness/engine/cluster.ts";
import { connect, withConnection } from "../../harness/engine/connection.ts";
import {
  cloneDatabase,
  createDatabase,
  type Database,
  freezeTemplate,
} from "../../harness/engine/database.ts";
import { localEngine } from "../../harness/engine/local.ts";
import { thisMachine } from "../../harness/engine/machine.ts";
import { isAlive, readOwner } from "../../harness/engine/owner.ts";

let cluster: Cluster;
let template: Database;

beforeAll(async () => {
  cluster = await localEngine(thisMachine()).start({}, () => {});
  await query(cluster.superuser, "create role owner_of_all login");
  template = await createDatabase(cluster, { owner: "owner_of_all" });
  await query(template.address("owner_of_all"), "create table thing as select 1 as id");
  await using lingering = await connect(template.address("owner_of_all"));
  await freezeTemplate(cluster, template.name);
  await lingering.query("select 1").catch(() => {});
});
afterAll(() => cluster[Symbol.asyncDispose]());

async function query(address: Cluster["superuser"], sql: string) {
  return (await withConnection(address, (connection) => connection.query(sql))).rows;
}

async function databases(): Promise<string[]> {
  const rows = await query(cluster.superuser, "select datname from pg_database order by 1");
  return rows.map(({ datname }) => datname);
}

describe("a cluster of ours", () => {
  it("is UTF-8, in UTC, with pgAudit where it says so", async () => {
    const [row] = await query(
      cluster.superuser,
      `select current_setting('server_encoding') as encoding, now()::text like '%+00' as utc,
        current_setting('shared_preload_libraries') ~ 'pgaudit' as pgaudit, current_user as user`,
    );
    expect(row).toEqual({ encoding: "UTF8", utc: true, pgaudit: cluster.pgaudit, user: "supabase_admin" });
  });

  it("shows its log at once", async () => {
    await query(cluster.superuser, "do $$ begin raise log 'a line of mine'; end $$");
    expect(await cluster.readLog()).toContain("a line of mine");
  });

  it("is reached by nobody over TCP unless a port was asked for", async () => {
    const [row] = await query(cluster.superuser, "show listen_addresses");
    expect(row).toEqual({ listen_addresses: "" });
  });
});

describe("a frozen template", () => {
  it("lets nobody in", async () => {
    await expect(connect(template.address("supabase_admin"))).rejects.toMatchObject({ code: "55000" });
  });
});

describe("a clone", () => {
  it("has the template's contents and owner, and is its owner's to change", async () => {
    await using clone = await cloneDatabase(cluster, template.name);
    expect(await query(clone.address("owner_of_all"), "table thing")).toEqual([{ id: 1 }]);
    await query(clone.address("owner_of_all"), "create schema mine");
  });

  it("bears the record of its living owner", async () => {
    await using clone = await cloneDatabase(cluster, template.name);
    const [row] = await query(
      clone.address("supabase_admin"),
      "select shobj_description(oid, 'pg_database') as record from pg_database where datname = current_database()",
    );
    const owner = readOwner(row?.record);
    expect(owner && isAlive(owner)).toBe(true);
  });

  it("is gone when disposed of, even while sessions are in it", async () => {
    const clone = await cloneDatabase(cluster, template.name);
    await using inside = await connect(clone.address("owner_of_all"));
    await clone[Symbol.asyncDispose]();
    expect(await databases()).not.toContain(clone.name);
    await inside.query("select 1").catch(() => {});
  });

  it("is one of many that are made and dropped at the same time", async () => {
    const before = await databases();
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        await using clone = await cloneDatabase(cluster, template.name);
        expect(await query(clone.address("owner_of_all"), "table thing")).toEqual([{ id: 1 }]);
      }),
    );
    expect(await databases()).toEqual(before);
  });

  it("of a template that does not exist is refused", async () => {
    await expect(cloneDatabase(cluster, "nothing")).rejects.toMatchObject({ code: "BUG" });
  });
});
