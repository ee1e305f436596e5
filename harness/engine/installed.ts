import { access, constants, realpath } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { execa } from "execa";
import type { Binaries } from "./binaries.ts";
import { majors } from "./cluster.ts";
import type { Account, Machine } from "./machine.ts";

const answerTimeoutMs = 5_000;

/** The servers installed here that we support, in the machine's order; only the one that TENANTPROOF_PGBIN names, when it does. */
export async function findInstalled(machine: Machine): Promise<Binaries[]> {
  const named = machine.env.TENANTPROOF_PGBIN;
  const onPath = (machine.env.PATH ?? "").split(delimiter).filter((folder) => folder.startsWith("/"));
  // PATH often leads to links: the server itself looks for its files from its real place.
  const real = await Promise.all((named ? [named] : [...machine.binaryFolders, ...onPath]).map(realFolder));
  const folders = [...new Set(real.filter((folder) => folder !== undefined))];
  const found = await Promise.all(folders.map((folder) => inspect(folder, machine.account)));
  return found.filter((one) => one !== undefined);
}

async function realFolder(folder: string): Promise<string | undefined> {
  return realpath(join(folder, "postgres")).then(dirname, () => undefined);
}

/** What is in `folder`; undefined when it holds no server that we support and that can be run. */
export async function inspect(
  folder: string,
  account: Account | undefined,
  libraries?: string,
): Promise<Binaries | undefined> {
  try {
    await access(join(folder, "initdb"), constants.X_OK);
    await access(join(folder, "postgres"), constants.X_OK);
    const { stdout } = await execa(join(folder, "postgres"), ["--version"], {
      timeout: answerTimeoutMs,
      cwd: "/",
      env: libraries ? { LD_LIBRARY_PATH: libraries } : {},
      ...account,
    });
    const version = /^postgres \(PostgreSQL\) ((\d+).*)$/.exec(stdout);
    const major = majors.find((one) => String(one) === version?.[2]);
    if (major === undefined || version?.[1] === undefined) return undefined;
    const modules = await presentModules(folder, major);
    return {
      folder,
      major,
      version: version[1],
      origin: folder,
      preload: modules,
      ...(libraries ? { libraries } : {}),
      ...(modules.includes("pgaudit") ? {} : { pgauditMissing: `${folder} has no pgAudit beside it` }),
      ...((await exists(join(folder, "pg_dump"))) ? { clientBinaries: folder } : {}),
    };
  } catch {
    return undefined;
  }
}

/** Of the modules that we preload, those installed for the server in `folder`. */
async function presentModules(folder: string, major: number): Promise<string[]> {
  const prefix = dirname(folder);
  // pg_config would say, but Debian ships it apart from the server.
  const libraries = [
    join(prefix, "lib"),
    join(prefix, "lib", "postgresql"),
    join(prefix, "lib", `postgresql@${major}`),
  ];
  const present: string[] = [];
  for (const module of ["pgaudit", "pg_stat_statements"]) {
    const files = libraries.flatMap((one) => [join(one, `${module}.so`), join(one, `${module}.dylib`)]);
    const found = await Promise.all(files.map(exists));
    if (found.includes(true)) present.push(module);
  }
  return present;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
