// Apt: the distribution's package tool, used without root and without touching the system.
// Lists: what the archives offer. Those of the system where they serve, else fresh ones of our own.

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

const commandTimeoutMs = 120_000;

/** Runs one apt tool with the lists at hand, in the folder of the downloads, and answers what it printed. */
export type Apt = (tool: "apt-get" | "apt-cache", ...args: string[]) => Promise<string>;

/**
 * The packages that `choose` names are unpacked in `folder`. `suite` asks another release of the same distribution
 * instead of this machine's own. @throws execa's error of the first command that failed, with fresh lists.
 */
export async function unpackPackages(
  folder: string,
  choose: (apt: Apt) => Promise<readonly string[]>,
  suite?: string,
): Promise<void> {
  const work = join(folder, "apt");
  const downloads = join(work, "downloads");
  await mkdir(downloads, { recursive: true });
  try {
    const systemLists = suite === undefined ? await tryDownload(runApt(downloads, []), choose) : false;
    if (!systemLists) {
      const apt = runApt(downloads, await privateState(work, suite));
      // One archive that does not answer is no reason to give up: what matters is whether the packages come.
      await apt("apt-get", "update", "-qq").catch(() => {});
      await download(apt, choose);
    }
    for (const name of await readdir(downloads)) {
      await execa("dpkg-deb", ["-x", join(downloads, name), folder], { timeout: commandTimeoutMs });
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Whether this machine has apt and dpkg. */
export async function hasApt(): Promise<boolean> {
  const answers = await Promise.all(
    ["apt-get", "dpkg-deb"].map((tool) => execa(tool, ["--version"], { reject: false, timeout: 5_000 })),
  );
  return answers.every(({ exitCode }) => exitCode === 0);
}

async function tryDownload(apt: Apt, choose: (apt: Apt) => Promise<readonly string[]>): Promise<boolean> {
  try {
    await download(apt, choose);
    return true;
  } catch {
    // No lists, or older than the archive.
    return false;
  }
}

async function download(apt: Apt, choose: (apt: Apt) => Promise<readonly string[]>): Promise<void> {
  const names = await choose(apt);
  if (names.length > 0) await apt("apt-get", "download", "-qq", ...names);
}

function runApt(cwd: string, options: readonly string[]): Apt {
  const always = ["Debug::NoLocking=1", "APT::Sandbox::User=root", "Acquire::Retries=1"];
  const timeouts = ["Acquire::http::Timeout=20", "Acquire::https::Timeout=20"];
  const flags = [...always, ...timeouts, ...options].flatMap((option) => ["-o", option]);
  return async (tool, ...args) => {
    const { stdout } = await execa(tool, [...args, ...flags], {
      cwd,
      timeout: commandTimeoutMs,
      env: { LC_ALL: "C" },
    });
    return stdout;
  };
}

async function privateState(work: string, suite: string | undefined): Promise<string[]> {
  const [state, cache] = [join(work, "state"), join(work, "cache")];
  await mkdir(join(state, "lists", "partial"), { recursive: true });
  await mkdir(join(cache, "archives", "partial"), { recursive: true });
  const options = [
    `Dir::State=${state}`,
    `Dir::State::lists=${join(state, "lists")}`,
    `Dir::Cache=${cache}`,
    `Dir::Log=${state}`,
    "Acquire::Languages=none",
  ];
  if (suite === undefined) return [...options, "Dir::State::status=/var/lib/dpkg/status"];
  const sources = join(work, "sources.list");
  await writeFile(sources, await sourcesOf(suite));
  // What is installed here says nothing about another release.
  const other = [
    `Dir::Etc::sourcelist=${sources}`,
    "Dir::Etc::sourceparts=-",
    "Dir::State::status=/dev/null",
  ];
  return [...options, ...other];
}

/** The line of a sources.list for `suite`, in the archive where this machine's own release comes from. */
async function sourcesOf(suite: string): Promise<string> {
  const { VERSION_CODENAME: own } = await readRelease();
  const { stdout } = await execa("apt-get", ["update", "--print-uris", "-o", "Debug::NoLocking=1"]);
  const found = stdout.split("\n").map((line) => /^'(.+)\/dists\/([^/]+)\/InRelease'/.exec(line));
  const archive = found.find((match) => match?.[2] === own)?.[1];
  if (archive === undefined) throw new Error(`apt has no source for this machine's own release (${own})`);
  return `deb ${archive} ${suite} main\n`;
}

/** What /etc/os-release says, by name; empty where there is none. */
export async function readRelease(): Promise<Readonly<Record<string, string>>> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  return Object.fromEntries(
    [...text.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)].map(([, name, value]) => [name, value]),
  );
}
