// Overlay: a private copy of an installed server, mostly links, with pgAudit added; the system stays as it is.

import { copyFile, mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { unpackPackages } from "./apt.ts";
import type { Binaries } from "./binaries.ts";
import { cached } from "./cache.ts";
import { buildOf } from "./data-directory.ts";
import { inspect } from "./installed.ts";
import type { Machine } from "./machine.ts";
import { verifyPgaudit } from "./verify.ts";

/** `binaries` with the distribution's pgAudit, which was loaded once. @throws when it cannot be had or does not load. */
export async function overlayPgaudit(binaries: Binaries, machine: Machine): Promise<Binaries> {
  const { folder, major, origin } = binaries;
  // Debian's and Ubuntu's layout: the package's files go where its server looks.
  const [home, shared] = [`/usr/lib/postgresql/${major}`, `/usr/share/postgresql/${major}`];
  if (folder !== `${home}/bin`) throw new Error(`${folder} is not from the distribution's packages`);
  const described = (found: Binaries) => ({
    ...found,
    origin: `${origin} (pgAudit beside it)`,
    clientBinaries: folder,
  });
  const prefix = await cached(machine, `pgaudit-${await buildOf(binaries)}`, async (making) => {
    await unpackPackages(making, async () => [`postgresql-${major}-pgaudit`]);
    await mkdir(join(making, home, "bin"), { recursive: true });
    // Copies, since the server looks for its files from its own real place.
    for (const name of ["postgres", "initdb"])
      await copyFile(join(folder, name), join(making, home, "bin", name));
    await linkEntries(`${home}/lib`, join(making, home, "lib"));
    await linkEntries(shared, join(making, shared));
    await linkEntries(`${shared}/extension`, join(making, shared, "extension"));
    // Whatever our umask is, the account must read it.
    await execa("chmod", ["-R", "a+rX", making]);
    await verifyPgaudit(await inspect(join(making, home, "bin"), machine.account), machine);
  });
  const found = await inspect(join(prefix, home, "bin"), machine.account);
  if (found === undefined) throw new Error(`${prefix} is damaged; remove it`);
  return described(found);
}

/** Each entry of `from` that `to` has not is a link in `to`. */
async function linkEntries(from: string, to: string): Promise<void> {
  const present = await readdir(to);
  for (const name of await readdir(from)) {
    if (!present.includes(name)) await symlink(join(from, name), join(to, name));
  }
}
