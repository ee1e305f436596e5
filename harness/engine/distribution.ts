// Distribution: the packages of Debian or Ubuntu, from which a server can be had without installing it.

import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type Apt, readRelease, unpackPackages } from "./apt.ts";
import type { Binaries } from "./binaries.ts";
import { cached } from "./cache.ts";
import { type Major, majors } from "./cluster.ts";
import { inspect } from "./installed.ts";
import type { Machine } from "./machine.ts";
import { verifyPgaudit } from "./verify.ts";

/**
 * A server with pgAudit and its client programs from the distribution's packages, unpacked in the cache. `major`
 * absent: the highest that has pgAudit. @throws when the distribution has none, or no archive answers.
 */
export async function fetchServer(major: Major | undefined, machine: Machine): Promise<Binaries> {
  const { ID = "", VERSION_ID = "" } = await readRelease();
  const prefix = await cached(machine, `server-${major ?? "best"}-${ID}-${VERSION_ID}`, async (making) => {
    await unpackPackages(making, (apt) => packagesOf(major, apt));
    await wrapClients(making);
    await execa("chmod", ["-R", "a+rX", making]);
    await verifyPgaudit(await describe(making, machine), machine);
  });
  return describe(prefix, machine);
}

async function describe(prefix: string, { account }: Machine): Promise<Binaries> {
  const [major = ""] = await readdir(join(prefix, "usr/lib/postgresql"));
  const folder = join(prefix, "usr/lib/postgresql", major, "bin");
  const found = await inspect(folder, account, (await libraryFolders(prefix)).join(":"));
  if (found === undefined) throw new Error(`the server in ${folder} cannot be run`);
  return { ...found, origin: "the distribution's packages", clientBinaries: join(prefix, "client") };
}

async function packagesOf(wanted: Major | undefined, apt: Apt): Promise<string[]> {
  const known = new Set((await apt("apt-cache", "pkgnames", "postgresql-")).split("\n"));
  const offered = majors.filter(
    (one) => known.has(`postgresql-${one}`) && known.has(`postgresql-${one}-pgaudit`),
  );
  const major = wanted ?? offered.at(-1);
  if (major === undefined || !offered.includes(major)) {
    throw new Error(`the distribution has ${offered.join(", ") || "no PostgreSQL"} with pgAudit`);
  }
  const names = [`postgresql-${major}`, `postgresql-client-${major}`, `postgresql-${major}-pgaudit`];
  const plan = await apt("apt-get", "install", "-qq", "--print-uris", "--no-install-recommends", ...names);
  // Each line: 'address' name_version_architecture.deb size hash.
  const all = plan.split("\n").map((line) => (line.split(" ")[1] ?? "").split("_")[0] ?? "");
  // The libraries that this machine lacks; LLVM and Perl serve what we turn off.
  const libraries = all.filter((name) => name.startsWith("lib") && !/llvm|perl|^libz3/.test(name));
  return [...names, ...libraries];
}

/** The client programs run with the unpacked libraries, wherever the prefix lies. */
async function wrapClients(prefix: string): Promise<void> {
  const libraries = (await libraryFolders(prefix))
    .map((folder) => folder.replace(prefix, "$prefix"))
    .join(":");
  const [major = ""] = await readdir(join(prefix, "usr/lib/postgresql"));
  await mkdir(join(prefix, "client"));
  for (const name of ["psql", "pg_dump", "pg_dumpall", "pg_restore"]) {
    const wrapper = join(prefix, "client", name);
    await writeFile(
      wrapper,
      `#!/bin/sh
prefix=$(dirname "$(dirname "$(readlink -f "$0")")")
export LD_LIBRARY_PATH="${libraries}"
exec "$prefix/usr/lib/postgresql/${major}/bin/${name}" "$@"
`,
    );
    await chmod(wrapper, 0o755);
  }
}

async function libraryFolders(prefix: string): Promise<string[]> {
  const found: string[] = [];
  for (const parent of [join(prefix, "usr/lib"), join(prefix, "lib")]) {
    const names = await readdir(parent).catch(() => []);
    found.push(...names.filter((name) => name.includes("-linux-gnu")).map((name) => join(parent, name)));
  }
  return found;
}
