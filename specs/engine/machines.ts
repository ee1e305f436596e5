import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "../../harness/engine/installed.ts";
import { type Machine, type SavedRoom, thisMachine } from "../../harness/engine/machine.ts";

/** A folder of a spec's own that everybody may enter, gone when disposed of. */
export async function makeScratch(): Promise<{ readonly folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "tp-"));
  await chmod(folder, 0o777);
  return {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** This machine, with all files of servers in `folder`. */
export function machineIn(folder: string): Machine {
  return { ...thisMachine(), scratch: [folder], caches: [join(folder, "cache")] };
}

/** The machine in `folder`, with the binaries that this one has fetched already: fetching takes longer than a spec. */
export async function furnishedMachineIn(folder: string): Promise<Machine> {
  const machine = machineIn(folder);
  const [cache = ""] = machine.caches;
  const [known = ""] = thisMachine().caches;
  await mkdir(cache, { recursive: true });
  const names = (await readdir(known).catch(() => [])).filter((name) =>
    /^(data|embedded|npm|pgaudit)-/.test(name),
  );
  // Another spec may be here at the same time.
  for (const name of names) await symlink(join(known, name), join(cache, name)).catch(() => {});
  return { ...machine, savedRoom: ampleRoom };
}

/** Enough for some empty servers, on whatever disk. */
export const ampleRoom: SavedRoom = { mostBytes: 1024 ** 3, leaveFreeBytes: 0 };

/** Binaries that behave as the shell scripts say, in `folder`. */
export async function makeBinaries(
  folder: string,
  { initdb = "exit 0", postgres = "exit 0" },
  machine: Machine,
) {
  const bin = join(folder, "bin");
  await mkdir(bin);
  const version = 'case "$1" in --version) echo "postgres (PostgreSQL) 17.1"; exit 0;; esac';
  await writeFile(join(bin, "initdb"), `#!/bin/sh\n${initdb}\n`, { mode: 0o755 });
  await writeFile(join(bin, "postgres"), `#!/bin/sh\n${version}\n${postgres}\n`, { mode: 0o755 });
  const binaries = await inspect(bin, machine.account);
  if (binaries === undefined) throw new Error("the made-up server is not seen as one");
  return binaries;
}
