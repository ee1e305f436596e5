import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeScratch } from "../engine/machines.ts";
import { tenantproof } from "./command.ts";

describe.concurrent("a command line", () => {
  it.each<[string, string[], string[]]>([
    [
      "with an unknown option",
      ["gate", "--enginee", "local"],
      ["unknown option '--enginee'", "Did you mean --engine?"],
    ],
    ["with an unknown command", ["gat"], ["unknown command 'gat'", "Did you mean gate?"]],
    ["with an option that lacks its value", ["gate", "--seed"], ["--seed", "argument missing"]],
    ["with a seed that is none", ["gate", "--seed", "-1"], ["--seed", "0 to 4294967295"]],
    ["with a port that is none", ["gate", "--port", "70000"], ["--port", "1 to 65535"]],
    ["with a timeout that is none", ["gate", "--migration-timeout", "soon"], ["above 0"]],
    ["with an unknown platform", ["gate", "--platform", "firebase"], ["supabase, none"]],
    ["with an unknown promise", ["gate", "--only", "H1,Q9"], ["Q9", "H1, H2, B1, U1, W1"]],
    ["with no promise", ["gate", "--only", ","], ["--only", "such as T6"]],
    ["with an unknown engine", ["gate", "--engine", "oracle"], ["'oracle'", "auto, docker, local, embedded"]],
    ["with a PostgreSQL that is too old", ["gate", "--postgres", "14"], ["--postgres", "15, 16, 17, 18"]],
    ["with a PostgreSQL that is no number", ["gate", "--postgres", "new"], ["--postgres", "15, 16, 17, 18"]],
    ["that calls no server disposable", ["gate", "--engine", "local", "--disposable"], ["--disposable"]],
    [
      "that chooses the port of a server that runs",
      ["gate", "--engine", "postgres://localhost/", "--disposable", "--port", "5555"],
      ["--port"],
    ],
    [
      "with two results for standard output",
      ["gate", "--json", "-", "--junit", "-"],
      ["--json and --junit cannot both"],
    ],
    [
      "with two results for one file",
      ["gate", "--json", "both.out", "--junit", "./both.out"],
      ["--json and --junit cannot both go to both.out"],
    ],
    ["with a result in no folder", ["gate", "--json", "/nowhere/result.json"], ["/nowhere/result.json"]],
    ["with a folder for a result", ["gate", "--junit", "."], ["--junit .", "EISDIR"]],
  ])("%s ends in USAGE, which says what is wrong and what to do", async (_, args, phrases) => {
    const { exit, said, left } = await tenantproof(args);
    expect(said).toMatch(/^USAGE {2}\S.*\n {2}where {3}\S.*\n {2}next {4}\S/m);
    for (const phrase of phrases) expect(said).toContain(phrase);
    expect({ exit, left }).toEqual({ exit: 2, left: [] });
  });

  it("without a command shows the help", async () => {
    const { exit, said } = await tenantproof([]);
    expect(exit).toBe(2);
    expect(said).toContain("Usage: tenantproof");
  });

  it("that asks for help or the version is no mistake", async () => {
    const [help, version] = await Promise.all([tenantproof(["gate", "--help"]), tenantproof(["--version"])]);
    expect([help.exit, version.exit]).toEqual([0, 0]);
    expect(help.stdout).toContain("--migration-timeout");
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("with a URL alone is refused, since nobody called that server disposable", async () => {
    const { exit, said, left } = await tenantproof([
      "gate",
      "--engine",
      "postgres://me:secret@127.0.0.1:1/postgres",
    ]);
    expect(said).toMatch(/NOT_DISPOSABLE {2}.*\n {2}where {3}127\.0\.0\.1:1\n {2}next.*--disposable/);
    expect(said).not.toContain("secret");
    expect({ exit, left }).toEqual({ exit: 2, left: [] });
  });
});

describe.concurrent("a configuration", () => {
  const shape = {
    migrations: "",
    platform: "firebase",
    baseline: "none",
    tenancy: { tenants: {}, column: 3 },
    recipes: [],
    guarantees: [{ id: "A1" }],
    tenency: 1,
  };
  it.each<[string, string, string[]]>([
    ["that does not parse", "export default {", ["1:16: ERROR: Expected identifier but found end of file"]],
    ["that throws", "throw new Error('the moon is wrong')", ["the moon is wrong"]],
    ["that imports what is not there", 'import "./nowhere.ts"', ["nowhere.ts"]],
    ["that exports nothing", "export const project = {}", ["default export"]],
    [
      "of another shape",
      `export default ${JSON.stringify(shape)}`,
      [
        ...["migrations: a folder", "platform: ", "privileges: ", "baseline: ", "tenancy.tenants.schema: "],
        ...["tenancy.column: ", "tenancy.claims: ", "tenancy.access: ", "tenancy.immutable: "],
        ...["guarantees.0.title: ", "guarantees.0.experiment: ", "tenency: "],
      ],
    ],
  ])("%s ends in CONFIG_INVALID, which names all that is wrong", async (_, text, phrases) => {
    await using scratch = await makeScratch();
    const file = join(scratch.folder, "tenantproof.config.ts");
    await writeFile(file, text);
    await mkdir(join(scratch.folder, "below"));
    const { exit, said, left } = await tenantproof(["gate"], { cwd: join(scratch.folder, "below") });
    expect(said).toContain(`where   ${file}`);
    expect(said).toMatch(/CONFIG_INVALID {2}\S.* {2}next {4}\S/s);
    for (const phrase of phrases) expect(said).toContain(phrase);
    expect({ exit, left }).toEqual({ exit: 2, left: [] });
  });
});

it("without a configuration in its folder or above proves nothing", async () => {
  await using scratch = await makeScratch();
  const { exit, said, left } = await tenantproof(["gate"], { cwd: scratch.folder });
  expect(said).toContain("CONFIG_INVALID  there is no tenantproof.config.ts in this folder or above it");
  expect(said).toContain(`where   ${scratch.folder}`);
  expect({ exit, left }).toEqual({ exit: 2, left: [] });
});

it("without a folder for temporary files says which is meant", async () => {
  const { exit, said } = await tenantproof(["gate"], { env: { TMPDIR: "/nowhere" } });
  expect(said).toMatch(/^USAGE {2}.*ENOENT.*\/nowhere.*\n {2}where {3}TMPDIR\n {2}next {4}Set TMPDIR/);
  expect(exit).toBe(2);
});

describe.concurrent("a folder of migrations", () => {
  const unreadable = async (folder: string, phrases: readonly string[]) => {
    const { exit, said, left } = await tenantproof(["gate", "--migrations", folder]);
    expect(said).toMatch(/MIGRATIONS_UNREADABLE {2}\S.*\n {2}where {3}\S.*\n {2}next {4}\S/);
    for (const phrase of phrases) expect(said).toContain(phrase);
    expect({ exit, left }).toEqual({ exit: 2, left: [] });
  };

  it("that is not there ends in MIGRATIONS_UNREADABLE", () => unreadable("/nowhere", ["/nowhere", "ENOENT"]));

  it("that is a file ends in MIGRATIONS_UNREADABLE", () =>
    unreadable("tenantproof.config.ts", ["tenantproof.config.ts", "ENOTDIR"]));

  it("that is empty ends in MIGRATIONS_UNREADABLE", async () => {
    await using scratch = await makeScratch();
    await unreadable(scratch.folder, [scratch.folder, "holds no .sql files"]);
  });

  it("with a file that leads nowhere ends in MIGRATIONS_UNREADABLE", async () => {
    await using scratch = await makeScratch();
    await symlink("/nowhere/1_a.sql", join(scratch.folder, "1_a.sql"));
    await unreadable(scratch.folder, ["1_a.sql"]);
  });

  // Root reads everything.
  it.runIf(process.geteuid?.() !== 0)("that may not be read ends in MIGRATIONS_UNREADABLE", async () => {
    await using scratch = await makeScratch();
    const folder = join(scratch.folder, "locked");
    await mkdir(folder);
    await chmod(folder, 0o000);
    await unreadable(folder, [folder, "EACCES"]);
  });
});
