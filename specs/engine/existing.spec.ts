import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Cluster } from "../../harness/engine/cluster.ts";
import { withConnection } from "../../harness/engine/connection.ts";
import { cloneDatabase, createDatabase, freezeTemplate } from "../../harness/engine/database.ts";
import { existingEngine } from "../../harness/engine/existing.ts";
import { localEngine } from "../../harness/engine/local.ts";
import { thisMachine } from "../../harness/engine/machine.ts";

const engine = existingEngine(thisMachine());
let server: Cluster;
let url: string;

/** Everything that a run could leave on the server. */
async function contents() {
  return withConnection(server.superuser, async (connection) => {
    const { rows } = await connection.query(`
      select array(select datname::text from pg_database order by 1) as databases,
        array(select rolname::text from pg_roles order by 1) as roles,
        array(select parname from pg_parameter_acl order by 1) as parameters`);
    return rows[0];
  });
}

async function ask(sql: string): Promise<void> {
  await withConnection(server.superuser, (connection) => connection.query(sql));
}

function open(more: object = {}) {
  return engine.start({ url, disposable: true, ...more }, () => {});
}

beforeAll(async () => {
  server = await localEngine(thisMachine()).start({}, () => {});
  url = `postgres://${server.superuser.user}@/postgres?host=${server.superuser.host}`;
});
afterAll(() => server[Symbol.asyncDispose]());
const asNew = { databases: ["postgres", "template0", "template1"] };
afterEach(async () => expect(await contents()).toMatchObject(asNew));

describe("a server that the user names", () => {
  it("is as it was before, whatever was made there", async () => {
    const before = await contents();
    {
      await using cluster = await open();
      await ask("create role anon; create role app login; grant set on parameter log_statement to app");
      const template = await createDatabase(cluster, { owner: "app" });
      await freezeTemplate(cluster, template.name);
      const clone = await cloneDatabase(cluster, template.name);
      await withConnection(clone.address("app"), (one) => one.query("create schema mine"));
    }
    expect(await contents()).toEqual(before);
  });

  it("is as it was before, when a run is given up in the middle of making something", async () => {
    const before = await contents();
    const cluster = await open();
    const making = Promise.allSettled(
      Array.from({ length: 4 }, async () => {
        for (;;) await createDatabase(cluster);
      }),
    );
    await expect.poll(contents).not.toMatchObject(asNew);
    await cluster[Symbol.asyncDispose]();
    expect(await contents()).toEqual(before);
    await making;
    expect(await contents()).toEqual(before);
  });

  it("says truthfully whether it has pgAudit", async () => {
    await using cluster = await open();
    expect(cluster.pgaudit).toBe(server.pgaudit);
    expect(cluster.major).toBe(server.major);
  });

  it("is refused unless it was called disposable", async () => {
    await expect(open({ disposable: false })).rejects.toMatchObject({ code: "NOT_DISPOSABLE" });
  });

  it("is refused while it holds a database of somebody's", async () => {
    await ask("create database precious");
    await expect(open()).rejects.toMatchObject({
      code: "NOT_DISPOSABLE",
      message: expect.stringContaining("precious"),
    });
    await ask("drop database precious");
  });

  it("is refused while it has a role that the platform would make", async () => {
    await ask("create role authenticator");
    await expect(open()).rejects.toMatchObject({
      code: "NOT_DISPOSABLE",
      message: expect.stringContaining("authenticator"),
    });
    await ask("drop role authenticator");
  });

  it("is refused to a user who is no superuser", async () => {
    await ask("create role plain login");
    const asPlain = url.replace(server.superuser.user, "plain");
    await expect(open({ url: asPlain })).rejects.toMatchObject({ code: "NOT_DISPOSABLE" });
    await ask("drop role plain");
  });

  it("is refused to a second run, which is told who uses it", async () => {
    await using _first = await open();
    await expect(open()).rejects.toMatchObject({
      code: "NOT_DISPOSABLE",
      message: expect.stringContaining(String(process.pid)),
    });
  });

  it("is refused when another major was asked for", async () => {
    const major = server.major === 15 ? 18 : 15;
    await expect(open({ major })).rejects.toMatchObject({ code: "NO_ENGINE" });
  });

  it("that does not answer gives NO_ENGINE, without the password in any word of it", async () => {
    const dead = "postgres://me:secret-word@127.0.0.1:1/postgres";
    const fault = await open({ url: dead }).catch((thrown) => thrown);
    expect(fault).toMatchObject({ code: "NO_ENGINE" });
    expect(`${fault.message} ${fault.where} ${fault.hint}`).not.toContain("secret-word");
  });

  it.each([
    ["nonsense"],
    ["http://host/postgres"],
    ["postgres://host/production"],
    ["postgres://host/postgres?sslmode=require"],
    ["postgres://host:99999/postgres"],
  ])("by the URL %s gives USAGE", async (wrong) => {
    await expect(open({ url: wrong })).rejects.toMatchObject({ code: "USAGE" });
  });
});

describe("a server that a killed run used", () => {
  it("is swept by the next start: databases and roles", async () => {
    const before = await contents();
    const program = fileURLToPath(new URL("use-and-wait.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", program, url], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await contents()).not.toEqual(before);
    // The server may take a moment to see that the session is gone.
    await expect
      .poll(() => open().then((one) => one[Symbol.asyncDispose]()), { timeout: 10_000 })
      .toBeUndefined();
    expect(await contents()).toEqual(before);
  });

  it("is refused with a list of what to remove when that run was told to keep it", async () => {
    const before = await contents();
    {
      await using cluster = await open();
      await createDatabase(cluster);
      await ask("create role kept_role");
      expect(cluster.keep()).toContain("Kept");
    }
    await expect(open()).rejects.toMatchObject({
      code: "NOT_DISPOSABLE",
      hint: expect.stringContaining("Drop"),
    });
    const { databases } = await contents();
    const [name] = databases.filter((one: string) => one.startsWith("tenantproof_"));
    expect(name).toBeDefined();
    await ask(`drop database ${name}`);
    await ask("drop role kept_role; drop role tenantproof_run");
    expect(await contents()).toEqual(before);
  });
});
