import { readdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { clientProgramsFor } from "../../../harness/engine/clients.ts";
import { withConnection } from "../../../harness/engine/connection.ts";
import { thisMachine } from "../../../harness/engine/machine.ts";
import { Fault } from "../../../harness/fault/fault.ts";
import { openProgress } from "../../../harness/rehearsal/snapshot/progress.ts";
import { makeScratch } from "../../engine/machines.ts";
import { dump, makeSource, ownDatabases, restore, secret } from "./dumps.ts";

let scratch: Awaited<ReturnType<typeof makeScratch>>;
beforeAll(async () => {
  scratch = await makeScratch();
});
afterAll(() => scratch[Symbol.asyncDispose]());

const at = (name: string) => join(scratch.folder, name);

/** A custom archive of a table whose rows, when they are restored, do `body`. */
async function archiveThat(name: string, body: string, value = secret): Promise<string> {
  await using source = await makeSource(`
    set app.fast = on;
    create function public.judge(text) returns boolean language plpgsql as $$
    begin
      if current_setting('app.fast', true) = 'on' then return true; end if;
      ${body}
      return true;
    end $$;
    create table public.judged (name text check (public.judge(name)));
    insert into public.judged values ('${value}');
    create table public.other (id int primary key);`);
  return await dump(source, at(name), "--format=custom");
}

async function script(name: string, contents: string): Promise<string> {
  const path = at(`${name}.sql`);
  await writeFile(path, contents);
  return path;
}

/** A machine whose temporary files all lie in one folder. */
const machineHere = () => ({ ...thisMachine(), scratch: [scratch.folder] });

/** What a restore could leave: databases, sessions in them, and folders. */
async function remains(): Promise<unknown> {
  const databases = await ownDatabases();
  const { rows: sessions } = await withConnection(inject("shared").superuser, (superuser) =>
    superuser.query("select pid from pg_catalog.pg_stat_activity where datname = any ($1)", [databases]),
  );
  const names = await readdir(scratch.folder);
  return { databases, sessions, folders: names.filter((name) => name.startsWith("tenantproof-")) };
}

/** How many sessions in the databases of this file sleep. */
async function sleepers(): Promise<number> {
  const { rowCount } = await withConnection(inject("shared").superuser, async (superuser) =>
    superuser.query(
      "select from pg_catalog.pg_stat_activity where wait_event = 'PgSleep' and datname = any ($1)",
      [await ownDatabases()],
    ),
  );
  return rowCount ?? 0;
}

describe("a restore that is interrupted", () => {
  it.each([
    ["plain SQL", () => script("slow", "CREATE TABLE public.t (a int);\nSELECT pg_sleep(30);\n")],
    ["an archive", () => archiveThat("slow", "perform pg_sleep(30);")],
  ])("of %s ends at once and leaves nothing", async (_, make) => {
    const path = await make();
    const stopping = new AbortController();
    const restoring = restore(path, { signal: stopping.signal, machine: machineHere() });
    const ended = restoring.catch((thrown: unknown) => thrown);
    await expect.poll(sleepers, { timeout: 20_000 }).toBe(1);
    const started = performance.now();
    stopping.abort(new Fault("INTERRUPTED", "stopped by SIGINT"));
    expect(await ended).toMatchObject({ code: "INTERRUPTED", message: "stopped by SIGINT" });
    expect(performance.now() - started).toBeLessThan(12_000);
    expect(await remains()).toEqual({ databases: [], sessions: [], folders: [] });
  });

  it("before it began does nothing", async () => {
    const path = await script("never", "SELECT 1;\n");
    await expect(restore(path, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(await remains()).toEqual({ databases: [], sessions: [], folders: [] });
  });
});

describe("an error while rows are restored", () => {
  it("of an archive names the table and quotes no row", async () => {
    const path = await archiveThat("raises", "raise 'no % here', $1;");
    const thrown = await restore(path).catch((error: unknown) => error);
    expect(thrown).toMatchObject({
      code: "RESTORE_INCOMPLETE",
      message: expect.stringMatching(/rows of public\.judged, row 1: the server refused it/),
    });
    expect(`${(thrown as Error).stack} ${JSON.stringify(thrown)}`).not.toContain(secret);
  });

  it.each([
    ["plain SQL", () => script("full", "DO $$ begin raise 'x' using errcode = '53100'; end $$;\n")],
    [
      "an archive",
      () => archiveThat("full", `raise 'could not extend file "base/1/2": No space left on device';`),
    ],
  ])("of %s is NO_SPACE when the disk is full", async (_, make) => {
    await expect(restore(await make())).rejects.toMatchObject({ code: "NO_SPACE" });
  });

  it.each([
    ["plain SQL", () => script("lost", "SELECT pg_terminate_backend(pg_backend_pid());\n")],
    ["an archive", () => archiveThat("lost", "perform pg_terminate_backend(pg_backend_pid());")],
  ])("of %s is ENGINE_LOST when the server ends it", async (_, make) => {
    await expect(restore(await make())).rejects.toMatchObject({ code: "ENGINE_LOST" });
  });

  it("reaches no log of the server", async () => {
    const value = `${secret}-logged`;
    await restore(await archiveThat("logged", "raise 'no % here', $1;", value)).catch(() => {});
    const rows = `CREATE TABLE public.t (a int);\nCOPY public.t FROM stdin;\n${value}\n\\.\n`;
    await restore(await script("logged", rows)).catch(() => {});
    const log = await text(connect(inject("shared").logPort, "127.0.0.1"));
    expect(log).not.toBe("");
    expect(log).not.toContain(value);
  });
});

describe("client programs", () => {
  it("are the engine's own where it has them", async () => {
    const found = await clientProgramsFor({ major: 15, clientBinaries: "/engine" }, thisMachine());
    expect(found).toEqual({ folder: "/engine", major: 15 });
  });

  it("that are nowhere give NO_ENGINE, with what to install", async () => {
    const machine = { ...thisMachine(), env: { TENANTPROOF_PGBIN: at("nowhere") } };
    await expect(clientProgramsFor({ major: 15 }, machine)).rejects.toMatchObject({
      code: "NO_ENGINE",
      hint: expect.stringMatching(/postgresql-client-15/),
    });
  });
});

describe("progress", () => {
  it("is said twice a second, with the rate", () => {
    const said: string[] = [];
    let now = 0;
    const progress = openProgress(
      (line) => said.push(line),
      "restoring",
      900 * 1024 ** 2,
      () => now,
    );
    for (const mb of [10, 20, 30, 40]) {
      now += 250;
      progress.at(mb * 1024 ** 2);
    }
    expect(said).toEqual(["restoring 20 MB of 900 MB, 40 MB/s", "restoring 40 MB of 900 MB, 40 MB/s"]);
  });
});
