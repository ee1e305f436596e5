// Repository: what git is asked for. Nothing of it changes: no checkout, no branch, no index of its own.

import { join } from "node:path";
import { execa } from "execa";
import { Fault } from "../fault/fault.ts";

export interface Repository {
  /** Its topmost folder. */
  readonly root: string;
  /** The full name of the commit that `name` stands for; undefined where there is none. */
  commitOf(name: string): Promise<string | undefined>;
  /**
   * The files below `paths` as they were in `commit`, with the line ends and filters of a checkout, below `to`, which ends
   * in a slash. `scratch` is for what git needs meanwhile. Answers the files from the root on; a missing path has none.
   */
  writeFiles(
    commit: string,
    paths: readonly string[],
    scratch: string,
    to: string,
  ): Promise<readonly string[]>;
}

/** The repository that `folder` is in, or why there is none to be had. */
export async function openRepository(folder: string): Promise<Repository | string> {
  const found = await git(folder, ["rev-parse", "--show-toplevel"]);
  if (typeof found.failure === "string") return found.failure;
  // Only its last line end is git's.
  const root = found.stdout.replace(/\r?\n$/, "");
  return {
    root,
    async commitOf(name) {
      const commit = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
      const { stdout, failure } = await git(root, commit);
      return failure === undefined ? stdout.trim() : undefined;
    },
    async writeFiles(commit, paths, scratch, to) {
      // Of its own: what the user has added to theirs stays as it is. An archive would leave out what export-ignore says.
      const index = { GIT_INDEX_FILE: join(scratch, "index") };
      const must = async (args: string[], input = "") => {
        const { stdout, failure } = await git(
          root,
          ["-c", "core.sparseCheckout=false", ...args],
          index,
          input,
        );
        if (failure !== undefined)
          throw new Fault("USAGE", `git cannot read ${commit.slice(0, 8)}: ${failure}`, { where: root });
        return stdout;
      };
      await must(["read-tree", commit]);
      const literal = paths.map((path) => `:(top,literal)${path}`);
      const listed = await must(["ls-files", "-z", "--", ...literal]);
      await must(["checkout-index", "-z", "--stdin", `--prefix=${to}`], listed);
      return listed.split("\0").filter((file) => file !== "");
    },
  };
}

interface Answer {
  readonly stdout: string;
  /** Why there is no answer, in git's words. */
  readonly failure?: string;
}

async function git(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = "",
): Promise<Answer> {
  const ended = await execa("git", ["-C", folder, ...args], {
    // A hook of git's has these set, for whichever repository it runs in.
    env: { GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined, LC_ALL: "C", ...env },
    input,
    reject: false,
    stripFinalNewline: false,
  });
  if (ended.exitCode === 0) return { stdout: ended.stdout };
  const missing = ended.code === "ENOENT" ? "git is not installed" : undefined;
  const said = ended.stderr
    .trim()
    .split("\n")[0]
    ?.replace(/^fatal: /, "");
  return { stdout: "", failure: missing ?? (said || ended.shortMessage || "it does not say why") };
}
