import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { readRelease, unpackPackages } from "./apt.ts";
import type { Binaries } from "./binaries.ts";
import { cached } from "./cache.ts";
import type { Major } from "./cluster.ts";
import { inspect } from "./installed.ts";
import type { Machine } from "./machine.ts";
import { verifyPgaudit } from "./verify.ts";

/** The release of Debian that has pgAudit for each major; 16 is in none. */
const suites: Partial<Record<Major, string>> = { 15: "bookworm", 17: "trixie", 18: "sid" };

/** The release of this machine's distribution whose pgAudit fits `major`; undefined when it has none. */
export async function suiteWithPgaudit(major: Major): Promise<string | undefined> {
  const { ID } = await readRelease();
  if (ID === "debian") return suites[major];
  const names = await execa("apt-cache", ["pkgnames", `postgresql-${major}-pgaudit`], { reject: false });
  const { VERSION_CODENAME } = await readRelease();
  return names.stdout?.includes(`postgresql-${major}-pgaudit`) ? VERSION_CODENAME : undefined;
}

/** `binaries` with pgAudit from `suite`'s package, which was loaded once. @throws when it cannot be had or loaded. */
export async function addPgaudit(binaries: Binaries, suite: string, machine: Machine): Promise<Binaries> {
  const { folder, major } = binaries;
  const native = join(folder, "..");
  const key = `${native.split("/").at(-1)}-pgaudit`;
  const prefix = await cached(machine, key, async (making) => {
    // Hard links: the same 60 MB twice would be a waste.
    await execa("cp", ["-al", `${native}/.`, making]);
    const unpacked = join(making, "package");
    await unpackPackages(unpacked, async () => [`postgresql-${major}-pgaudit`], suite);
    const [library, extension] = [
      `usr/lib/postgresql/${major}/lib`,
      `usr/share/postgresql/${major}/extension`,
    ];
    await cp(join(unpacked, library, "pgaudit.so"), join(making, "lib/postgresql/pgaudit.so"));
    for (const name of await readdir(join(unpacked, extension))) {
      await cp(join(unpacked, extension, name), join(making, "share/postgresql/extension", name));
    }
    await execa("chmod", ["-R", "a+rX", making]);
    await verifyPgaudit(await inspect(join(making, "bin"), machine.account), machine);
  });
  const found = await inspect(join(prefix, "bin"), machine.account);
  if (found === undefined) throw new Error(`${prefix} is damaged; remove it`);
  return { ...found, origin: `${binaries.origin} (pgAudit of ${suite} added)` };
}
