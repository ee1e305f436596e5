import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { configured } from "../../bench/ground.ts";
import { findClients } from "../../fixtures/snapshots/clients.ts";
import { fillDatabase } from "../../fixtures/snapshots/fill.ts";
import { generateSnapshot } from "../../fixtures/snapshots/generate.ts";
import { oddTexts } from "../../fixtures/snapshots/oddities.ts";
import {
  defaults,
  type Format,
  type Generated,
  type SnapshotRequest,
} from "../../fixtures/snapshots/request.ts";
import { withConnection } from "../../harness/engine/connection.ts";
import { cloneDatabase } from "../../harness/engine/database.ts";
import { readSubject } from "../../harness/guarantees/ground.ts";

const host = inject("shared");
const folder = await mkdtemp(join(tmpdir(), "snapshots-"));
const small = { host, tenants: 12, contacts: 600, events: 3_000, secret: "velvet-otter" } as const;
const zstd = (await execa("zstd", ["--version"], { reject: false })).code !== "ENOENT";
const formats: readonly Format[] = [
  ...(["custom", "directory", "tar", "plain", "plain.gz", "supabase"] as const),
  ...(zstd ? (["plain.zst"] as const) : []),
];
const make = (name: string, request: Partial<SnapshotRequest>) =>
  generateSnapshot({ ...small, ...request, out: join(folder, name) });

let all: Generated;
let clients: string;
beforeAll(async () => {
  all = await make("all", { formats });
  clients = await findClients(host);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const pathOf = (format: Format) => all.files.find((file) => file.format === format)?.path ?? "";
const text = (path: string) => readFile(path, "utf8");
/** Without what tells one dump from the next: comments, and the key of its psql lines. */
const plainly = (sql: string) => sql.split("\n").filter((line) => !/^(--|\\(un)?restrict )/.test(line));

describe("a snapshot", () => {
  it("has exactly the rows that were asked for", () => {
    expect(all.rows).toMatchObject({
      ...{ "public.organizations": 12, "public.contacts": 600, "public.processed_webhook_events": 3_000 },
    });
  });

  it("is the same in each of pg_dump's formats", async () => {
    const plain = plainly(await text(pathOf("plain")));
    expect(plain.length).toBeGreaterThan(5_000);
    expect(plainly(gunzipSync(await readFile(pathOf("plain.gz"))).toString())).toEqual(plain);
    for (const format of ["custom", "directory", "tar"] as const) {
      const { stdout } = await execa(join(clients, "pg_restore"), ["--file=-", pathOf(format)], {
        stripFinalNewline: false,
      });
      expect({ format, sql: plainly(stdout) }).toEqual({ format, sql: plain });
    }
  });

  it("is compressed with zstd where that is there, and says so where it is not", async () => {
    if (!zstd)
      return expect(make("zst", { formats: ["plain.zst"] })).rejects.toThrow("takes the program zstd");
    const { stdout } = await execa("zstd", ["--decompress", "--stdout", pathOf("plain.zst")], {
      stripFinalNewline: false,
    });
    expect(plainly(stdout)).toEqual(plainly(await text(pathOf("plain"))));
  });

  it("is written byte for byte alike for the same seed, and otherwise for another", async () => {
    const first = plainly(await text(pathOf("plain"))).join("\n");
    const again = async (name: string, seed: number) => {
      const { files } = await make(name, { formats: ["plain"], seed, force: true });
      return plainly(await text(files[0]?.path ?? "")).join("\n");
    };
    expect((await again("again", 1)) === first).toBe(true);
    // In the place of the one before, which it is told to replace.
    expect((await again("again", 2)) === first).toBe(false);
  });

  it("does not replace what is there unless it is told to", async () => {
    await writeFile(join(folder, "snapshot.tar"), "precious");
    await expect(make(".", { formats: ["tar"] })).rejects.toThrow(/snapshot\.tar is there already/);
    expect(await text(join(folder, "snapshot.tar"))).toBe("precious");
  });

  it("leaves nothing of itself when it is given up", async () => {
    const databases = () =>
      withConnection(host.superuser, async (connection) => {
        const { rows } = await connection.query("select datname from pg_database order by datname");
        return rows.map(({ datname }) => datname);
      });
    const before = await databases();
    const controller = new AbortController();
    const reason = new Error("enough");
    const stages = {
      stage<T>(name: string, work: (say: () => void) => Promise<T>): Promise<T> {
        if (name === "directory") controller.abort(reason);
        return work(() => {});
      },
    };
    const given = make("given-up", { formats: ["custom", "directory"], stages, signal: controller.signal });
    await expect(given).rejects.toBe(reason);
    expect(await readdir(folder)).not.toContain("given-up");
    expect(await databases()).toEqual(before);
  });
});

describe("the Supabase CLI's three files", () => {
  const read = (name: string) => text(join(pathOf("supabase"), name));

  it("name no reserved role and no password but in comments", async () => {
    const roles = await read("roles.sql");
    expect(roles).toContain('-- CREATE ROLE "authenticated";');
    expect(plainly(roles).join("\n")).not.toMatch(
      /(CREATE|ALTER) ROLE "(anon|postgres|supabase_admin)"( WITH|;)/,
    );
    expect(roles).not.toMatch(/PASSWORD|NOSUPERUSER/);
  });

  it("make what is not there, of the project's own schemas, without comments", async () => {
    const schema = await read("schema.sql");
    expect(schema).toContain('CREATE TABLE IF NOT EXISTS "public"."contacts"');
    expect(schema).toContain('CREATE POLICY "contacts_select_own"');
    expect(schema).not.toMatch(/^(--|\\|CREATE PUBLICATION|CREATE TABLE (IF NOT EXISTS )?"(auth|storage)")/m);
  });

  it("hold the rows of auth as well, as one session reads them without triggers", async () => {
    const data = await read("data.sql");
    expect(data).toMatch(/^SET session_replication_role = replica;\n/);
    expect(data).toMatch(/^COPY "auth"\."users" \(/m);
    expect(data).toMatch(/\nRESET ALL;\n$/);
    expect(data).not.toMatch(/^\\(un)?restrict/m);
  });

  it("are restored by psql in one transaction, every row of them", async () => {
    await using database = await cloneDatabase(host, host.templates.open);
    const { host: server, port, user, password } = database.address(host.superuser.user);
    const files = ["roles.sql", "schema.sql", "data.sql"].map((name) => join(pathOf("supabase"), name));
    await execa(
      join(clients, "psql"),
      [
        ...[
          "--no-psqlrc",
          "--quiet",
          "--single-transaction",
          "--set=ON_ERROR_STOP=1",
          "--dbname",
          database.name,
        ],
        ...files.flatMap((file) => ["--file", file]),
      ],
      { env: { PGHOST: server, PGPORT: String(port), PGUSER: user, PGPASSWORD: password ?? "" } },
    );
    await withConnection(database.address(host.superuser.user), async (connection) => {
      for (const [table, count] of Object.entries(all.rows)) {
        const { rows } = await connection.query(`select count(*)::int as count from ${table}`);
        expect({ table, count: rows[0].count }).toEqual({ table, count });
      }
    });
  });
});

describe("the rows of a snapshot", () => {
  it("hold every odd text and the secret, which COPY keeps as they are", async () => {
    const sql = await text(pathOf("plain"));
    const escaped = (value: string) =>
      value.replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
    const missing = oddTexts.filter((value) => !sql.includes(`\tvelvet-otter ${escaped(value)}\t`));
    expect(missing).toEqual([]);
  });

  it("lie among dead ones, as somebody has updated and deleted since", async () => {
    const subject = await readSubject(await configured());
    const stages = { stage: <T>(_: string, work: (say: () => void) => Promise<T>) => work(() => {}) };
    const contents = { ...defaults, ...{ tenants: 12, contacts: 600, events: 500 } };
    await using filled = await fillDatabase(host, contents, { subject, stages, ownServer: false });
    await withConnection(filled.database.address(host.superuser.user), async (connection) => {
      // Not n_dead_tup: whoever reads a page may clear it of some. Told once the session that wrote has ended.
      const told = async () => {
        const { rows } = await connection.query(
          `select relname as table, n_tup_del::int as deleted, n_tup_upd::int as updated
            from pg_stat_user_tables where relname in ('contacts', 'processed_webhook_events') order by relname`,
        );
        return rows;
      };
      await expect.poll(told, { timeout: 10_000 }).toEqual([
        { table: "contacts", deleted: 6, updated: 56 },
        { table: "processed_webhook_events", deleted: 5, updated: 44 },
      ]);
    });
  });
});
