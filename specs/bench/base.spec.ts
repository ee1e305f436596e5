import { mkdir, mkdtemp, readdir, readFile, realpath, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, describe, expect, it } from "vitest";
import { openBase } from "../../harness/bench/base.ts";
import { type Machine, thisMachine } from "../../harness/engine/machine.ts";
import { thisOwner, writeOwner } from "../../harness/engine/owner.ts";

const folder = await realpath(await mkdtemp(join(tmpdir(), "base-spec-")));
afterAll(() => rm(folder, { recursive: true, force: true }));
const [root, scratch] = [join(folder, "project"), join(folder, "scratch")];
const machine: Machine = { ...thisMachine(), scratch: [scratch] };
const project = { migrations: join(root, "db", "migrations"), baseline: [join(root, "db", "baseline.sql")] };
const open = (against: string, given = project) =>
  openBase({ against, directory: root, project: given, machine });

await mkdir(scratch);
await mkdir(project.migrations, { recursive: true });
const git = (...args: string[]) =>
  execa("git", ["-c", "user.name=A", "-c", "user.email=a@example.org", ...args], { cwd: root });
const write = (path: string, text: string) => writeFile(join(root, "db", path), text);
await git("init", "--quiet", "--initial-branch=main");
await write("notes.txt", "no migrations yet");
await git("add", ".");
await git("commit", "--quiet", "--message=nothing");
await git("tag", "empty");
await write("migrations/1_a.sql", "select 'was';\n");
await write(".gitattributes", "* export-ignore\n");
await git("add", ".");
await git("commit", "--quiet", "--message=one");
await git("tag", "one");
await write("migrations/1_a.sql", "select 'is';\n");
await write("migrations/2_b.sql", "select 2;\n");
await write("baseline.sql", "select 'committed';\n");
await git("add", ".");
await git("commit", "--quiet", "--message=two");
await write("baseline.sql", "select 'not committed';\n");

describe("a base", () => {
  it("is the migrations as they were in a commit, and leaves nothing behind", async () => {
    const before = await git("status", "--porcelain");
    {
      await using base = await open("one");
      expect(base.name).toMatch(/^one \(commit [0-9a-f]{8}\)$/);
      expect(await readdir(base.migrations)).toEqual(["1_a.sql"]);
      expect(await readFile(join(base.migrations, "1_a.sql"), "utf8")).toBe("select 'was';\n");
    }
    expect(await readdir(scratch)).toEqual([]);
    expect((await git("status", "--porcelain")).stdout).toBe(before.stdout);
  });

  it("has the baseline of its commit, or says that it had none", async () => {
    await using now = await open("HEAD");
    expect(await readFile(now.baseline[0] ?? "", "utf8")).toBe("select 'committed';\n");
    expect(now.notes).toEqual([]);
    await using before = await open("HEAD~1");
    expect(before.baseline).toEqual(project.baseline);
    expect(before.notes).toEqual(["HEAD~1 has no baseline.sql: the baseline is as it is now"]);
    const outside = [join(folder, "elsewhere.sql")];
    await using other = await open("HEAD", { ...project, baseline: outside });
    expect(other.baseline).toEqual(outside);
  });

  it("is a folder as it stands, with the project's baseline", async () => {
    await using base = await open("db/migrations");
    expect(base).toMatchObject({ ...project, name: project.migrations, notes: [] });
  });

  it("is the folder where a branch is called the same, and says so", async () => {
    await git("branch", "db");
    await using folderFirst = await open("db");
    expect(folderFirst.migrations).toBe(join(root, "db"));
    expect(folderFirst.notes).toEqual([expect.stringContaining("the folder was taken")]);
    await using branch = await open("refs/heads/db");
    expect(branch.migrations).toMatch(/\/tree\/db\/migrations$/);
  });

  it.each([
    ["no-such", "no-such is neither a folder nor a commit, branch or tag"],
    ["--help", "--help is neither a folder"],
    ["HEAD:db", "HEAD:db is neither a folder"],
    ["empty", "empty has no folder db/migrations"],
  ])("is refused where it is %s", async (against, what) => {
    await expect(open(against)).rejects.toMatchObject({ code: "USAGE", what: expect.stringContaining(what) });
    expect(await readdir(scratch)).toEqual([]);
  });

  it("is refused where the migrations are in no repository", async () => {
    const migrations = join(folder, "scratch");
    await expect(open("main", { migrations, baseline: [] })).rejects.toMatchObject({
      code: "USAGE",
      what: expect.stringContaining("not a git repository"),
    });
  });

  it("of a killed run is removed by the next one", async () => {
    const left = join(scratch, "tenantproof-AbCd12");
    await mkdir(left);
    await writeFile(join(left, "owner.json"), writeOwner({ ...thisOwner(), pid: 2 ** 22, started: "1" }));
    await utimes(left, 1, 1);
    await using base = await open("one");
    expect(await readdir(scratch)).toHaveLength(1);
    expect(base.migrations).not.toContain("AbCd12");
  });
});
