// Base: the migrations that a change started from, with the baseline they were written for; head is what is there now.

import { existsSync, realpathSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Machine } from "../engine/machine.ts";
import { removeDirectory } from "../engine/remains.ts";
import { makeRunDirectory, sweepRunDirectories } from "../engine/run-directory.ts";
import { Fault } from "../fault/fault.ts";
import type { Project } from "../guarantees/project.ts";
import { openRepository, type Repository } from "./repository.ts";

export interface Base extends AsyncDisposable {
  /** "main (commit 1a2b3c4d)", or the folder. */
  readonly name: string;
  /** Absolute paths, as a project has them. */
  readonly migrations: string;
  readonly baseline: readonly string[];
  /** What was decided that nobody had asked for, a sentence each. */
  readonly notes: readonly string[];
}

interface BaseRequest {
  /** As it was typed: a folder of migrations, or a commit, branch or tag. */
  readonly against: string;
  /** Where a relative folder starts. */
  readonly directory: string;
  /** The project as it is now; its paths are absolute. */
  readonly project: Pick<Project, "migrations" | "baseline">;
  /** Where a commit's files may lie meanwhile. */
  readonly machine: Machine;
}

/**
 * The base that `against` names; a folder wins over a branch of the same name. A commit's files lie in a folder of their
 * own until it is disposed of; the next run removes what a killed one left. Of a folder the baseline is the project's.
 * @throws Fault USAGE when it is neither, or the commit has no such migrations; NO_SPACE, ENGINE_START.
 */
export async function openBase({ against, directory, project, machine }: BaseRequest): Promise<Base> {
  const folder = resolve(directory, against);
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const repository = await openRepository(nearestFolder(project.migrations));
  const commit = typeof repository === "string" ? undefined : await repository.commitOf(against);
  if (isFolder) {
    const both = `${against} is a folder and a commit; the folder was taken. Write refs/heads/${against} for a branch.`;
    const notes = commit === undefined ? [] : [both];
    const { baseline } = project;
    return { name: folder, migrations: folder, baseline, notes, async [Symbol.asyncDispose]() {} };
  }
  if (typeof repository === "string")
    throw new Fault("USAGE", `${against} is no folder, and no commit can be looked up: ${repository}`, {
      where: "--against",
      hint: "Name a folder of migrations, or run where the migrations are in a git repository.",
    });
  if (commit === undefined)
    throw new Fault("USAGE", `${against} is neither a folder nor a commit, branch or tag`, {
      where: `--against, in ${repository.root}`,
      hint: `A shallow clone, as CI makes them, knows no other branch: fetch it first (git fetch origin ${against.replace(/^origin\//, "")}).`,
    });
  await sweepRunDirectories(machine);
  const scratch = await makeRunDirectory(machine);
  try {
    const files = await checkOut(repository, commit, scratch, project, against);
    const dispose = () => removeDirectory(scratch, machine.account);
    return { ...files, name: `${against} (commit ${commit.slice(0, 8)})`, [Symbol.asyncDispose]: dispose };
  } catch (thrown) {
    await removeDirectory(scratch, machine.account);
    throw thrown;
  }
}

async function checkOut(
  repository: Repository,
  commit: string,
  scratch: string,
  project: Pick<Project, "migrations" | "baseline">,
  against: string,
): Promise<Pick<Base, "migrations" | "baseline" | "notes">> {
  const tree = join(scratch, "tree");
  await mkdir(tree);
  const inside = (path: string) => relative(repository.root, real(path)).replaceAll("\\", "/");
  const migrations = inside(project.migrations);
  const kept = project.baseline.map(inside).filter((path) => !path.startsWith("../"));
  const written = await repository.writeFiles(commit, [migrations, ...kept], scratch, `${tree}/`);
  if (!written.some((file) => migrations === "" || file.startsWith(`${migrations}/`)))
    throw new Fault("USAGE", `${against} has no folder ${migrations}`, {
      where: `--against, commit ${commit.slice(0, 8)} of ${repository.root}`,
      hint: "Name a commit that has it, or a folder with what the migrations were.",
    });
  const notes: string[] = [];
  const baseline = project.baseline.map((file) => {
    const path = inside(file);
    if (written.includes(path)) return join(tree, path);
    notes.push(`${against} has no ${basename(file)}: the baseline is as it is now`);
    return file;
  });
  return { migrations: join(tree, migrations), baseline, notes };
}

/** Git says where a repository is without links, so a path is told from it only without them, too. */
function real(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

function nearestFolder(path: string): string {
  return existsSync(path) && statSync(path).isDirectory() ? path : nearestFolder(dirname(path));
}
